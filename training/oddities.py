"""What would be odd about any data set of passengers: constants, leaks, repetitions.

And the expectations about ages that are more than a share; all others are in `expectations`.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from titanic_model.passenger import CLASSES, SEXES
from training.expectations import EXPECTATIONS, FIRST, PARTS, THIRD, known, missing_of
from training.finding import Finding, percent
from training.reference import Counts, Reference
from training.significance import ALPHA, ages_apart, association, chance_beyond

# Cramér's V; 0.53 between sex and outcome is the Titanic's.
MAX_ASSOCIATION: Final = 0.8
MAX_AGES_APART: Final = 0.35
# The probability that two passengers of known age are alike, on the Titanic 0.0035; the variance
# of it from one passenger to another, 0.00001.
USUALLY_ALIKE: Final = 0.004
ALIKE_SPREAD: Final = 0.00002
LEAST_TIMES_ALIKE: Final = 2.5
HEAVY_TAIL: Final = 1.5
# That one of class 1 is older than one of class 3; 0.78 is the Titanic's.
MIN_FIRST_OLDER: Final = 0.65


def unexpected(found: Reference) -> Iterator[Finding]:
    """What is odd about data, whatever other data may be like."""
    counts = found.counts
    yield from _constant(found, counts)
    yield from _leaks(counts)
    yield from _times(found)
    yield from (odd for expected in EXPECTATIONS if (odd := expected.broken(counts)))
    yield from (odd for part in PARTS if (odd := part.broken(found)))
    yield from _ages_by_outcome(counts)
    yield from _ages_by_class(counts)
    ages = int(known(counts).sum())
    if odd := repeated_rows(found, ages, USUALLY_ALIKE, ALIKE_SPREAD):
        yield odd


def _constant(found: Reference, counts: Counts) -> Iterator[Finding]:
    columns = {
        "sex": dict(zip(SEXES, counts.sum(axis=(1, 2, 3)).tolist(), strict=True)),
        "class": dict(zip(CLASSES, counts.sum(axis=(0, 2, 3)).tolist(), strict=True)),
        "age": {found.commonest_age.what: 1}
        if found.age_quantiles["0"] == found.age_quantiles["100"]
        else {},
    }
    for column, values in columns.items():
        there = [value for value, rows in values.items() if rows]
        if len(there) == 1:
            yield Finding(
                "constant column",
                f"more than one {column}",
                f"{column} {there[0]} in every row",
                "The column was filled by a default, or rows were selected by it",
                1.0,
                "share",
                about=column,
            )


def _leaks(counts: Counts) -> Iterator[Finding]:
    missing = np.stack([missing_of(counts, outcome) for outcome in (0, 1)])
    for column, table in (
        ("sex", counts.sum(axis=(1, 3))),
        ("class", counts.sum(axis=(0, 3))),
        ("whether the age is missing", missing),
    ):
        effect = association(table)
        if effect > MAX_ASSOCIATION:
            yield Finding(
                "leak",
                "it to tell something of the outcome, not all",
                f"that {column} decides the outcome",
                "The outcome was copied from, or into, another column",
                effect,
                "Cramér's V",
                about=column,
            )


def _ages_by_outcome(counts: Counts) -> Iterator[Finding]:
    dead, alive = (known(counts)[:, :, outcome].sum(axis=(0, 1)) for outcome in (0, 1))
    apart = ages_apart(dead, alive)
    if apart.matters(MAX_AGES_APART):
        yield Finding(
            "age by outcome",
            "survivors and the dead to be of about the same ages",
            f"medians of {median(alive)} and {median(dead)} years",
            "Ages of the two come from different sources or were filled differently",
            apart.effect,
            "Kolmogorov-Smirnov distance",
        )


def _ages_by_class(counts: Counts) -> Iterator[Finding]:
    first, third = (known(counts)[:, at].sum(axis=(0, 1)) for at in (FIRST, THIRD))
    n, m = int(first.sum()), int(third.sum())
    if not n or not m:
        return
    older = float((first * (third.cumsum() - third / 2)).sum() / n / m)  # Mann-Whitney
    deviation = float(np.sqrt((n + m + 1) / (12 * n * m)))
    if older < MIN_FIRST_OLDER and chance_beyond(MIN_FIRST_OLDER - older, deviation) < ALPHA:
        yield Finding(
            "age by class",
            "passengers of class 1 to be older than those of class 3",
            f"medians of {median(first)} and {median(third)} years",
            "Ages or classes were shuffled between rows, or classes reversed",
            MIN_FIRST_OLDER - older,
            "beyond by a probability of",
        )


def _times(found: Reference) -> Iterator[Finding]:
    if found.times > 1:
        yield Finding(
            "repeated file",
            "rows that are there once",
            f"nearly each row {found.times:,} times, or a multiple of it",
            "The file was appended to itself",
            found.times,
            "ratio",
        )


def repeated_rows(found: Reference, ages: int, usual: float, spread: float) -> Finding | None:
    """More pairs of rows that are alike than usual.

    Their number is a U-statistic. `spread` is the variance of its projection: of the probability
    that another row is like a given one. In few rows its tail is heavier than a normal one's.
    """
    deviation = HEAVY_TAIL * float(np.sqrt(4 * spread / ages + 2 * usual / ages**2))
    times = found.alike / usual
    if times < LEAST_TIMES_ALIKE or chance_beyond(found.alike - usual, deviation) >= ALPHA:
        return None
    return Finding(
        "repeated rows",
        percent(usual),
        f"a probability of {percent(found.alike)} that two passengers are alike",
        "Rows were written again and again",
        times,
        "ratio",
    )


def median(ages: Counts) -> int:
    """The year of the median age, of counts by year."""
    return int(np.searchsorted(ages.cumsum(), (ages.sum() + 1) // 2))
