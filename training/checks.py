"""The hard rules: what must hold of the data before a model may be fitted to it.

`CELLS` and `WHOLE` are the rules; change them there. A row that breaks one is never dropped or
mended: training stops and names it, or the row is set aside, with the reasons (`training.aside`).
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pandera.pandas as pa

from titanic_model.passenger import CLASSES, MAX_AGE_YEARS, MIN_AGE_YEARS, SEXES, quote
from training.cells import meaning, name_key
from training.dataset import COLUMNS, NAME, BadData, Dataset

# Less teaches nothing, and the folds within folds that choose and measure want some of each.
MIN_ROWS: Final = 100
MIN_ROWS_OF_AN_OUTCOME: Final = 10
MIN_KNOWN_AGES: Final = 10
# Of all ages. In the other columns nothing may be missing, but for names.
MAX_MISSING_AGES: Final = 0.5
# People who share a name, and how many they are. Another pair is listed here or is a mistake.
NAMESAKES: Final = {"Connolly, Miss. Kate": 2, "Kelly, Mr. James": 2}

# Of all rows. Beyond it, it is not some rows that are bad but the file.
MAX_ASIDE: Final = 0.05
MAX_NAMED_CELLS: Final = 3

# So that a fingerprint never holds the lines of a million rows at once.
_ROWS_AT_ONCE: Final = 50_000


def _as_often_as_known(names: pd.Series) -> pd.Series:
    """Nobody knows which of the rows under one name is right, so that all of them are bad."""
    keys = names.map(name_key)
    known = {name_key(name): count for name, count in NAMESAKES.items()}
    return keys.isna() | (keys.map(keys.value_counts()) <= keys.map(known).fillna(1))


CELLS: Final = pa.DataFrameSchema(
    {
        "pclass": pa.Column(float, pa.Check.isin(CLASSES), description="1, 2 or 3 is allowed"),
        "sex": pa.Column(object, pa.Check.isin(SEXES), description="male or female is allowed"),
        "age": pa.Column(
            float,
            pa.Check.in_range(MIN_AGE_YEARS, MAX_AGE_YEARS),
            nullable=True,
            description=f"a number of years from {MIN_AGE_YEARS} to {MAX_AGE_YEARS}, "
            "or nothing, is allowed",
        ),
        "survived": pa.Column(float, pa.Check.isin((0, 1)), description="0 or 1 is allowed"),
        NAME: pa.Column(
            object,
            pa.Check(_as_often_as_known),
            required=False,
            nullable=True,
            description="each passenger once is allowed, or namesakes that NAMESAKES lists",
        ),
    }
)
RULES: Final = {column: str(rule.description) for column, rule in CELLS.columns.items()}


@dataclass(frozen=True)
class Whole:
    """A rule for the table as a whole: its figure, the bounds, and how that is said."""

    figure: Callable[[pd.DataFrame], float]
    says: str
    least: float = float("-inf")
    most: float = float("inf")

    def holds(self, rows: pd.DataFrame) -> bool:
        """Whether the figure is within the bounds."""
        return self.least <= self.figure(rows) <= self.most

    def broken(self, rows: pd.DataFrame) -> str:
        """What is the matter, when it does not hold."""
        return self.says.format(self.figure(rows), least=self.least, most=self.most)


ENOUGH_ROWS: Final = Whole(len, "{:,} rows; at least {least} are needed", least=MIN_ROWS)
WHOLE: Final = (
    ENOUGH_ROWS,
    Whole(
        lambda rows: int((rows["survived"] == 1).sum()),
        "{:,} passengers who survived; at least {least} are needed",
        least=MIN_ROWS_OF_AN_OUTCOME,
    ),
    Whole(
        lambda rows: int((rows["survived"] == 0).sum()),
        "{:,} passengers who did not survive; at least {least} are needed",
        least=MIN_ROWS_OF_AN_OUTCOME,
    ),
    Whole(
        lambda rows: int(rows["age"].notna().sum()),
        "{:,} rows have an age; at least {least} are needed",
        least=MIN_KNOWN_AGES,
    ),
    Whole(
        lambda rows: float(rows["age"].isna().mean()),
        "age: {:.1%} are missing; at most {most:.0%} may be",
        most=MAX_MISSING_AGES,
    ),
)
TABLE: Final = pa.DataFrameSchema(
    checks=[pa.Check(rule.holds, name=rule.says) for rule in WHOLE],
)


@dataclass(frozen=True)
class Checked:
    """Data that keeps all rules, and the rows that were set aside to get there.

    `rows`: pclass and survived int64, sex object, age float64 in years (NaN where it is missing),
    `name` as text where the source has it. `aside`: the number of each bad row (`row`), its
    original text, and all `reasons`. The index of both is the row's number as an editor shows it.
    `aside_for`: how many of them broke the rule of each column; one row may break several.
    """

    rows: pd.DataFrame
    aside: pd.DataFrame
    aside_for: Mapping[str, int]


@dataclass(frozen=True)
class _Broken:
    """A rule for cells, and the numbers of the rows that break it."""

    column: str
    rows: pd.Index

    @property
    def rule(self) -> str:
        return RULES[self.column]

    def message(self, frame: pd.DataFrame) -> str:
        texts = frame.loc[self.rows[:MAX_NAMED_CELLS], self.column].items()
        cells = [
            f"{quote(text) if text.strip() else 'nothing'} in row {row}" for row, text in texts
        ]
        more = len(self.rows) - MAX_NAMED_CELLS
        rest = f" and in {more:,} more" if more > 0 else ""
        return f"{self.column}: {', '.join(cells)}{rest}; {self.rule}"


def check(dataset: Dataset, *, quarantine: bool = False) -> Checked:
    """The data set's rows with their types.

    Raises `BadData`, once for all rules that are broken. With `quarantine`, rows with bad cells
    are set aside as long as they are no more than `MAX_ASIDE`, and the rules of the whole apply
    to the rest.
    """
    values = meaning(dataset.frame)
    broken = _broken_cells(values)
    bad = np.zeros(len(values), dtype=np.bool_)
    for fault in broken:
        bad |= values.index.isin(fault.rows)
    some = quarantine and bad.sum() <= MAX_ASIDE * len(values)
    messages = [] if some else [fault.message(dataset.frame) for fault in broken]
    messages += _broken_whole(values[~bad] if some else values)
    if messages:
        told = _told(dataset.source, messages)
        raise BadData(told + _too_many(bad) if quarantine and broken and not some else told)
    rows = values[~bad].astype({"pclass": "int64", "survived": "int64"})
    aside_for = {fault.column: len(fault.rows) for fault in broken}
    return Checked(rows, _aside(dataset.frame, broken), aside_for)


def fingerprint(checked: pd.DataFrame) -> str:
    """SHA-256 of the content, in the rows' order: of the same data in any format, the same."""
    digest = hashlib.sha256()
    separator = ""
    for start in range(0, len(checked), _ROWS_AT_ONCE):
        part = checked.iloc[start : start + _ROWS_AT_ONCE]
        rows = zip(*(part[column] for column in COLUMNS), strict=True)
        lines = (",".join("" if pd.isna(cell) else str(cell) for cell in row) for row in rows)
        digest.update((separator + "\n".join(lines)).encode())
        separator = "\n"
    return digest.hexdigest()


