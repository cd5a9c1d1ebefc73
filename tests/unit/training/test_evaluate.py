"""The evaluation: on unseen passengers, beside baselines that are what they say."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.pipeline import Pipeline

from tests.unit.training.conftest import Parts
from titanic_model.passenger import Passenger
from training import baselines
from training.evaluate import MODEL, Evaluation, evaluate
from training.fit import FEATURES, Choice, features, fit
from training.measures import METRICS
from training.split import split


def test_the_figures_are_those_of_the_held_out_passengers(
    evaluation: Evaluation, model: Pipeline, parts: Parts
) -> None:
    outcomes = parts.held_out["survived"]
    survival = model.predict_proba(parts.held_out[list(FEATURES)])[:, 1]
    assert evaluation.held_out_rows == len(outcomes)
    metrics = evaluation.metrics()[MODEL]
    assert metrics["accuracy"] == pytest.approx(((survival > 0.5) == outcomes).mean())
    assert metrics["log_loss"] == pytest.approx(log_loss(outcomes, survival))
    assert metrics["roc_auc"] == pytest.approx(roc_auc_score(outcomes, survival))


def test_every_figure_is_within_its_interval(evaluation: Evaluation) -> None:
    for contender in evaluation.contenders.values():
        assert set(contender.metrics) == set(METRICS)
        for found in [*contender.metrics.values(), *contender.difference.values()]:
            assert found.low <= found.value <= found.high


def test_the_baselines_stand_beside_the_model(evaluation: Evaluation) -> None:
    assert list(evaluation.contenders) == [
        MODEL,
        "always no",
        "by sex alone",
        "logistic regression",
        "gradient boosting",
    ]
    ours = evaluation.model.metrics["log_loss"].value
    assert not evaluation.model.difference
    for name in baselines.BASELINES:
        baseline = evaluation.contenders[name]
        theirs = baseline.metrics["log_loss"].value
        assert baseline.difference["log_loss"].value == pytest.approx(ours - theirs)


def test_the_model_is_better_than_no_model_beyond_chance(evaluation: Evaluation) -> None:
    difference = evaluation.contenders["always no"].difference
    for metric in ("log_loss", "brier"):
        assert difference[metric].high < 0
    for metric in ("accuracy", "roc_auc"):
        assert difference[metric].low > 0
    assert evaluation.model.metrics["roc_auc"].value > 0.8


def test_paired_differences_are_surer_than_the_figures_apart(evaluation: Evaluation) -> None:
    other = evaluation.contenders["logistic regression"]
    paired, apart = other.difference["log_loss"], other.metrics["log_loss"]
    assert paired.high - paired.low < apart.high - apart.low


def test_always_no_says_the_rate_of_those_it_learned_from(parts: Parts) -> None:
    always_no = baselines.fitted(parts.learn, seed=0)["always no"]
    asked = features([Passenger("female", 1, 29.0)])
    assert always_no.predict_proba(asked)[0, 1] == pytest.approx(parts.learn["survived"].mean())
    assert always_no.predict(asked)[0] == 0


def test_by_sex_alone_is_the_rate_of_each_sex(parts: Parts) -> None:
    by_sex = baselines.fitted(parts.learn, seed=0)["by sex alone"]
    rates = parts.learn.groupby("sex")["survived"].mean()
    for sex in ("female", "male"):
        asked = features([Passenger(sex, 3, 29.0), Passenger(sex, 1)])
        assert by_sex.predict_proba(asked)[:, 1] == pytest.approx(rates[sex])


def test_the_parts_add_up(evaluation: Evaluation) -> None:
    confusion = evaluation.confusion
    assert sum(confusion.model_dump().values()) == evaluation.held_out_rows
    assert confusion.said_no_survived + confusion.said_yes_survived == evaluation.held_out_survived
    assert sum(each.rows for each in evaluation.calibration) == evaluation.held_out_rows
    right = (confusion.said_no_died + confusion.said_yes_survived) / evaluation.held_out_rows
    assert right == pytest.approx(evaluation.model.metrics["accuracy"].value)


def test_the_calibration_error_is_that_of_the_curve(evaluation: Evaluation) -> None:
    error = sum(
        each.rows * abs(each.mean_prediction - each.survival.value)
        for each in evaluation.calibration
    )
    found = evaluation.model.metrics["calibration_error"].value
    assert found == pytest.approx(error / evaluation.held_out_rows)


def test_each_roc_curve_encloses_its_area(evaluation: Evaluation) -> None:
    for contender in evaluation.contenders.values():
        wrong, right = zip(*contender.roc, strict=True)
        assert (contender.roc[0], contender.roc[-1]) == ((0, 0), (1, 1))
        area = contender.metrics["roc_auc"].value
        assert np.trapezoid(right, wrong) == pytest.approx(area, abs=0.002)


def test_json_gives_it_back(evaluation: Evaluation) -> None:
    assert Evaluation.model_validate_json(evaluation.model_dump_json()) == evaluation


def test_the_same_seed_gives_the_same_figures(
    evaluation: Evaluation, model: Pipeline, parts: Parts, choice: Choice
) -> None:
    again = evaluate(model, parts.learn, parts.held_out, choice=choice, seed=0)
    assert again == evaluation


def test_equal_passengers_count_each(
    evaluation: Evaluation, model: Pipeline, parts: Parts, choice: Choice
) -> None:
    twice = pd.concat([parts.held_out, parts.held_out], ignore_index=True)
    found = evaluate(model, parts.learn, twice, choice=choice, seed=0)
    assert found.held_out_rows == 2 * evaluation.held_out_rows
    for name, metrics in found.metrics().items():
        assert metrics == pytest.approx(evaluation.metrics()[name])
    narrow, wide = (each.model.metrics["accuracy"] for each in (found, evaluation))
    assert narrow.high - narrow.low < wide.high - wide.low


def test_a_hundred_rows_and_ten_of_an_outcome_can_be_evaluated(
    known: pd.DataFrame, choice: Choice
) -> None:
    dead = known[known["survived"] == 0].sample(90, random_state=0)
    alive = known[known["survived"] == 1].sample(10, random_state=0)
    learn, held_out = split(pd.concat([dead, alive]))
    few = choice.chosen.parameters.model_copy(update={"n_neighbors": 5})
    chosen = choice.model_copy(
        update={"chosen": choice.chosen.model_copy(update={"parameters": few})}
    )
    found = evaluate(fit(learn, chosen), learn, held_out, choice=chosen, seed=0)
    for metrics in found.metrics().values():
        assert all(np.isfinite(value) for value in metrics.values())
