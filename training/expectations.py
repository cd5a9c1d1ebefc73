"""What anyone would expect of the Titanic's passengers, where there is no earlier data to compare.

The bounds are wide, and data break one only when chance would not: change them here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from titanic_model.passenger import CLASSES
from training.finding import Finding, percent
from training.reference import AGE_BINS, Counts, Reference
from training.significance import (
    ALPHA,
    chance_beyond,
    chance_of_as_few,
    chance_of_as_many,
)

# Of the axes of `Reference.counts`: sex, class, outcome, year of age.
WOMEN, MEN = range(2)
FIRST, SECOND, THIRD = range(3)
NO_AGE: Final = AGE_BINS

Select = Callable[[Counts], Counts]


@dataclass(frozen=True)
class Share:
    """The share that `part` has of `whole` is from `least` to `most`."""

    check: str
    says: str
    part: Select
    whole: Select
    least: float
    most: float
    meaning: str

    def broken(self, counts: Counts) -> Finding | None:
        """What is odd, if anything."""
        part, whole = int(self.part(counts).sum()), int(self.whole(counts).sum())
        if not whole:
            return None
        few = chance_of_as_few(part, whole, self.least) < ALPHA
        many = chance_of_as_many(part, whole, self.most) < ALPHA
        if not few and not many:
            return None
        share = part / whole
        return Finding(
            self.check,
            f"{percent(self.least)} to {percent(self.most)}",
            f"{percent(share)} {self.says}",
            self.meaning,
            max(self.least - share, share - self.most),
            "beyond by a share of",
        )


@dataclass(frozen=True)
class Gap:
    """The share of one group less that of another is from `least` to `most`.

    `one` and `other` select rows by outcome or the like: the last axis is [without, with].
    """

    check: str
    says: str
    one: Select
    other: Select
    least: float
    most: float
    meaning: str

    def broken(self, counts: Counts) -> Finding | None:
        """What is odd, if anything."""
        (p, p_variance), (q, q_variance) = _share(self.one(counts)), _share(self.other(counts))
        gap, deviation = p - q, float(np.sqrt(p_variance + q_variance))
        beyond = max(self.least - gap, gap - self.most)
        if not beyond > 0 or not chance_beyond(beyond, deviation) < ALPHA:
            return None
        return Finding(
            self.check,
            _points(self.least, self.most),
            f"{gap * 100:+.0f} points by which {self.says}",
            self.meaning,
            beyond,
            "beyond by a share of",
        )


def _share(without_and_with: Counts) -> tuple[float, float]:
    """The share, and its variance with one more of each kind: no share is certain."""
    total = int(without_and_with.sum())
    if not total:
        return float("nan"), float("nan")
    smooth = (without_and_with[1] + 1) / (total + 2)
    return without_and_with[1] / total, smooth * (1 - smooth) / total


def _points(least: float, most: float) -> str:
    if most >= 1:
        return f"{least * 100:.0f} points or more"
    return f"{least * 100:.0f} to {most * 100:.0f} points"


def by_outcome(counts: Counts) -> Counts:
    """Rows by outcome, whatever else they are; `counts` may be cut to a sex (and a class)."""
    return np.asarray(counts.sum(axis=(*range(counts.ndim - 2), -1)))


def missing_of(counts: Counts, outcome: int) -> Counts:
    """Rows of that outcome with an age, and without."""
    ages = counts[:, :, outcome]
    return np.array([ages[..., :NO_AGE].sum(), ages[..., NO_AGE].sum()])


def known(counts: Counts) -> Counts:
    """Rows with an age, by its year."""
    return counts[..., :NO_AGE]


def everyone(counts: Counts) -> Counts:
    """All rows."""
    return counts


def _of_class(at: int, then: Select = everyone) -> Select:
    return lambda counts: then(counts[:, [at]])


def _women(counts: Counts) -> Counts:
    return np.asarray(counts[WOMEN])


def _survivors(counts: Counts) -> Counts:
    return np.asarray(counts[:, :, 1])


_SELECTION = "Rows were selected, lost or mixed up on the way"
_LABELS = "Outcomes were flipped, shuffled or taken from another column, or the sexes were swapped"
_AGES = "Ages are in another unit, shifted, or not ages at all"
_REPEATED = "A row was written again and again"
_ROUNDED = "Ages were rounded or guessed on the way"

EXPECTATIONS: Final[tuple[Share | Gap, ...]] = (
    Share("sex", "women", lambda c: c[WOMEN], everyone, 0.20, 0.50, _SELECTION),
    Share(
        "class",
        "of the passengers in class 1",
        lambda c: c[:, FIRST],
        everyone,
        0.10,
        0.40,
        _SELECTION,
    ),
    Share(
        "class",
        "of the passengers in class 2",
        lambda c: c[:, SECOND],
        everyone,
        0.10,
        0.40,
        _SELECTION,
    ),
    Share(
        "class",
        "of the passengers in class 3",
        lambda c: c[:, THIRD],
        everyone,
        0.35,
        0.75,
        _SELECTION,
    ),
    *(
        Share(
            "sex by class",
            f"women among those of class {pclass}",
            _of_class(at, _women),
            _of_class(at),
            0.15,
            0.65,
            _SELECTION,
        )
        for at, pclass in enumerate(CLASSES)
    ),
    Share("survival", "of all survived", lambda c: c[:, :, 1], everyone, 0.20, 0.60, _SELECTION),
    Gap(
        "survival by sex",
        "women survived more often than men",
        lambda c: by_outcome(c[WOMEN]),
        lambda c: by_outcome(c[MEN]),
        0.20,
        1.0,
        _LABELS,
    ),
    Gap(
        "survival by class",
        "class 1 survived more often than class 3",
        lambda c: by_outcome(c[:, FIRST]),
        lambda c: by_outcome(c[:, THIRD]),
        0.10,
        1.0,
        "Classes or outcomes were reversed or shuffled",
    ),
    *(
        Share(
            "survival by class",
            f"of class {pclass} survived",
            _of_class(at, _survivors),
            _of_class(at),
            0.12,
            0.85,
            _SELECTION,
        )
        for at, pclass in enumerate(CLASSES)
    ),
    Share(
        "missing ages",
        "of the ages are missing",
        lambda c: c[..., NO_AGE],
        everyone,
        0.0,
        0.30,
        "A source stopped to deliver ages, or a join lost them",
    ),
    Gap(
        "missing ages by outcome",
        "the dead miss their age more often than survivors",
        lambda c: missing_of(c, 0),
        lambda c: missing_of(c, 1),
        -0.20,
        0.30,
        "Ages were found out for some because of their fate: the age would give it away",
    ),
    Share("age", "of the ages are below 20 years", lambda c: c[..., :20], known, 0.0, 0.50, _AGES),
    Share(
        "age",
        "of the ages are 36 years or more",
        lambda c: known(c)[..., 36:],
        known,
        0.0,
        0.50,
        _AGES,
    ),
    Share(
        "old ages",
        "of the ages are above 75 years",
        lambda c: known(c)[..., 76:],
        known,
        0.0,
        0.01,
        _AGES,
    ),
    Share(
        "children",
        "of the ages are below 15 years",
        lambda c: c[..., :15],
        known,
        0.02,
        0.30,
        _AGES,
    ),
    Share(
        "repeated row",
        "of those without an age are alike in all",
        lambda c: c[..., NO_AGE].max(keepdims=True),
        everyone,
        0.0,
        0.18,
        _REPEATED,
    ),
    Share(
        "children", "of the ages are below 5 years", lambda c: c[..., :5], known, 0.01, 0.20, _AGES
    ),
)


@dataclass(frozen=True)
class Part:
    """The share of known ages that a figure of the description counts."""

    check: str
    says: str
    figure: Callable[[Reference], int]
    least: float
    most: float
    meaning: str

    def broken(self, found: Reference) -> Finding | None:
        """What is odd, if anything."""
        ages = np.array(int(known(found.counts).sum()))
        part = np.array(self.figure(found))
        share = Share(
            self.check,
            self.says,
            lambda _: part,
            lambda _: ages,
            self.least,
            self.most,
            self.meaning,
        )
        return share.broken(ages)


PARTS: Final[tuple[Part, ...]] = (
    Part("rounded ages", "of the ages are 10, 20, …", lambda r: r.ages_in_tens, 0, 0.25, _ROUNDED),
    Part("rounded ages", "of the ages are 5, 10, …", lambda r: r.ages_in_fives, 0, 0.40, _ROUNDED),
    Part(
        "rounded ages",
        "of the ages have a fraction",
        lambda r: r.ages_in_fractions,
        0.02,
        1,
        _ROUNDED,
    ),
    Part(
        "one age",
        "of those with an age have the same",
        lambda r: r.commonest_age.rows,
        0,
        0.10,
        "Missing ages were filled with one value",
    ),
    Part(
        "repeated row",
        "of those with an age are alike in all",
        lambda r: r.commonest_row.rows,
        0,
        0.03,
        _REPEATED,
    ),
)