def _broken_cells(values: pd.DataFrame) -> list[_Broken]:
    return [
        _Broken(column, rows)
        for column in CELLS.columns
        if column in values and len(rows := _failing(column, values))
    ]


def _failing(column: str, values: pd.DataFrame) -> pd.Index:
    """The rows that break a column's rule; column by column, as each failure takes memory."""
    try:
        CELLS.columns[column].validate(values[[column]], lazy=True)
    except pa.errors.SchemaErrors as errors:
        failing = errors.failure_cases["index"]
        if failing.isna().any():  # not of a row: the schema doesn't fit `meaning`
            raise
        return values.index[values.index.isin(failing)]
    return values.index[:0]


def _broken_whole(rows: pd.DataFrame) -> list[str]:
    if not ENOUGH_ROWS.holds(rows):
        return [ENOUGH_ROWS.broken(rows)]  # of so few, the others' figures say nothing
    try:
        TABLE.validate(rows, lazy=True)
    except pa.errors.SchemaErrors as errors:
        failed = set(errors.failure_cases["check"])
        return [rule.broken(rows) for rule in WHOLE if rule.says in failed]
    return []


def _told(source: str, messages: list[str]) -> str:
    if len(messages) == 1:
        return f"{source}: {messages[0]}"
    return "\n  ".join([f"{source}: {len(messages)} rules are broken", *messages])


def _too_many(bad: npt.NDArray[np.bool_]) -> str:
    most = f"at most {MAX_ASIDE:.0%} can be set aside"
    return f"\n  {bad.sum():,} of {len(bad):,} rows are bad; {most}"


def _aside(frame: pd.DataFrame, broken: list[_Broken]) -> pd.DataFrame:
    reasons = pd.Series("", index=frame.index, dtype=object)
    for fault in broken:
        told = reasons[fault.rows]
        reasons[fault.rows] = told.where(told == "", told + "; ") + f"{fault.column}: {fault.rule}"
    bad = frame[reasons != ""]
    aside = bad.assign(reasons=reasons[bad.index])
    aside.insert(0, "row", bad.index)
    return aside
