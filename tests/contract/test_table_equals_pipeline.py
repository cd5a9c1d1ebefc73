"""A release's table is its pipeline, on every input there is."""

import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.pipeline import Pipeline

from titanic_model.passenger import CLASSES, SEXES, Passenger
from titanic_model.releases import Releases
from titanic_model.scorer import DOMAIN_SIZE, Scorer, domain
from training import export
from training.checks import check
from training.dataset import load
from training.fit import FEATURES, Metric, Parameters, Weights, features, unfitted
from training.split import split


@pytest.fixture(scope="module")
def scorer(release_store: str) -> Scorer:
    releases = Releases(release_store)
    return releases.load(releases.champion())[1]


def _agree(scorer: Scorer, pipeline: Pipeline, passengers: list[Passenger]) -> None:
    inputs = features(passengers)
    answers = [scorer.answer(passenger) for passenger in passengers]
    np.testing.assert_array_equal(
        [answer.probability for answer in answers], pipeline.predict_proba(inputs)[:, 1]
    )
    np.testing.assert_array_equal([answer.survived for answer in answers], pipeline.predict(inputs))


def test_the_scorer_says_what_the_pipeline_says_of_all_inputs(
    scorer: Scorer, pipeline: Pipeline
) -> None:
    everyone = list(domain())
    assert len(everyone) == DOMAIN_SIZE == 60_012
    _agree(scorer, pipeline, everyone)


def test_the_scorer_rounds_as_the_pipeline_does_around_every_half_hundredth(
    scorer: Scorer, pipeline: Pipeline
) -> None:
    halves = (np.arange(0, 10_000) + 0.5) / 100
    near = np.concatenate([np.nextafter(halves, -1), halves, np.nextafter(halves, 101)])
    _agree(scorer, pipeline, [Passenger("male", 3, float(age)) for age in near])


_HALF = st.integers(0, 9_999).map(lambda hundredths: (hundredths + 0.5) / 100)
AGES = (
    st.floats(0, 100)
    | st.floats(0, 100).map(lambda age: round(age, 3))
    | _HALF
    | _HALF.map(lambda age: math.nextafter(age, 101))
    | _HALF.map(lambda age: math.nextafter(age, -1))
    | st.floats(0, 5e-308)
    | st.sampled_from([-0.0, 5e-324, 100.0, math.nextafter(100, 0), 0.005, 24.5])
    | st.none()
)


@settings(max_examples=40)
@given(st.lists(AGES, min_size=1, max_size=50))
def test_the_scorer_says_what_the_pipeline_says_of_any_age(
    scorer: Scorer, pipeline: Pipeline, ages: list[float | None]
) -> None:
    _agree(
        scorer,
        pipeline,
        [Passenger(sex, pclass, age) for sex, pclass, age in product(SEXES, CLASSES, ages)],
    )


def test_one_passenger_alone_gets_the_same_answer_as_among_others(
    scorer: Scorer, pipeline: Pipeline
) -> None:
    for age in (0.0, 24.5, 29.0, 100.0, None):
        _agree(scorer, pipeline, [Passenger("female", 2, age)])


def test_the_pipeline_does_not_mind_more_threads(pipeline: Pipeline) -> None:
    inputs = features(list(domain())[::7])
    alone = pipeline.predict_proba(inputs)
    try:
        pipeline["knn"].n_jobs = 2
        together = pipeline.predict_proba(inputs)
    finally:
        pipeline["knn"].n_jobs = None
    np.testing.assert_array_equal(alone, together)


def test_the_pipeline_takes_a_frame_with_missing_ages(pipeline: Pipeline) -> None:
    frame = pd.DataFrame({"age": [np.nan], "sex": ["male"], "pclass": [3]})
    assert 0 <= pipeline.predict_proba(frame)[0, 1] <= 1


@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("k", [1, 21, 81])
def test_the_scorer_says_what_any_pipeline_that_can_be_chosen_says(
    k: int, weights: Weights, metric: Metric
) -> None:
    learn = split(check(load()).rows)[0]
    parameters = Parameters(n_neighbors=k, weights=weights, metric=metric)
    chosen = unfitted(parameters).fit(learn[list(FEATURES)], learn["survived"])
    encoded = export.table(chosen)
    again = export.load(export.dump(chosen, encoded))
    scorer = Scorer("chosen", encoded)
    some = list(domain())[::7]
    _agree(scorer, again, [*some, *(Passenger("male", 3, age) for age in (24.5, 29.004, None))])
