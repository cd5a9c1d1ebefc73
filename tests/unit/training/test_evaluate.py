"""The evaluation: the figures are those of the definition, and the baselines are what they say."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss

from titanic_model.passenger import Passenger
from titanic_model.releases import Releases
from training import evaluate
from training.checks import check
from training.dataset import load
from training.evaluate import MODEL, contenders, means, rounds, scores
from training.fit import features


@pytest.fixture(scope="module")
def known() -> pd.DataFrame:
    return check(load())


@pytest.fixture(scope="module")
def metrics(release_store: str) -> dict[str, dict[str, float]]:
    releases = Releases(release_store)
    return releases.manifest(releases.champion()).metrics


def test_always_no_is_right_as_often_as_passengers_died(
    known: pd.DataFrame, metrics: dict[str, dict[str, float]]
) -> None:
    always_no = metrics["always no"]
    rate = known["survived"].mean()
    constant = np.full(len(known), rate)
    assert always_no["accuracy"] == pytest.approx(
        accuracy_score(known["survived"], constant > 0.5), abs=1e-3
    )
    assert always_no["log_loss"] == pytest.approx(log_loss(known["survived"], constant), abs=1e-3)
    assert always_no["brier"] == pytest.approx(
        brier_score_loss(known["survived"], constant), abs=1e-3
    )
    assert always_no["roc_auc"] == 0.5


def test_by_sex_alone_is_the_rate_of_each_sex(known: pd.DataFrame) -> None:
    by_sex = contenders(0)["by sex alone"](known)
    rates = known.groupby("sex")["survived"].mean()
    for sex in ("female", "male"):
        asked = features([Passenger(sex, 3, 29.0), Passenger(sex, 1)])
        assert by_sex.predict_proba(asked)[:, 1] == pytest.approx(rates[sex])


def test_the_model_is_better_than_the_simple_ones_where_probabilities_count(
    metrics: dict[str, dict[str, float]],
) -> None:
    model = metrics[MODEL]
    assert model["roc_auc"] > 0.82
    assert model["log_loss"] < 0.48
    for simple in ("always no", "by sex alone"):
        for metric in ("log_loss", "brier"):
            assert model[metric] < metrics[simple][metric]


def test_the_same_seed_gives_the_same_figures_as_many_as_said(
    known: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate, "FOLDS", 2)
    few = known.sample(150, random_state=0)
    measured = list(scores(few, seed=3))
    assert measured == list(scores(few, seed=3))
    assert len(measured) == rounds(3) == 2 * len(contenders(3))


def test_a_hundred_rows_and_ten_of_an_outcome_can_be_evaluated(
    known: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate, "contenders", lambda seed: {MODEL: contenders(seed)[MODEL]})
    dead = known[known["survived"] == 0].sample(90, random_state=0)
    alive = known[known["survived"] == 1].sample(10, random_state=0)
    metrics = means(list(scores(pd.concat([dead, alive]), seed=0)))
    assert all(np.isfinite(value) for figures in metrics.values() for value in figures.values())
