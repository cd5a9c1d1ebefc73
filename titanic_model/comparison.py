"""Two releases side by side, on every input there is. Pure."""

from collections.abc import Iterator
from enum import Enum
from itertools import groupby
from typing import Final

from pydantic import BaseModel, ConfigDict

from titanic_model.passenger import CLASSES, MAX_AGE_YEARS, SEXES, PassengerClass, Sex
from titanic_model.scorer import AGES, AGES_AND_MISSING, DOMAIN_SIZE, MISSING_AGE, Answer, Scorer

YEARS_A_CELL: Final = 2


class Region(BaseModel):
    """Neighbouring inputs whose outcome flips. Ages in years, both inclusive; None: not known."""

    model_config = ConfigDict(frozen=True)

    sex: Sex
    pclass: PassengerClass
    from_age: float | None
    to_age: float | None
    before: int
    after: int

    def __str__(self) -> str:
        ages = "age not known"
        if self.from_age is not None:
            ages = f"{self.from_age:.2f} to {self.to_age:.2f}"
        return f"{self.sex}, class {self.pclass}: {ages}: {self.before} -> {self.after}"


class Comparison(BaseModel):
    """How much one release differs from another.

    Of `inputs`, `outcomes` differ in survived or not, `probabilities` in the probability of
    survival, by `largest` at the most and by `mean` over all inputs.
    """

    model_config = ConfigDict(frozen=True)

    before: str
    after: str
    inputs: int
    outcomes: int
    probabilities: int
    largest: float
    mean: float
    regions: tuple[Region, ...]


class Cell(Enum):
    """A short span of ages in a strip: what both say, or that they differ. Readable uncoloured."""

    DIES = "."
    SURVIVES = "#"
    NOW_SURVIVES = "+"
    NOW_DIES = "-"


def compare(before: Scorer, after: Scorer) -> Comparison:
    """Compare two releases on all `DOMAIN_SIZE` inputs."""
    pairs = list(zip(before.answers, after.answers, strict=True))
    apart = [abs(one.probability - other.probability) for one, other in pairs]
    return Comparison(
        before=before.version,
        after=after.version,
        inputs=DOMAIN_SIZE,
        outcomes=sum(one.survived != other.survived for one, other in pairs),
        probabilities=sum(difference > 0 for difference in apart),
        largest=max(apart),
        mean=sum(apart) / DOMAIN_SIZE,
        regions=tuple(_regions(before, after)),
    )


def strips(before: Scorer, after: Scorer) -> Iterator[tuple[Sex, PassengerClass, list[Cell], Cell]]:
    """For each sex and class: a cell for every `YEARS_A_CELL` years of age, and one for no age.

    A cell where anything flips shows the flip, however little of the cell it is.
    """
    for sex, pclass, pairs in _by_group(before, after):
        width = YEARS_A_CELL * 100
        known = [pairs[first : first + width] for first in range(0, AGES - 1, width)]
        known[-1].append(pairs[AGES - 1])  # 100.00 years
        yield sex, pclass, [_cell(span) for span in known], _cell([pairs[MISSING_AGE]])


def ruler(every_years: int = 10) -> str:
    """The ages above a strip, each where its cell begins."""
    width = every_years // YEARS_A_CELL
    return "".join(f"{age:<{width}}" for age in range(0, MAX_AGE_YEARS, every_years))


Pair = tuple[Answer, Answer]


def _by_group(before: Scorer, after: Scorer) -> Iterator[tuple[Sex, PassengerClass, list[Pair]]]:
    pairs = list(zip(before.answers, after.answers, strict=True))
    groups = [(sex, pclass) for sex in SEXES for pclass in CLASSES]
    for number, (sex, pclass) in enumerate(groups):
        first = number * AGES_AND_MISSING
        yield sex, pclass, pairs[first : first + AGES_AND_MISSING]


def _regions(before: Scorer, after: Scorer) -> Iterator[Region]:
    for sex, pclass, pairs in _by_group(before, after):
        at = 0
        for (one, other), span in groupby(pairs[:AGES], _outcomes):
            first, at = at, at + sum(1 for _ in span)
            if one != other:
                ages = {"from_age": first / 100, "to_age": (at - 1) / 100}
                yield Region(sex=sex, pclass=pclass, before=one, after=other, **ages)
        one, other = _outcomes(pairs[MISSING_AGE])
        if one != other:
            none = {"from_age": None, "to_age": None}
            yield Region(sex=sex, pclass=pclass, before=one, after=other, **none)


def _outcomes(pair: Pair) -> tuple[int, int]:
    return pair[0].survived, pair[1].survived


def _cell(span: list[Pair]) -> Cell:
    up = sum(one.survived < other.survived for one, other in span)
    down = sum(one.survived > other.survived for one, other in span)
    if up or down:
        return Cell.NOW_SURVIVES if up >= down else Cell.NOW_DIES
    return Cell.SURVIVES if 2 * sum(o.survived for _, o in span) > len(span) else Cell.DIES
