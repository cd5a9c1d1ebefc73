"""The passengers with known fates, as text: what the source says, not yet judged.

Without `--data` they are the 1,309 of OpenML's data set 40945, which scikit-learn carries along.
"""

import csv
import gzip
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path
from typing import Final

import msgspec
import pandas as pd

from titanic_model.passenger import PassengerClass, Sex

COLUMNS: Final = ("pclass", "sex", "age", "survived")
NAME: Final = "name"
MISSING: Final = frozenset({"", "?", "na", "nan", "null", "none"})

_BUNDLED: Final = "sklearn.datasets.tests.data.openml.id_40945"
# The "titanic", version 1, of OpenML; its own parser, unlike pandas', reads floats exactly.
_OPENML: Final = {"data_id": 40945, "as_frame": True, "parser": "liac-arff"}


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


def load(path: Path | None = None) -> Dataset:
    """The passengers of a CSV, else of the Titanic. Raises `BadData`."""
    if path is not None:
        return Dataset(path.name, _read_csv(path))
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


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadData(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise BadData(f"{path}: not UTF-8 text (byte {error.start + 1})") from None
    try:
        return _rows(text)
    except BadData as error:
        raise BadData(f"{path}: {error}") from None


def _rows(text: str) -> pd.DataFrame:
    """The columns we use of CSV text. Raises `BadData`."""
    if "\0" in text:
        raise BadData("not a CSV: it holds NUL characters")
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    rows: dict[int, list[str]] = {}
    try:
        for number, line in _numbered(lines):
            if header is None:
                header = _header(line)
            elif len(line) != len(header):
                raise BadData(
                    f"not a CSV: row {number} has {len(line)} fields, the header {len(header)}"
                )
            else:
                rows[number] = line
    except csv.Error as error:
        raise BadData(f"not a CSV: row {lines.line_num}: {error}") from None
    if header is None:
        raise BadData(f"empty; a CSV with the columns {', '.join(COLUMNS)} is expected")
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=header, dtype=str)
    return frame[[column for column in (*COLUMNS, NAME) if column in header]]


def _numbered(lines: Iterable[list[str]]) -> Iterator[tuple[int, list[str]]]:
    return ((number, line) for number, line in enumerate(lines, start=1) if line)


def _header(line: list[str]) -> list[str]:
    """Column names in lower case, as Kaggle's file capitalises them."""
    header = [name.strip().lower() for name in line]
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        found = ", ".join(line)
        raise BadData(
            f"no column {', '.join(missing)}; comma-separated columns {', '.join(COLUMNS)} are "
            f"expected, found: {found[:100]}{'…' if len(found) > 100 else ''}"  # noqa: PLR2004
        )
    twice = [column for column in (*COLUMNS, NAME) if header.count(column) > 1]
    if twice:
        raise BadData(f"the column {twice[0]} is there twice")
    return header


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
        frame = _rows(",".join(names) + "\n" + arff.read())
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
