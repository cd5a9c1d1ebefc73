"""The passengers with known fates, as text: what the source says, not yet judged.

Without `--data` they are the 1,309 of OpenML's data set 40945, which scikit-learn carries along.
"""

import csv
import gzip
import io
import os
import select
import stat
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata, resources
from itertools import chain
from pathlib import Path
from typing import Final, TextIO

import msgspec
import pandas as pd

from titanic_model.passenger import PassengerClass, Sex

COLUMNS: Final = ("pclass", "sex", "age", "survived")
NAME: Final = "name"
MISSING: Final = frozenset({"", "?", "na", "nan", "null", "none"})

# Who writes into a pipe has begun by then.
PIPE_WAIT_S: Final = 10

_BUNDLED: Final = "sklearn.datasets.tests.data.openml.id_40945"
# The "titanic", version 1, of OpenML; its own parser, unlike pandas', reads floats exactly.
_OPENML: Final = {"data_id": 40945, "as_frame": True, "parser": "liac-arff"}


# A CSV's first line -> the names of its columns, and of those that are kept.
HeaderOf = Callable[[list[str]], tuple[list[str], list[str]]]


class BadData(ValueError):
    """Data that nothing can be trained on; the message says what, where and what is allowed."""


@dataclass(frozen=True)
class Dataset:
    """Passengers as text, and the name of their source.

    `frame` has `COLUMNS`, and `name` where the source has it; its index is the row's number as
    an editor shows it: the header of a CSV is row 1.
    """

    source: str
    frame: pd.DataFrame


@dataclass(frozen=True)
class RealPassenger:
    """One of the Titanic's, under an id that stays; `survived` is 1 or 0, the age in years."""

    passenger_id: str
    age: float | None
    sex: Sex
    pclass: PassengerClass
    survived: int
    name: str


def load(path: Path | None = None, *, every_column: bool = False) -> Dataset:
    """The passengers of a CSV, else of the Titanic. Raises `BadData`.

    With `every_column` a CSV may be of anything, and all its columns are kept.
    """
    if path is not None:
        name = os.fsencode(path.name).decode(errors="replace")  # it goes into files of UTF-8
        return Dataset(name, _read_csv(path, _all if every_column else _ours))
    return _bundled() or _downloaded()


def passengers() -> Iterator[RealPassenger]:
    """The Titanic's 1,309, as events for a demonstration; ids are class-number, from 1-1 on."""
    seen: Counter[str] = Counter()
    for row in load().frame.to_dict("records"):
        pclass = str(int(float(row["pclass"])))
        seen[pclass] += 1
        fields = {
            **row,
            "passenger_id": f"{pclass}-{seen[pclass]}",
            "pclass": int(pclass),
            "age": None if row["age"].lower() in MISSING else float(row["age"]),
            "survived": int(float(row["survived"])),
        }
        yield msgspec.convert(fields, RealPassenger)


