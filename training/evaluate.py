"""How good the model is, for whom, and beside what: measured on passengers it has not seen."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict
from sklearn.metrics import roc_curve
from sklearn.pipeline import Pipeline

from titanic_model.scorer import TIE
from training import baselines
from training.fit import FEATURES, OUTCOME, Choice
from training.measures import (
    CALIBRATION_BINS,
    METRICS,
    RESAMPLES,
    Estimate,
    Floats,
    bins,
    estimate,
    measure,
    resample,
)
from training.slices import Slice, slices, wilson

MODEL: Final = "knn"
# A curve is drawn with no more; 200,000 passengers give thousands.
MAX_ROC_POINTS: Final = 200


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Contender(_Frozen):
    """The model or a baseline: its metrics, and how far the model's are from them.

    `difference` is the model's metric minus this one's, on the same resamples; empty for the
    model. An interval that holds 0 says that chance may have made it. `roc` is from (0, 0) to
    (1, 1): false positives, true positives.
    """

    metrics: dict[str, Estimate]
    difference: dict[str, Estimate]
    roc: tuple[tuple[float, float], ...]


class CalibrationBin(_Frozen):
    """The passengers whose probability is from `low` to `high`; only bins that have some."""

    low: float
    high: float
    rows: int
    mean_prediction: float
    survival: Estimate


class Confusion(_Frozen):
    """Held-out passengers by what was said of them and what became of them."""

    said_no_died: int
    said_no_survived: int
    said_yes_died: int
    said_yes_survived: int


class Evaluation(_Frozen):
    """All that was measured. `contenders` starts with `MODEL`."""

    seed: int
    learn_rows: int
    held_out_rows: int
    held_out_survived: int
    resamples: int
    choice: Choice
    contenders: dict[str, Contender]
    calibration: tuple[CalibrationBin, ...]
    confusion: Confusion
    slices: tuple[Slice, ...]

    def metrics(self) -> dict[str, dict[str, float]]:
        """Each contender's held-out metrics, as a manifest keeps them."""
        return {
            name: {metric: found.value for metric, found in contender.metrics.items()}
            for name, contender in self.contenders.items()
        }

    @property
    def model(self) -> Contender:
        """The model itself."""
        return self.contenders[MODEL]


def evaluate(
    pipeline: Pipeline, learn: pd.DataFrame, held_out: pd.DataFrame, *, choice: Choice, seed: int
) -> Evaluation:
    """Measure a pipeline, fitted to `learn`, and the baselines on `held_out`, as `split` made it.

    Equal passengers are asked about once and weighted, in memory for at most 120,024 kinds.
    """
    kinds, kind_of = _kinds(held_out)
    pipelines = {MODEL: pipeline, **baselines.fitted(learn, seed=seed)}
    survivals: dict[str, Floats] = {
        name: each.predict_proba(kinds[list(FEATURES)])[:, 1] for name, each in pipelines.items()
    }
    survival = survivals[MODEL][kind_of]
    outcomes = held_out[OUTCOME].to_numpy(np.float64)
    return Evaluation(
        seed=seed,
        learn_rows=len(learn),
        held_out_rows=len(held_out),
        held_out_survived=int(outcomes.sum()),
        resamples=RESAMPLES,
        choice=choice,
        contenders=_contenders(kinds, survivals, seed),
        calibration=_calibration(outcomes, survival),
        confusion=_confusion(outcomes, survival),
        slices=slices(held_out, pd.Series(survival, index=held_out.index)),
    )


def _kinds(held_out: pd.DataFrame) -> tuple[pd.DataFrame, npt.NDArray[np.integer]]:
    """The distinct passengers, outcome and `count` included, and each row's place among them."""
    columns = [*FEATURES, OUTCOME]
    rounded = held_out[columns].assign(age=held_out["age"].round(2))  # as the pipeline itself does
    kind_of = rounded.groupby(columns, dropna=False, sort=False).ngroup().to_numpy()
    first = np.unique(kind_of, return_index=True)[1]
    return rounded.iloc[first].assign(count=np.bincount(kind_of)), kind_of


def _contenders(
    kinds: pd.DataFrame, survivals: Mapping[str, Floats], seed: int
) -> dict[str, Contender]:
    outcomes, counts = (kinds[column].to_numpy(np.float64) for column in (OUTCOME, "count"))
    values = {name: measure(outcomes, each, counts) for name, each in survivals.items()}
    samples = resample(outcomes, counts, survivals, seed=seed)
    return {
        name: Contender(
            metrics={
                metric: estimate(values[name][metric], samples[name][metric]) for metric in METRICS
            },
            difference={}
            if name == MODEL
            else {
                metric: estimate(
                    values[MODEL][metric] - values[name][metric],
                    samples[MODEL][metric] - samples[name][metric],
                )
                for metric in METRICS
            },
            roc=_roc(outcomes, survivals[name], counts),
        )
        for name in survivals
    }


def _roc(outcomes: Floats, survival: Floats, counts: Floats) -> tuple[tuple[float, float], ...]:
    wrong, right, _ = roc_curve(outcomes, survival, sample_weight=counts)
    places = np.unique(np.linspace(0, len(wrong) - 1, MAX_ROC_POINTS).round().astype(int))
    return tuple((float(wrong[place]), float(right[place])) for place in places)


def _calibration(outcomes: Floats, survival: Floats) -> tuple[CalibrationBin, ...]:
    bin_of = bins(survival)
    return tuple(
        CalibrationBin(
            low=number / CALIBRATION_BINS,
            high=(number + 1) / CALIBRATION_BINS,
            rows=int(inside.sum()),
            mean_prediction=float(survival[inside].mean()),
            survival=wilson(int(outcomes[inside].sum()), int(inside.sum())),
        )
        for number in range(CALIBRATION_BINS)
        if (inside := bin_of == number).any()
    )


def _confusion(outcomes: Floats, survival: Floats) -> Confusion:
    yes, survived = survival > TIE, outcomes == 1
    return Confusion(
        said_no_died=int((~yes & ~survived).sum()),
        said_no_survived=int((~yes & survived).sum()),
        said_yes_died=int((yes & ~survived).sum()),
        said_yes_survived=int((yes & survived).sum()),
    )
