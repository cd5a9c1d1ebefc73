"""Data beside those of the release in service: what has changed by more than chance would.

The effects from which on a change is worth a question stand here: change them here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from titanic_model.passenger import CLASSES
from training.expectations import MEN, NO_AGE, WOMEN, by_outcome, known
from training.finding import Finding, percent
from training.oddities import USUALLY_ALIKE, repeated_rows
from training.reference import Counts, Reference
from training.significance import (
    Apart,
    ages_apart,
    chance_of_as_many,
    shares_apart,
    stability,
)

# Cramér's V: 0.1 is some ten points. More is asked for within a group where a model hardly cares.
LEAST_V: Final = 0.1
LEAST_V_WITHIN: Final = 0.2
# Of Kolmogorov and Smirnov.
LEAST_DISTANCE: Final = 0.1
LEAST_DISTANCE_WITHIN: Final = 0.15
# Of the population stability index; "a major shift" in its literature.
LEAST_PSI: Final = 0.25
# How many times as often as it was, and never rarer than so.
LEAST_TIMES: Final = 2.0
LEAST_COMMON_AGE: Final = 0.05
LEAST_COMMON_ROW: Final = 0.015
# Of the categories that a finding lists.
MAX_NAMED: Final = 3

Cut = Callable[[Counts], Counts]


@dataclass(frozen=True)
class Categories:
    """The shares of some categories are what they were; `labels` say what they are shares of."""

    check: str
    of: str
    labels: tuple[str, ...]
    select: Cut
    least: float
    meaning: str

    def changed(self, found: Counts, before: Counts) -> Finding | None:
        """What is odd, if anything."""
        now, then = self.select(found), self.select(before)
        apart = shares_apart(now, then)
        if not apart.matters(self.least):
            return None
        most = _most_changed(now, then)
        labels = tuple(self.labels[at] for at in most)
        was, is_ = then[most] / then.sum(), now[most] / now.sum()
        return self._finding(_listed(labels, was), _listed(labels, is_), apart)

    def _finding(self, then: str, now: str, apart: Apart) -> Finding:
        of = f"of {self.of} " if self.of else ""
        return Finding(self.check, then, of + now, self.meaning, apart.effect, "Cramér's V")


@dataclass(frozen=True)
class Ages:
    """The known ages, of all or of some, are distributed as they were."""

    check: str
    of: str
    select: Cut
    least: float
    meaning: str

    def changed(self, found: Counts, before: Counts) -> Finding | None:
        """What is odd, if anything."""
        now, then = self.select(found), self.select(before)
        apart, measure = ages_apart(now, then), "Kolmogorov-Smirnov distance"
        if not apart.matters(self.least):
            apart, measure = stability(now, then), "population stability index"
            if not apart.matters(LEAST_PSI):
                return None
        now_, then_ = f"{self.of} {_spread(now)}".strip(), _spread(then)
        return Finding(self.check, then_, now_, self.meaning, apart.effect, measure)


def _most_changed(now: Counts, then: Counts) -> Counts:
    """Where the shares differ most, in their order; of many categories a few."""
    apart = np.abs(now / now.sum() - then / then.sum())
    return np.sort(np.argsort(-apart, kind="stable")[:MAX_NAMED])


def _listed(labels: tuple[str, ...], shares: npt.NDArray[np.float64]) -> str:
    return ", ".join(
        f"{percent(share)} {label}" for label, share in zip(labels, shares.tolist(), strict=True)
    )


def _shares(labels: tuple[str, ...], counts: Counts) -> str:
    return _listed(labels, counts / counts.sum())


def _spread(ages: Counts) -> str:
    shares = ages.cumsum() / ages.sum()
    low, middle, high = (int(np.searchsorted(shares, quantile)) for quantile in (0.05, 0.5, 0.95))
    return f"{middle} years in the middle, nine in ten from {low} to {high}"


_SELECTION = "Rows were selected, lost or mixed up on the way"
_LABELS = (
    "Outcomes were flipped, shuffled or taken from another column, or rows selected by them, "
    "or the columns beside them were swapped"
)
_MISSING = "A source delivers ages no more, or a join lost them, or they were filled"
_UNIT = "Ages are in another unit, shifted, rounded, filled, or not ages at all"
_SHUFFLED = "Ages or classes were shuffled between rows, or ages filled group by group"
_REPEATED = "Rows were written again and again"
_ROUNDED = "Ages were rounded or guessed on the way"

_FATES = ("did not survive", "survived")
_AGE_OR_NOT = ("with an age", "without")
_PARTS: Final[tuple[tuple[str, str, Cut], ...]] = (
    ("sex", "women", lambda c: c[[WOMEN]]),
    ("sex", "men", lambda c: c[[MEN]]),
    *(("class", f"class {name}", lambda c, at=at: c[:, [at]]) for at, name in enumerate(CLASSES)),
    ("outcome", "the dead", lambda c: c[:, :, [0]]),
    ("outcome", "survivors", lambda c: c[:, :, [1]]),
)


def _aged_or_not(counts: Counts) -> Counts:
    return np.array([known(counts).sum(), counts[..., NO_AGE].sum()])


def _years(counts: Counts) -> Counts:
    return np.asarray(known(counts).reshape(-1, NO_AGE).sum(axis=0))


def _after(cut: Cut, select: Cut) -> Cut:
    return lambda counts: select(cut(counts))


COMPARISONS: Final[tuple[Categories | Ages, ...]] = (
    Categories("sex", "", ("women", "men"), lambda c: c.sum(axis=(1, 2, 3)), LEAST_V, _SELECTION),
    Categories(
        "class",
        "",
        tuple(f"in class {pclass}" for pclass in CLASSES),
        lambda c: c.sum(axis=(0, 2, 3)),
        LEAST_V,
        _SELECTION,
    ),
    Categories(
        "sex by class",
        "",
        tuple(f"{sex} in class {pclass}" for sex in ("women", "men") for pclass in CLASSES),
        lambda c: c.sum(axis=(2, 3)).ravel(),
        LEAST_V_WITHIN,
        _SELECTION,
    ),
    Categories("survival", "", _FATES, by_outcome, LEAST_V, _LABELS),
    *(
        Categories(f"survival by {by}", of, _FATES, _after(cut, by_outcome), LEAST_V, _LABELS)
        for by, of, cut in _PARTS
        if by != "outcome"
    ),
    Categories("missing ages", "", _AGE_OR_NOT, _aged_or_not, LEAST_V, _MISSING),
    *(
        Categories(
            f"missing ages by {by}",
            of,
            _AGE_OR_NOT,
            _after(cut, _aged_or_not),
            LEAST_V_WITHIN,
            _MISSING,
        )
        for by, of, cut in _PARTS
    ),
    Ages("age", "", _years, LEAST_DISTANCE, _UNIT),
    *(
        Ages(f"age by {by}", f"{of}:", _after(cut, _years), LEAST_DISTANCE_WITHIN, _SHUFFLED)
        for by, of, cut in _PARTS
    ),
)


def compared(found: Reference, before: Reference) -> Iterator[Finding]:
    """What has changed in data, both sides taken as samples."""
    now, then = found.counts, before.counts
    for comparison in COMPARISONS:
        if odd := comparison.changed(now, then):
            yield odd
    ages_now, ages_then = int(known(now).sum()), int(known(then).sum())
    yield from _rounded(found, before, ages_now, ages_then)
    yield from _common(found, before, ages_now, ages_then)
    yield from _alike(found, before, ages_now)


def _rounded(
    found: Reference, before: Reference, ages_now: int, ages_then: int
) -> Iterator[Finding]:
    """More round ages than before, or fewer with a fraction; the opposite is no worse."""
    for label, part_now, part_then, sign in (
        ("ages 10, 20, …", found.ages_in_tens, before.ages_in_tens, 1),
        ("ages 5, 10, …", found.ages_in_fives, before.ages_in_fives, 1),
        ("with a fraction", found.ages_in_fractions, before.ages_in_fractions, -1),
    ):
        now = np.array([part_now, ages_now - part_now])
        then = np.array([part_then, ages_then - part_then])
        grown = sign * (part_now / ages_now - part_then / ages_then) > 0
        apart = shares_apart(now, then)
        if grown and apart.matters(LEAST_V):
            labels = (label, "others")
            yield Finding(
                "rounded ages",
                _shares(labels, then),
                _shares(labels, now),
                _ROUNDED,
                apart.effect,
                "Cramér's V",
            )


def _common(
    found: Reference, before: Reference, ages_now: int, ages_then: int
) -> Iterator[Finding]:
    """A value or a row far more common than any was."""
    for check, now, then, floor, meaning in (
        ("one age", found.commonest_age, before.commonest_age, LEAST_COMMON_AGE, _UNIT),
        ("repeated row", found.commonest_row, before.commonest_row, LEAST_COMMON_ROW, _REPEATED),
    ):
        usual = max(then.rows / ages_then, floor)
        share = now.rows / ages_now
        chance = chance_of_as_many(now.rows, ages_now, usual)
        if Apart(share / usual, chance).matters(LEAST_TIMES):
            yield Finding(
                check,
                f"{percent(usual)} for the most common",
                f"{percent(share)} of those with an age are {now.what}",
                meaning,
                share / usual,
                "ratio",
            )


def _alike(found: Reference, before: Reference, ages_now: int) -> Iterator[Finding]:
    usual = max(before.alike, USUALLY_ALIKE)
    spread = max(before.alike_thrice - before.alike**2, 0.0)
    if odd := repeated_rows(found, ages_now, usual, spread):
        yield odd
