"""The figures are those of their definitions, and chance is what it is said to be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from training.significance import (
    ages_apart,
    association,
    chance_of_as_few,
    chance_of_as_many,
    shares_apart,
    stability,
)

counts = st.lists(st.integers(60, 300), min_size=3, max_size=3).map(np.array)


@given(now=counts, then=counts)
def test_shares_are_tested_by_pearsons_chi_square(now: np.ndarray, then: np.ndarray) -> None:
    apart = shares_apart(now, then)
    theirs = stats.chi2_contingency(np.stack([now, then]), correction=False)
    assert apart.chance == pytest.approx(theirs.pvalue, rel=1e-6, abs=1e-12)


def test_rare_categories_are_tested_together() -> None:
    now, then = np.array([20, 20, 20]), np.array([20, 20, 381])
    assert shares_apart(now, then).chance < 1e-20
    # a handful proves nothing, in either
    assert shares_apart(np.array([100, 2]), np.array([1_000, 0])).chance == 1


@given(now=counts, times=st.integers(1, 1_000))
def test_an_effect_does_not_grow_with_the_number_of_rows(now: np.ndarray, times: int) -> None:
    then = np.array([50, 30, 20])
    assert shares_apart(now * times, then).effect == pytest.approx(shares_apart(now, then).effect)
    assert shares_apart(now, then).effect == pytest.approx(
        association(np.stack([now * then.sum(), then * now.sum()])), abs=1e-9
    )


def test_effects_go_from_nothing_to_one() -> None:
    assert shares_apart(np.array([10, 20]), np.array([100, 200])).effect == 0
    assert shares_apart(np.array([10, 0]), np.array([0, 200])).effect == pytest.approx(1)
    assert association(np.array([[10, 0], [0, 200]])) == pytest.approx(1)
    assert association(np.array([[10, 20], [100, 200]])) == pytest.approx(0)
    assert association(np.array([[10, 20], [0, 0]])) == 0


def test_ages_are_tested_by_kolmogorov_and_smirnov() -> None:
    random = np.random.default_rng(0)
    now, then = random.integers(0, 100, 300), random.integers(5, 100, 700)
    apart = ages_apart(np.bincount(now, minlength=101), np.bincount(then, minlength=101))
    theirs = stats.ks_2samp(now, then, method="asymp")
    assert apart.effect == pytest.approx(theirs.statistic)
    assert apart.chance == pytest.approx(theirs.pvalue, rel=0.2)


@pytest.mark.parametrize("size", [150, 5_000])
def test_the_stability_index_is_as_large_by_chance_as_said(size: int) -> None:
    random = np.random.default_rng(0)
    years = np.arange(101)
    shape = np.exp(-((years - 29) ** 2) / 400)
    then = random.multinomial(1_000, shape / shape.sum())
    chances = [
        stability(random.multinomial(size, shape / shape.sum()), then).chance for _ in range(1_000)
    ]
    # one reference for all, so that they go up and down together with its own chance
    assert np.mean(np.array(chances) < 0.001) < 0.01


def test_nothing_to_compare_is_no_difference() -> None:
    nothing, some = np.zeros(101, dtype=np.int64), np.ones(101, dtype=np.int64)
    for test in (shares_apart, ages_apart, stability):
        assert test(nothing, some) == test(some, nothing)
        assert test(nothing, some).chance == 1


@given(part=st.integers(0, 50), share=st.floats(0.01, 0.99))
def test_parts_are_tested_by_the_binomial_distribution(part: int, share: float) -> None:
    assert chance_of_as_few(part, 50, share) == pytest.approx(stats.binom.cdf(part, 50, share))
    assert chance_of_as_many(part, 50, share) == pytest.approx(
        stats.binom.sf(part - 1, 50, share), abs=1e-12
    )
