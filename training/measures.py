"""How good probabilities are, and how sure that is: metrics of weighted rows, resampled.

A row may stand for many: all is computed on distinct rows and their weights, so that 200,000
held-out passengers, of at most 120,024 kinds, are resampled in the memory of their kinds.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from titanic_model.scorer import TIE

Floats = npt.NDArray[np.float64]

ACCURACY: Final = "accuracy"
LOG_LOSS: Final = "log_loss"
ROC_AUC: Final = "roc_auc"
BRIER: Final = "brier"
CALIBRATION: Final = "calibration_error"

# What log loss takes for sure. To be wrong where all of 41 neighbours agree costs 4.6 nats, not the
# 36 of the float next to 0, by which one passenger would outweigh a hundred.
SURE: Final = 0.99
CALIBRATION_BINS: Final = 10
RESAMPLES: Final = 1_000
CONFIDENCE: Final = 0.95
# Of the weights of resamples that are held at once; 8 bytes each.
_BATCH_WEIGHTS: Final = 1_000_000


class Estimate(BaseModel):
    """A value with its 95 % confidence interval."""

    model_config = ConfigDict(frozen=True)

    value: float
    low: float
    high: float


def accuracy(weights: Floats, outcomes: Floats, survival: Floats) -> Floats:
    """The share that is right; a probability of a half is a no."""
    return _mean(weights, (survival > TIE) == outcomes)


def log_loss(weights: Floats, outcomes: Floats, survival: Floats) -> Floats:
    """The mean negative log-likelihood in nats, probabilities brought within `SURE`."""
    of_the_outcome = np.where(outcomes == 1, survival, 1 - survival)
    return _mean(weights, -np.log(np.clip(of_the_outcome, 1 - SURE, SURE)))


def brier(weights: Floats, outcomes: Floats, survival: Floats) -> Floats:
    """The mean squared error of the probability (Brier, 1950)."""
    return _mean(weights, (survival - outcomes) ** 2)


def calibration_error(weights: Floats, outcomes: Floats, survival: Floats) -> Floats:
    """The expected calibration error over ten bins of equal width (Naeini et al., 2015).

    Each bin's distance between the mean probability and the share that survived, weighted by its
    rows. Few rows read high: chance alone keeps the two apart.
    """
    in_bin = np.eye(CALIBRATION_BINS)[bins(survival)]
    gaps: Floats = weights @ (in_bin * (outcomes - survival)[:, np.newaxis])
    error: Floats = np.abs(gaps).sum(axis=1) / weights.sum(axis=1)
    return error


def roc_auc(weights: Floats, outcomes: Floats, survival: Floats) -> Floats:
    """How often one who survived gets the higher probability of a pair; equal ones count half."""
    order = np.argsort(survival, kind="stable")
    starts = np.flatnonzero(np.diff(survival[order], prepend=-1.0))
    ordered, survived = weights[:, order], outcomes[order]
    yes = np.add.reduceat(ordered * survived, starts, axis=1)
    no = np.add.reduceat(ordered * (1 - survived), starts, axis=1)
    below = np.cumsum(no, axis=1) - no / 2
    area: Floats = (yes * below).sum(axis=1) / (yes.sum(axis=1) * no.sum(axis=1))
    return area


# weights: resamples x rows; outcomes (0, 1) and probabilities of survival: rows -> one value
# for each resample.
METRICS: Final[Mapping[str, Callable[[Floats, Floats, Floats], Floats]]] = {
    ACCURACY: accuracy,
    LOG_LOSS: log_loss,
    ROC_AUC: roc_auc,
    BRIER: brier,
    CALIBRATION: calibration_error,
}

# As a reader meets them; more is better of those that point up.
HEADINGS: Final[Mapping[str, str]] = {
    ACCURACY: "accuracy ↑",
    LOG_LOSS: "log loss ↓",
    ROC_AUC: "ROC AUC ↑",
    BRIER: "Brier ↓",
    CALIBRATION: "calibration error ↓",
}


def bins(survival: Floats) -> npt.NDArray[np.int64]:
    """The calibration bin of each probability: [0, 0.1) is 0, …, [0.9, 1] is 9."""
    return np.minimum(survival * CALIBRATION_BINS, CALIBRATION_BINS - 1).astype(np.int64)


def measure(outcomes: Floats, survival: Floats, counts: Floats | None = None) -> dict[str, float]:
    """Every metric of these probabilities. Both outcomes must be there."""
    weights = np.ones((1, len(outcomes))) if counts is None else counts[np.newaxis]
    return {name: float(metric(weights, outcomes, survival)[0]) for name, metric in METRICS.items()}


def resample(
    outcomes: Floats, counts: Floats, survivals: Mapping[str, Floats], *, seed: int
) -> dict[str, dict[str, Floats]]:
    """Each contender's metrics on `RESAMPLES` bootstrap samples, the same samples for all.

    A sample is drawn as the rows are, but for having at least one of either outcome, without
    which ROC AUC is not defined. `counts` says how many rows each row stands for.
    """
    drawn: dict[str, dict[str, list[Floats]]] = {
        name: {metric: [] for metric in METRICS} for name in survivals
    }
    for weights in _samples(outcomes, counts, seed):
        for name, survival in survivals.items():
            for metric, values in drawn[name].items():
                values.append(METRICS[metric](weights, outcomes, survival))
    return {
        name: {metric: np.concatenate(values) for metric, values in metrics.items()}
        for name, metrics in drawn.items()
    }


def _mean(weights: Floats, of_each_row: npt.NDArray[np.floating | np.bool_]) -> Floats:
    mean: Floats = weights @ of_each_row / weights.sum(axis=1)
    return mean


def estimate(value: float, samples: Floats) -> Estimate:
    """The value and the percentiles of its bootstrap samples.

    Of the calibration error these read high, as it does itself of few rows.
    """
    low, high = np.quantile(samples, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(value=value, low=float(low), high=float(high))


def _samples(outcomes: Floats, counts: Floats, seed: int) -> Iterator[Floats]:
    random = np.random.default_rng(seed)
    at_once = max(1, _BATCH_WEIGHTS // len(counts))
    rows = int(counts.sum())
    survived = outcomes == 1
    rate = counts[survived].sum() / rows
    for start in range(0, RESAMPLES, at_once):
        samples = min(at_once, RESAMPLES - start)
        weights = np.empty((samples, len(counts)))
        survivors = np.clip(random.binomial(rows, rate, samples), 1, rows - 1)
        for group, drawn in ((survived, survivors), (~survived, rows - survivors)):
            weights[:, group] = random.multinomial(drawn, counts[group] / counts[group].sum())
        yield weights
