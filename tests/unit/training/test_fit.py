"""The pipeline: what it is made of, and that it is chosen as it says."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, RepeatedStratifiedKFold
from sklearn.pipeline import Pipeline

from tests.unit.training.conftest import Parts
from titanic_model.passenger import Passenger
from training import fit as fitting
from training.fit import (
    FEATURES,
    Choice,
    Parameters,
    candidates,
    choose,
    features,
    fit,
    preparation,
    unfitted,
)
from training.measures import SURE
from training.split import split


def test_passengers_become_the_columns_the_pipeline_takes() -> None:
    frame = features([Passenger("male", 3), Passenger("female", 1, 29.0)])
    assert list(frame.columns) == list(FEATURES)
    assert np.isnan(frame["age"][0])
    assert frame.iloc[1].tolist() == [29.0, "female", 1]


def test_no_passengers_are_no_rows_of_the_same_types() -> None:
    assert [str(dtype) for dtype in features([]).dtypes] == ["float64", "object", "int64"]


def test_age_is_rounded_to_hundredths_before_anything_else(known: pd.DataFrame) -> None:
    prepared = preparation().fit(known[list(FEATURES)])
    a, b, c = (features([Passenger("male", 3, age)]) for age in (29.004, 29.0, 29.01))
    assert (prepared.transform(a) == prepared.transform(b)).all()
    assert (prepared.transform(b) != prepared.transform(c)).any()


def test_a_missing_age_counts_as_the_median(known: pd.DataFrame) -> None:
    prepared = preparation().fit(known[list(FEATURES)])
    missing, median = (features([Passenger("male", 3, age)]) for age in (None, 28.0))
    assert known["age"].median() == 28.0
    assert (prepared.transform(missing) == prepared.transform(median)).all()


def test_a_sex_and_a_class_that_the_data_lacks_can_still_be_asked_about(
    known: pd.DataFrame, choice: Choice
) -> None:
    men_in_third = known[(known["sex"] == "male") & (known["pclass"] == 3)]
    pipeline = fit(men_in_third, choice)
    assert 0 <= pipeline.predict_proba(features([Passenger("female", 1, 29.0)]))[0, 1] <= 1


def test_the_model_is_what_was_chosen_fitted_to_every_row_to_learn_from(
    model: Pipeline, choice: Choice, parts: Parts
) -> None:
    assert model["knn"].n_samples_fit_ == len(parts.learn)
    chosen = choice.chosen.parameters
    assert model["knn"].get_params().items() >= chosen.model_dump().items()


def test_the_files_order_has_no_part_in_the_model(
    known: pd.DataFrame, model: Pipeline, choice: Choice
) -> None:
    by_outcome = known.sort_values(["survived", "age"], kind="stable")
    again = fit(split(by_outcome)[0], choice)
    inputs = known[list(FEATURES)]
    np.testing.assert_array_equal(again.predict_proba(inputs), model.predict_proba(inputs))


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each candidate on five folds, not three times."""
    monkeypatch.setattr(fitting, "REPEATS", 1)


def test_the_candidate_with_the_least_log_loss_is_chosen(choice: Choice) -> None:
    assert choice.chosen.log_loss == min(each.log_loss for each in choice.candidates)
    assert choice.chosen in choice.candidates
    tried = {(each.parameters.weights, each.parameters.metric) for each in choice.candidates}
    assert len(tried) == 4


def test_the_choice_is_that_of_scikit_learns_own_search(choice: Choice, parts: Parts) -> None:
    few = [each for each in choice.candidates if each.parameters.n_neighbors in (21, 81)]
    search = GridSearchCV(
        unfitted(few[0].parameters),
        [{f"knn__{k}": [v] for k, v in each.parameters.model_dump().items()} for each in few],
        scoring={"log_loss": _bounded_log_loss, "brier": "neg_brier_score"},
        refit=False,
        cv=RepeatedStratifiedKFold(n_splits=5, n_repeats=1, random_state=0),
    ).fit(parts.learn[list(FEATURES)], parts.learn["survived"])
    assert search.cv_results_["mean_test_log_loss"] == pytest.approx([e.log_loss for e in few])
    assert -search.cv_results_["mean_test_brier"] == pytest.approx([e.brier for e in few])


def _bounded_log_loss(pipeline: Pipeline, inputs: pd.DataFrame, outcomes: pd.Series) -> float:
    survival = pipeline.predict_proba(inputs)[:, 1].clip(1 - SURE, SURE)
    return float(log_loss(outcomes, survival))


def test_the_best_k_is_not_the_largest_that_was_tried(choice: Choice) -> None:
    ks = [each.parameters.n_neighbors for each in choice.candidates]
    assert choice.chosen.parameters.n_neighbors < max(ks)


@pytest.mark.usefixtures("once")
def test_the_same_seed_gives_the_same_choice(known: pd.DataFrame) -> None:
    few = split(known.sample(150, random_state=0))[0]
    assert choose(few, seed=3) == choose(few, seed=3)
    assert choose(few, seed=3) != choose(few, seed=4)


@pytest.mark.usefixtures("once")
def test_progress_is_handed_what_will_be_tried(known: pd.DataFrame) -> None:
    seen: list[Parameters] = []

    def progress(tried: Sequence[Parameters]) -> list[Parameters]:
        seen.extend(tried)
        return seen[:2]

    few = split(known.sample(150, random_state=0))[0]
    choice = choose(few, seed=0, progress=progress)
    assert [each.parameters for each in choice.candidates] == seen[:2]
    assert seen == candidates(len(few) * 4 // 5)


@pytest.mark.usefixtures("once")
def test_a_hundred_rows_and_ten_of_an_outcome_are_enough(known: pd.DataFrame) -> None:
    dead = known[known["survived"] == 0].sample(90, random_state=0)
    alive = known[known["survived"] == 1].sample(10, random_state=0)
    learn, _ = split(pd.concat([dead, alive]))
    assert np.isfinite(choose(learn, seed=0).chosen.log_loss)


@pytest.mark.usefixtures("once")
def test_of_many_rows_a_sample_decides_and_the_choice_says_so(
    known: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "MAX_ROWS", 200)
    choice = choose(known, seed=0)
    assert (choice.rows, choice.of) == (200, 1309)
    assert [each.parameters for each in choice.candidates] == candidates(160)


@pytest.mark.parametrize("rows", [1, 40, 60, 837, 4_000])
def test_there_is_always_something_to_try_and_never_more_neighbours_than_rows(rows: int) -> None:
    tried = candidates(rows)
    assert tried
    assert len(tried) == len(set(tried))
    assert all(1 <= each.n_neighbors <= rows for each in tried)
    assert all(each.n_neighbors % 2 for each in tried), "an even number ties"