def _read_csv(path: Path, header_of: HeaderOf) -> pd.DataFrame:
    try:
        with _opened(path) as file:
            return _rows(file, header_of)
    except OSError as error:
        raise BadData(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        where = f" (byte {_first_bad_byte(path)})" if path.is_file() else ""
        raise BadData(f"{path}: not UTF-8 text{where}; save it as 'CSV UTF-8'") from None
    except BadData as error:
        raise BadData(f"{path}: {error}") from None


def _opened(path: Path) -> TextIO:
    """A file, or a pipe that somebody writes to: without a writer it would be waited for."""
    file = open(path, encoding="utf-8-sig", opener=_without_waiting)  # noqa: SIM115
    kind = os.fstat(file.fileno()).st_mode
    os.set_blocking(file.fileno(), True)
    if stat.S_ISREG(kind):
        return file
    if not stat.S_ISFIFO(kind):
        file.close()
        raise BadData("neither a file nor a pipe")
    if not select.select([file], [], [], PIPE_WAIT_S)[0]:
        file.close()
        raise BadData(f"a pipe into which nobody wrote for {PIPE_WAIT_S} s")
    return file


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def _first_bad_byte(path: Path) -> int:
    """Where the file stops being UTF-8, from 1 on; a decoder names it within its own buffer."""
    before = 0
    with path.open("rb") as file:
        for line in file:  # no character of UTF-8 goes across a line's end
            try:
                line.decode()
            except UnicodeDecodeError as error:
                return before + error.start + 1
            before += len(line)
    return before


def _rows(text: Iterable[str], header_of: HeaderOf) -> pd.DataFrame:
    """The columns that `header_of` the first line names, of the lines of a CSV. Raises `BadData`.

    A million rows pass through one by one; of equal cells, but for names, one string is kept.
    """
    lines = csv.reader(_without_nul(text), strict=True)
    header: list[str] | None = None
    places: list[int] = []
    numbers = array("q")
    cells: list[list[str]] = []
    same: dict[str, str] = {}
    name_at: int | None = None
    number = 0
    try:
        for number, line in _numbered(lines):
            if header is None:
                header, used = header_of(line)
                places = [header.index(column) for column in used]
                name_at = header.index(NAME) if NAME in header else None
                cells = [[] for _ in places]
            elif len(line) != len(header):
                raise BadData(
                    f"not a CSV: row {number} has {len(line)} fields, the header {len(header)}"
                )
            else:
                numbers.append(number)
                for column, place in zip(cells, places, strict=True):
                    text = line[place]
                    column.append(text if place == name_at else same.setdefault(text, text))
    except csv.Error as error:
        raise BadData(f"not a CSV: row {number + 1}: {_unreadable(error)}") from None
    if header is None:
        raise BadData(f"empty; a CSV with the columns {', '.join(COLUMNS)} is expected")
    columns = {header[place]: column for place, column in zip(places, cells, strict=True)}
    return pd.DataFrame(columns, index=pd.Index(numbers, dtype="int64"), dtype=object)


def _unreadable(error: csv.Error) -> str:
    """What the parser says, where an open quote swallows the rows after it, as what it is."""
    if "field larger" in str(error):
        return f"a field of more than {csv.field_size_limit():,} characters; is a quote left open?"
    return "a quote is left open" if "unexpected end" in str(error) else str(error)


def _without_nul(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if "\0" in line:
            raise BadData(
                "not a CSV: it holds NUL characters; if it is UTF-16, save it as 'CSV UTF-8'"
            )
        yield line


def _numbered(lines: Iterable[list[str]]) -> Iterator[tuple[int, list[str]]]:
    return ((number, line) for number, line in enumerate(lines, start=1) if line)


def _all(line: list[str]) -> tuple[list[str], list[str]]:
    """Every column; one without a name is called by its place."""
    header = [name.strip() or f"column {place}" for place, name in enumerate(line, start=1)]
    ours = [name.lower() if name.lower() in COLUMNS else name for name in header]
    _once(ours, ours)
    return ours, ours


def _ours(line: list[str]) -> tuple[list[str], list[str]]:
    """Column names in lower case, as Kaggle's file capitalises them, and those of ours."""
    header = [name.strip().lower() for name in line]
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        found = ", ".join(line)
        raise BadData(
            f"no column {', '.join(missing)}; comma-separated columns {', '.join(COLUMNS)} are "
            f"expected, found: {found[:100]}{'…' if len(found) > 100 else ''}"  # noqa: PLR2004
        )
    used: list[str] = [column for column in (*COLUMNS, NAME) if column in header]
    _once(used, header)
    return header, used


def _once(used: list[str], header: list[str]) -> None:
    twice = [column for column in used if header.count(column) > 1]
    if twice:
        raise BadData(f"the column {twice[0]} is there twice")


def _bundled() -> Dataset | None:
    """The data set in the installed scikit-learn, or None when this one has it no longer."""
    try:
        folder = resources.files(_BUNDLED)
    except ModuleNotFoundError:
        return None
    found = [file for file in folder.iterdir() if file.name.endswith(".arff.gz")]
    if not found:
        return None
    with gzip.open(io.BytesIO(found[0].read_bytes()), "rt", encoding="utf-8") as arff:
        names = []
        for line in arff:
            if line.startswith("@attribute"):
                names.append(line.split()[1].strip("'"))
            elif line.startswith("@data"):
                break
        # the data lines are plain CSV, double quotes and all
        frame = _rows(chain([",".join(names) + "\n"], arff), _ours)
    return Dataset(f"OpenML 40945, bundled with scikit-learn {_version()}", frame)


def _downloaded() -> Dataset:
    from sklearn.datasets import fetch_openml  # noqa: PLC0415 - only where nothing is bundled

    try:
        frame = fetch_openml(**_OPENML).frame
    except Exception as error:  # whatever the network and the far end come up with
        raise BadData(
            f"this scikit-learn ({_version()}) carries no passengers, and OpenML gave none "
            f"({error}); name a CSV with --data"
        ) from None
    frame = frame[[*COLUMNS, NAME]].astype(object)
    text = frame.where(frame.notna(), "").map(str)
    return Dataset("OpenML 40945", text.set_axis(range(1, len(text) + 1)))


def _version() -> str:
    return metadata.version("scikit-learn")
