"""Events to send, from CSV, JSON lines or the real passengers: what a producer puts on the topic.

What is wrong in a file is sent as it is: the worker judges, and gives it back as a dead letter.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple, TextIO


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
            yield Event((_id_in(text) or f"line-{number}").encode(), text.encode())


def _id_in(text: str) -> str | None:
    try:
        found = json.loads(text).get("passenger_id")
    except (ValueError, AttributeError, RecursionError):
        return None
    return found if isinstance(found, str) else None


def from_csv(lines: Iterable[str], name: str) -> Iterator[Event]:
    """One event a row; a row without an id gets its number as one. Raises `NoEvents`."""
    rows = csv.reader(lines)
    header = [COLUMNS.get(column.strip().lower().replace("_", "")) for column in next(rows, [])]
    if absent := {"sex", "pclass"} - {column for column in header if column}:
        raise NoEvents(
            f"{name}: no column {' and no column '.join(sorted(absent))} in its first line; "
            "a CSV needs the columns sex and pclass (or class), and may have age and passenger_id"
        )
    for row in rows:
        if not row:
            continue
        cells = zip(header, row, strict=False)
        passenger = {column: _value(column, cell) for column, cell in cells if column and cell}
        passenger.setdefault("passenger_id", f"line-{rows.line_num}")
        yield of(passenger)


def of(passenger: Mapping[str, str | float | int | None]) -> Event:
    """The event of a passenger with an id."""
    value = json.dumps(passenger, ensure_ascii=False, separators=(",", ":"))
    return Event(str(passenger["passenger_id"]).encode(), value.encode())


def _value(column: str, cell: str) -> str | float | int:
    try:
        return NUMBERS.get(column, str)(cell)  # type: ignore[no-any-return]
    except ValueError:
        return cell
