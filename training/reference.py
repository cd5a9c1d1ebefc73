"""What passengers are like as a whole: counts that later data are compared with.

A release keeps them in place of the data: who survived, and at which ages, by sex and class.
"""

import math
from functools import cached_property
from typing import Annotated, Final, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, model_validator

from titanic_model.passenger import CLASSES, MAX_AGE_YEARS, SEXES, PassengerClass, Sex

# 0 to 0.99 years, 1 to 1.99, … and 100.
AGE_BINS: Final = MAX_AGE_YEARS + 1
# A file that was appended to itself, but for a few rows. With fewer kinds of rows chance does it.
NEARLY_ALL: Final = 0.95
FEWEST_KINDS: Final = 30
MOST_TIMES: Final = 10_000
QUANTILES: Final = (0, 5, 25, 50, 75, 95, 100)

Counts = npt.NDArray[np.int64]
Share = Annotated[float, Field(ge=0, le=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Group(_Frozen):
    """The passengers of one sex, class and fate: how many, and how many of each year of age."""

    sex: Sex
    pclass: PassengerClass
    survived: Literal[0, 1]
    rows: NonNegativeInt
    ages: tuple[NonNegativeInt, ...] = Field(
        description=f"From 0 years on, to {AGE_BINS} numbers at most, zeros at the end left out."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.ages) > AGE_BINS or sum(self.ages) > self.rows:
            raise ValueError("more ages than rows, or than years")
        return self


class Commonest(_Frozen):
    """A value or a row that is there more often than any other, and how often."""

    what: str
    rows: NonNegativeInt


class Reference(_Frozen):
    """A data set's counts. Rows are alike that agree in class, sex, age and outcome."""

    format: Literal[1] = 1
    rows: PositiveInt
    groups: tuple[Group, ...] = Field(description="Each sex, class and fate, in a fixed order.")
    age_quantiles: dict[str, float] = Field(description="Percent of the known ages: years.")
    ages_in_tens: NonNegativeInt = Field(description="Known ages that are 10, 20, … years.")
    ages_in_fives: NonNegativeInt = Field(description="Known ages that are 5, 10, 15, … years.")
    ages_in_fractions: NonNegativeInt = Field(description="Known ages that are no whole number.")
    commonest_age: Commonest
    commonest_row: Commonest = Field(description="Of those with an age.")
    alike: Share = Field(description="Of all pairs of rows with an age, those that are alike.")
    alike_thrice: Share = Field(description="Of all triples, likewise.")
    times: PositiveInt = Field(
        description="Nearly each kind of row is there a multiple of so many times."
    )

    @cached_property
    def counts(self) -> Counts:
        """Rows by sex, class, outcome and age, shape (2, 3, 2, AGE_BINS + 1); the last: no age."""
        table = np.zeros((len(SEXES), len(CLASSES), 2, AGE_BINS + 1), dtype=np.int64)
        for group in self.groups:
            place = SEXES.index(group.sex), CLASSES.index(group.pclass), group.survived
            table[place][: len(group.ages)] = group.ages
            table[place][-1] = group.rows - sum(group.ages)
        table.flags.writeable = False
        return table


def describe(rows: pd.DataFrame) -> Reference:
    """The counts of checked rows (`training.checks`), whatever their order.

    `rows` has at least one row, and one with an age.
    """
    kind = _kinds(rows)
    age = rows["age"].to_numpy()
    known = ~np.isnan(age)
    years = np.where(known, age, AGE_BINS).astype(np.int64)
    size = AGE_BINS + 1
    table = np.bincount(kind * size + years, minlength=12 * size).reshape(-1, size)
    ages = age[known]
    values, how_often = np.unique(ages, return_counts=True)
    places, repeats = np.unique(
        kind[known] * len(values) + np.searchsorted(values, ages), return_counts=True
    )
    top = int(np.argmax(repeats))
    top_kind, top_age = divmod(int(places[top]), len(values))
    often = int(np.argmax(how_often))
    return Reference(
        rows=len(rows),
        groups=tuple(_group(kind, ages) for kind, ages in enumerate(table)),
        age_quantiles={
            str(percent): round(float(years), 4)
            for percent, years in zip(QUANTILES, np.percentile(ages, QUANTILES), strict=True)
        },
        ages_in_tens=_multiples(values, how_often, 10),
        ages_in_fives=_multiples(values, how_often, 5),
        ages_in_fractions=int(how_often[values % 1 != 0].sum()),
        commonest_age=Commonest(what=f"{values[often]:g}", rows=int(how_often[often])),
        commonest_row=Commonest(
            what=f"{_named(top_kind)}, {values[top_age]:g} years", rows=int(repeats[top])
        ),
        alike=_chance(repeats, 2),
        alike_thrice=_chance(repeats, 3),
        times=_times(np.concatenate([repeats, table[:, -1]])),
    )


def of_counts(counts: Counts, *, fractions_of: Reference) -> Reference:
    """A reference of counts (see `Reference.counts`), the ages taken as whole years.

    `fractions_of` says which share of the ages has a fraction.
    """
    table = counts.reshape(-1, AGE_BINS + 1)
    known = table[:, :AGE_BINS]
    ages, years = known.sum(axis=0), np.arange(AGE_BINS, dtype=np.float64)
    kind, year = divmod(int(known.argmax()), AGE_BINS)
    fractions = fractions_of.ages_in_fractions / int(fractions_of.counts[..., :AGE_BINS].sum())
    there = np.flatnonzero(ages)
    return Reference(
        rows=int(table.sum()),
        groups=tuple(_group(kind, ages) for kind, ages in enumerate(table)),
        age_quantiles={"0": float(there[0]), "100": float(there[-1])},
        ages_in_tens=_multiples(years, ages, 10),
        ages_in_fives=_multiples(years, ages, 5),
        ages_in_fractions=round(fractions * int(ages.sum())),
        commonest_age=Commonest(what=f"{ages.argmax()}", rows=int(ages.max())),
        commonest_row=Commonest(what=f"{_named(kind)}, {year} years", rows=int(known[kind, year])),
        alike=_chance(known.ravel(), 2),
        alike_thrice=_chance(known.ravel(), 3),
        times=1,
    )


def _kinds(rows: pd.DataFrame) -> Counts:
    """Sex, class and outcome as one number from 0 to 11."""
    male = (rows["sex"] == SEXES[1]).to_numpy()
    kinds: Counts = male * 6 + (rows["pclass"].to_numpy() - 1) * 2 + rows["survived"].to_numpy()
    return kinds


def _group(kind: int, years: Counts) -> Group:
    sex, pclass, survived = _of_kind(kind)
    return Group(
        sex=sex,
        pclass=pclass,
        survived=survived,
        rows=int(years.sum()),
        ages=tuple(np.trim_zeros(years[:-1], "b").tolist()),
    )


def _of_kind(kind: int) -> tuple[Sex, PassengerClass, Literal[0, 1]]:
    return SEXES[kind // 6], CLASSES[kind % 6 // 2], 1 if kind % 2 else 0


def _named(kind: int) -> str:
    sex, pclass, survived = _of_kind(kind)
    return f"{sex}, class {pclass}, {'survived' if survived else 'did not survive'}"


def _multiples(values: npt.NDArray[np.float64], how_often: Counts, of: int) -> int:
    return int(how_often[(values > 0) & (values % of == 0)].sum())


def _chance(repeats: Counts, of: int) -> float:
    """That so many rows, drawn without putting back, are all alike."""
    total = math.comb(int(repeats.sum()), of)
    alike = sum(math.comb(count, of) * int(times) for count, times in _tally(repeats))
    return float(f"{alike / total:.6g}") if total else 0.0


def _times(repeats: Counts) -> int:
    """What nearly all numbers of equal rows are multiples of: of a file in a file, how often."""
    there = repeats[repeats > 0]
    if len(there) < FEWEST_KINDS:
        return int(np.gcd.reduce(there))
    most = min(int(np.median(there)), MOST_TIMES)
    found = (m for m in range(most, 1, -1) if (there % m == 0).mean() >= NEARLY_ALL)
    return next(found, 1)


def _tally(repeats: Counts) -> list[tuple[int, int]]:
    counts, times = np.unique(repeats, return_counts=True)
    return list(zip(counts.tolist(), times.tolist(), strict=True))
