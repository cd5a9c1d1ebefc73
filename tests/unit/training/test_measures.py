"""The metrics are those of the definition, weighted or not, and their intervals what they say."""

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given
from hypothesis import strategies as st

from training.measures import METRICS, RESAMPLES, SURE, bins, estimate, measure, resample


@st.composite
def answers(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outcomes, both of them there, probabilities, and how many rows each stands for."""
    rows = draw(st.integers(0, 30))
    outcomes = [
        0.0,
        1.0,
        *draw(st.lists(st.sampled_from([0.0, 1.0]), min_size=rows, max_size=rows)),
    ]
    probability = st.integers(0, 20).map(lambda n: n / 20)
    survival = draw(st.lists(probability, min_size=rows + 2, max_size=rows + 2))
    counts = draw(st.lists(st.integers(1, 4), min_size=rows + 2, max_size=rows + 2))
    return np.array(outcomes), np.array(survival), np.array(counts, dtype=float)


@given(answers())
def test_the_metrics_are_scikit_learns(
    drawn: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    outcomes, survival, counts = drawn
    found = measure(outcomes, survival, counts)
    weighted = {"sample_weight": counts}
    assert found["accuracy"] == pytest.approx(
        reference.accuracy_score(outcomes, survival > 0.5, **weighted)
    )
    assert found["log_loss"] == pytest.approx(
        reference.log_loss(outcomes, survival.clip(1 - SURE, SURE), **weighted)
    )
    assert found["roc_auc"] == pytest.approx(
        reference.roc_auc_score(outcomes, survival, **weighted)
    )
    assert found["brier"] == pytest.approx(
        reference.brier_score_loss(outcomes, survival, **weighted)
    )


@given(answers())
def test_a_row_that_counts_twice_is_two_rows(
    drawn: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    outcomes, survival, counts = drawn
    times = counts.astype(int)
    assert measure(outcomes, survival, counts) == pytest.approx(
        measure(np.repeat(outcomes, times), np.repeat(survival, times))
    )


def test_the_calibration_error_is_the_distance_of_what_is_said_from_what_happens() -> None:
    outcomes = np.array([0.0, 0, 0, 1, 1, 1, 1, 1, 1, 0])
    honest = np.repeat([0.25, 0.75], [4, 4])
    assert measure(outcomes[:8], honest)["calibration_error"] == pytest.approx(0.125)
    assert measure(outcomes, np.full(10, 0.6))["calibration_error"] == pytest.approx(0)
    assert measure(outcomes, np.full(10, 1.0))["calibration_error"] == pytest.approx(0.4)


def test_the_bins_hold_every_probability() -> None:
    assert bins(np.array([0, 0.0999, 0.1, 0.5, 0.95, 1.0])).tolist() == [0, 0, 1, 5, 9, 9]


def test_resamples_are_the_same_for_the_same_seed_and_paired() -> None:
    outcomes, survival = np.array([0.0, 1, 0, 1]), np.array([0.2, 0.6, 0.7, 0.4])
    counts = np.array([40.0, 30, 20, 10])
    drawn = resample(outcomes, counts, {"one": survival, "same": survival}, seed=1)
    again = resample(outcomes, counts, {"one": survival}, seed=1)
    for metric in METRICS:
        assert len(drawn["one"][metric]) == RESAMPLES
        np.testing.assert_array_equal(drawn["one"][metric], drawn["same"][metric])
        np.testing.assert_array_equal(drawn["one"][metric], again["one"][metric])


def test_an_interval_is_as_wide_as_the_binomial_says() -> None:
    outcomes, counts = np.array([0.0, 1.0]), np.array([80.0, 320.0])
    said_yes = np.ones(2) * 0.9
    drawn = resample(outcomes, counts, {"yes": said_yes}, seed=0)["yes"]["accuracy"]
    found = estimate(0.8, drawn)
    assert found.low == pytest.approx(0.8 - 1.96 * 0.02, abs=0.006)
    assert found.high == pytest.approx(0.8 + 1.96 * 0.02, abs=0.006)


def test_two_rows_of_either_outcome_are_enough() -> None:
    drawn = resample(
        np.array([0.0, 1.0]), np.array([2.0, 2.0]), {"x": np.array([0.3, 0.4])}, seed=0
    )
    assert all(np.isfinite(values).all() for values in drawn["x"].values())
