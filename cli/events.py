"""Events to send, from CSV, JSON lines or the real passengers: what a producer puts on the topic.

What is wrong in a file is sent as it is: the worker judges, and gives it back as a dead letter.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, TextIO

if TYPE_CHECKING:
    from training.dataset import RealPassenger


class Format(StrEnum):
    """How a file holds its passengers."""

    CSV = "csv"
    JSON_LINES = "jsonl"


class Event(NamedTuple):
    """A record for `passengers`."""

    key: bytes | None
    value: bytes


class NoEvents(ValueError):
    """A file that no event can be read from; the message says why and what is expected."""


SUFFIXES: Final = {
    ".csv": Format.CSV,
    ".jsonl": Format.JSON_LINES,
    ".ndjson": Format.JSON_LINES,
    ".json": Format.JSON_LINES,
}
# A column's name in any case, with or without underscores: PassengerId, Passenger_ID, sex, …
COLUMNS: Final = {
    "passengerid": "passenger_id",
    "age": "age",
    "sex": "sex",
    "pclass": "pclass",
    "class": "pclass",
}
NUMBERS: Final = {"age": float, "pclass": int}


def read(source: TextIO, name: str, form: Format | None = None) -> Iterator[Event]:
    """The events of an open file; without a format, its name or its first line tells."""
    if form is None:
        form = SUFFIXES.get(Path(name).suffix.lower())
    lines: Iterator[str] = iter(source)
    if form is None:
        first = next(lines, "")
        form = Format.JSON_LINES if first.lstrip().startswith("{") else Format.CSV
        lines = chain([first], lines)
    return from_json_lines(lines) if form is Format.JSON_LINES else from_csv(lines, name)


def from_json_lines(lines: Iterable[str]) -> Iterator[Event]:
    """One event a line, its value as it stands; the key is its `passenger_id` or its number."""
    for number, line in enumerate(lines, start=1):
        if text := line.strip():
            yield Event(_id_in(text) or f"line-{number}".encode(), text.encode())


def _id_in(text: str) -> bytes | None:
    """None also for half a surrogate pair, which JSON can write and UTF-8 cannot."""
    try:
        found = json.loads(text).get("passenger_id")
        return found.encode() if isinstance(found, str) else None
    except (ValueError, AttributeError, RecursionError):
        return None


def from_csv(lines: Iterable[str], name: str) -> Iterator[Event]:
    """One event a row; a row without an id gets its number as one. Raises `NoEvents`."""
    rows = _rows(lines, name)
    _, first = next(rows, (1, []))
    header = [COLUMNS.get(column.strip().lower().replace("_", "")) for column in first]
    if absent := {"sex", "pclass"} - {column for column in header if column}:
        raise NoEvents(
            f"{name}: no column {' and no column '.join(sorted(absent))} in its first line; "
            "a CSV needs the columns sex and pclass (or class), and may have age and passenger_id"
        )
    for number, row in rows:
        if not row:
            continue
        cells = zip(header, row, strict=False)
        passenger = {column: _value(column, cell) for column, cell in cells if column and cell}
        passenger.setdefault("passenger_id", f"line-{number}")
        yield of(passenger)


def _rows(lines: Iterable[str], name: str) -> Iterator[tuple[int, list[str]]]:
    """Rows, each with the number of its last line."""
    rows = csv.reader(lines)
    try:
        for row in rows:
            yield rows.line_num, row
    except csv.Error as error:
        raise NoEvents(f"{name}, line {rows.line_num}: {error}") from None


def of(passenger: Mapping[str, str | float | int | None]) -> Event:
    """The event of a passenger with an id."""
    value = json.dumps(passenger, ensure_ascii=False, separators=(",", ":"))
    return Event(str(passenger["passenger_id"]).encode(), value.encode())


def of_real(one: "RealPassenger") -> Event:
    """The event of one of the 1,309."""
    return of(
        {"passenger_id": one.passenger_id, "age": one.age, "sex": one.sex, "pclass": one.pclass}
    )


def _value(column: str, cell: str) -> str | float | int:
    try:
        return NUMBERS.get(column, str)(cell)  # type: ignore[no-any-return]
    except ValueError:
        return cell
