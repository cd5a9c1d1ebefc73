"""How different two data sets are, and whether chance alone would make them so.

A difference is worth a question when both say so: the effect, which does not grow with the number
of rows, and the chance, which for many rows finds the smallest difference significant.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

from training.reference import Counts

# Of one check. With some fifty of them, hardly any good data set in two hundred raises a
# question, and most far fewer: the effects must be large, too.
ALPHA: Final = 5e-5
PSI_BINS: Final = 10
# Where fewer are expected, the chi-square distribution is no approximation any more.
MIN_EXPECTED: Final = 5.0


@dataclass(frozen=True)
class Apart:
    """A difference: its effect size, and the probability of one as large by chance alone."""

    effect: float
    chance: float

    def matters(self, least: float, alpha: float = ALPHA) -> bool:
        """Whether it is both large and no chance."""
        return self.effect >= least and self.chance < alpha


SAME: Final = Apart(0.0, 1.0)


def shares_apart(counts: Counts, others: Counts) -> Apart:
    """Counts in the same categories: Cramér's V and Pearson's chi-square test of homogeneity.

    V is that of the table in which both have the same number of rows: a million rows beside a
    thousand would otherwise make any difference look small.
    """
    n, m = int(counts.sum()), int(others.sum())
    if not n or not m:
        return SAME
    p, q = counts / n, others / m
    there = p + q > 0
    v = float(np.sqrt(((p - q)[there] ** 2 / (p + q)[there]).sum() / 2))
    table = _together(np.stack([counts, others]), min(n, m) / (n + m))
    expected = table.sum(axis=0) * np.array([[n], [m]]) / (n + m)
    chi2 = float(((table - expected) ** 2 / expected).sum())
    freedom = table.shape[1] - 1
    return Apart(v, float(special.chdtrc(freedom, chi2)) if freedom else 1.0)


def _together(table: Counts, smaller: float) -> Counts:
    """The table's columns, rare ones taken together until `MIN_EXPECTED` are in each.

    `smaller` is the share that the smaller row has of all.
    """
    columns = table[:, np.argsort(table.sum(axis=0), kind="stable")[::-1]]
    while columns.shape[1] > 1 and columns[:, -1].sum() * smaller < MIN_EXPECTED:
        columns = np.column_stack([columns[:, :-2], columns[:, -2] + columns[:, -1]])
    return columns


def ages_apart(ages: Counts, others: Counts) -> Apart:
    """Ages by years: the Kolmogorov-Smirnov distance, and its asymptotic two-sample test.

    In whole years the test is on the safe side: ties make a distance less likely.
    """
    n, m = int(ages.sum()), int(others.sum())
    if not n or not m:
        return SAME
    distance = float(np.abs(ages.cumsum() / n - others.cumsum() / m).max())
    return Apart(distance, float(special.kolmogorov(distance * np.sqrt(n * m / (n + m)))))


def stability(ages: Counts, others: Counts) -> Apart:
    """The population stability index, in bins with about a tenth of the `others` each.

    By chance it is (1/n + 1/m) times a chi-square of one degree less than there are bins (Yurdakul,
    "Statistical properties of population stability index", 2018).
    """
    n, m = int(ages.sum()), int(others.sum())
    if not n or not m:
        return SAME
    bins = np.minimum((others.cumsum() - others) * PSI_BINS // m, PSI_BINS - 1)
    p = np.bincount(bins, ages, PSI_BINS)
    q = np.bincount(bins, others, PSI_BINS)
    filled = q > 0
    # half a row more in each bin: an empty one is no infinity
    now, then = (p[filled] + 0.5) / (n + 0.5), (q[filled] + 0.5) / (m + 0.5)
    index = float(((now - then) * np.log(now / then)).sum())
    freedom = max(int(filled.sum()) - 1, 1)
    return Apart(index, float(special.chdtrc(freedom, index / (1 / n + 1 / m))))


def chance_of_as_many(part: int, whole: int, share: float) -> float:
    """That `part` of `whole` or more have what a `share` of all has."""
    return float(special.bdtrc(part - 1, whole, share)) if part > 0 else 1.0


def chance_of_as_few(part: int, whole: int, share: float) -> float:
    """That `part` of `whole` or fewer have what a `share` of all has."""
    return float(special.bdtr(part, whole, share))


def chance_beyond(distance: float, deviation: float) -> float:
    """That a normal figure lies so far above its mean."""
    return float(special.ndtr(-distance / deviation)) if deviation > 0 else 0.0


def association(table: npt.NDArray[np.int64]) -> float:
    """Cramér's V of a contingency table: 0 for none, 1 where one decides the other."""
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(table.shape) < 2:  # noqa: PLR2004 - nothing varies
        return 0.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    chi2 = ((table - expected) ** 2 / expected).sum()
    return float(np.sqrt(chi2 / table.sum() / (min(table.shape) - 1)))
