"""The pipeline: what it is made of, and that the choice of k is sound."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from titanic_model.passenger import Passenger
from training.checks import check
from training.dataset import load
from training.fit import FEATURES, NEIGHBOURS, best_k, features, fit, preparation


@pytest.fixture(scope="module")
def known() -> pd.DataFrame:
    return check(load())


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
    known: pd.DataFrame,
) -> None:
    men_in_third = known[(known["sex"] == "male") & (known["pclass"] == 3)]
    pipeline = fit(men_in_third, seed=0)
    assert 0 <= pipeline.predict_proba(features([Passenger("female", 1, 29.0)]))[0, 1] <= 1


def test_the_same_seed_gives_the_same_model(known: pd.DataFrame, pipeline: Pipeline) -> None:
    again = fit(known, seed=0)
    assert again["knn"].n_neighbors == pipeline["knn"].n_neighbors
    inputs = known[list(FEATURES)]
    assert (again.predict_proba(inputs) == pipeline.predict_proba(inputs)).all()


def test_k_has_the_least_log_loss_as_scikit_learns_own_search_finds_it(
    known: pd.DataFrame, pipeline: Pipeline
) -> None:
    from sklearn.model_selection import GridSearchCV, StratifiedKFold

    search = GridSearchCV(
        clone(pipeline),
        {"knn__n_neighbors": NEIGHBOURS},
        scoring="neg_log_loss",
        cv=StratifiedKFold(5, shuffle=True, random_state=0),
    ).fit(known[list(FEATURES)], known["survived"])
    assert best_k(known, seed=0) == search.best_params_["knn__n_neighbors"]


def test_k_is_never_more_than_there_are_passengers(known: pd.DataFrame) -> None:
    few = known.sample(40, random_state=1)
    assert best_k(few, seed=0) <= 32
