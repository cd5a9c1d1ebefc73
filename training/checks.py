"""The hard rules: what must hold of the data before a model may be fitted to it.

A cell that breaks a rule is never dropped or mended: the training stops and names it.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pandas as pd

from titanic_model.passenger import CLASSES, MAX_AGE_YEARS, MIN_AGE_YEARS, SEXES, quote
from training.dataset import COLUMNS, MISSING, NAME, BadData, Dataset

# Less teaches nothing, and the folds within folds that choose and measure want some of each.
MIN_ROWS: Final = 100
MIN_ROWS_OF_AN_OUTCOME: Final = 10
MIN_KNOWN_AGES: Final = 10
MAX_NAMED_CELLS: Final = 3


@dataclass(frozen=True)
class Cells:
    """The rule for a column's cells. `read` raises `ValueError` for a text that breaks it."""

    column: str
    allowed: str
    read: Callable[[str], object]
    dtype: str


@dataclass(frozen=True)
class Whole:
    """A rule for the table as a whole. `broken` says how it is broken, or nothing."""

    broken: Callable[[pd.DataFrame], str]


def check(dataset: Dataset) -> pd.DataFrame:
    """The data set's rows with their types: age in years as float, NaN where it is missing.

    Raises `BadData`, once for all cells that break a rule, else for the first rule of the whole.
    """
    found = [fault for rule in CELLS if (fault := _broken_cells(rule, dataset.frame))]
    if found:
        raise BadData(f"{dataset.source}: {'; '.join(found)}")
    checked = pd.DataFrame(
        {rule.column: dataset.frame[rule.column].map(rule.read) for rule in CELLS},
        index=dataset.frame.index,
    ).astype({rule.column: rule.dtype for rule in CELLS})
    for whole in WHOLE:
        if fault := whole.broken(checked):
            raise BadData(f"{dataset.source}: {fault}")
    return checked.assign(**{NAME: dataset.frame[NAME]}) if NAME in dataset.frame else checked


def fingerprint(checked: pd.DataFrame) -> str:
    """SHA-256 of the content, in the rows' order: of the same data in any format, the same."""
    rows = zip(*(checked[column] for column in COLUMNS), strict=True)
    lines = (",".join("" if pd.isna(cell) else str(cell) for cell in row) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _broken_cells(rule: Cells, frame: pd.DataFrame) -> str:
    broken = []
    for row, text in frame[rule.column].items():
        try:
            rule.read(text)
        except ValueError:
            broken.append(f"{quote(text) if text.strip() else 'nothing'} in row {row}")
    if not broken:
        return ""
    named = ", ".join(broken[:MAX_NAMED_CELLS])
    more = len(broken) - MAX_NAMED_CELLS
    rest = f" and in {more:,} more" if more > 0 else ""
    return f"{rule.column}: {named}{rest}; {rule.allowed} is allowed"


def _age(text: str) -> float:
    if text.strip().lower() in MISSING:
        return float("nan")
    age = _number(text)
    if not MIN_AGE_YEARS <= age <= MAX_AGE_YEARS:
        raise ValueError(text)
    return age + 0.0  # -0.0 is 0.0


def _sex(text: str) -> str:
    sex = text.strip().lower()
    if sex not in SEXES:
        raise ValueError(text)
    return sex


def _one_of(*allowed: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = _number(text)  # "3.0" is 3, as it is in an event
        if number not in allowed:
            raise ValueError(text)
        return int(number)

    return read


def _number(text: str) -> float:
    if "_" in text:  # Python's own digit groups
        raise ValueError(text)
    return float(text)


def _too_few_rows(checked: pd.DataFrame) -> str:
    if len(checked) >= MIN_ROWS:
        return ""
    return f"{len(checked)} rows; at least {MIN_ROWS} are needed"


def _too_few_of_an_outcome(checked: pd.DataFrame) -> str:
    counts = checked["survived"].value_counts()
    for outcome, what in ((1, "who survived"), (0, "who did not survive")):
        if (count := int(counts.get(outcome, 0))) < MIN_ROWS_OF_AN_OUTCOME:
            return f"{count} passengers {what}; at least {MIN_ROWS_OF_AN_OUTCOME} are needed"
    return ""


def _too_few_known_ages(checked: pd.DataFrame) -> str:
    known = int(checked["age"].notna().sum())
    if known >= MIN_KNOWN_AGES:
        return ""
    return f"{known} rows have an age; at least {MIN_KNOWN_AGES} are needed"


CELLS: Final = (
    Cells("pclass", "1, 2 or 3", _one_of(*CLASSES), "int64"),
    Cells("sex", "male or female", _sex, "object"),
    Cells(
        "age",
        f"a number of years from {MIN_AGE_YEARS} to {MAX_AGE_YEARS}, or nothing,",
        _age,
        "float64",
    ),
    Cells("survived", "0 or 1", _one_of(0, 1), "int64"),
)
WHOLE: Final = (Whole(_too_few_rows), Whole(_too_few_of_an_outcome), Whole(_too_few_known_ages))
