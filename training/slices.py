"""For whom the model is right: the held-out passengers by sex, class, both, and age."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict
from scipy.stats import binomtest

from titanic_model.passenger import CLASSES, SEXES
from titanic_model.scorer import TIE
from training.measures import CONFIDENCE, Estimate, log_loss

# Years; each band from the first number up to, not including, the next.
AGE_BANDS: Final = {
    "under 13": (0, 13),
    "13 to 29": (13, 30),
    "30 to 44": (30, 45),
    "45 to 59": (45, 60),
    "60 and over": (60, float("inf")),
}
# Two dozen comparisons at 95 % would mark a slice by chance alone, most of the time.
MARK_CONFIDENCE: Final = 0.99


class Slice(BaseModel):
    """A group of held-out passengers; `marks` say where it is wrong about them, if it is.

    `survival` (the rate) and `accuracy` are with Wilson's intervals at 95 %, the marks go by
    those at 99 %.
    """

    model_config = ConfigDict(frozen=True)

    by: str
    value: str
    rows: int
    survival: Estimate
    mean_prediction: float
    accuracy: Estimate
    log_loss: float
    marks: tuple[str, ...]


def slices(held_out: pd.DataFrame, survival: pd.Series) -> tuple[Slice, ...]:
    """Every group that has anyone in it. `survival`: the probabilities, row by row."""
    right = (survival > TIE) == (held_out["survived"] == 1)
    overall = float(right.mean())
    return tuple(
        _slice(by, value, held_out["survived"][rows], survival[rows], overall)
        for by, value, rows in _groups(held_out)
        if rows.any()
    )


def _groups(held_out: pd.DataFrame) -> Iterator[tuple[str, str, pd.Series]]:
    sex, pclass, age = (held_out[column] for column in ("sex", "pclass", "age"))
    for each in SEXES:
        yield "sex", each, sex == each
    for number in CLASSES:
        yield "class", str(number), pclass == number
    for each in SEXES:
        for number in CLASSES:
            yield "sex and class", f"{each}, {number}", (sex == each) & (pclass == number)
    for band, (low, high) in AGE_BANDS.items():
        yield "age", band, (age >= low) & (age < high)
    yield "age", "missing", age.isna()


def _slice(by: str, value: str, outcomes: pd.Series, survival: pd.Series, overall: float) -> Slice:
    rows, survived = len(outcomes), int(outcomes.sum())
    right = int(((survival > TIE) == (outcomes == 1)).sum())
    mean = float(survival.mean())
    marks = []
    rate, sure_rate = wilson(survived, rows), wilson(survived, rows, MARK_CONFIDENCE)
    if not sure_rate.low <= mean <= sure_rate.high:
        much = "too high" if mean > rate.value else "too low"
        marks.append(f"{much}: says {mean:.0%}, {rate.value:.0%} survived")
    if wilson(right, rows, MARK_CONFIDENCE).high < overall:
        marks.append(f"right for {right / rows:.0%}, for all for {overall:.0%}")
    losses = log_loss(np.ones((1, rows)), outcomes.to_numpy(np.float64), survival.to_numpy())
    return Slice(
        by=by,
        value=value,
        rows=rows,
        survival=rate,
        mean_prediction=mean,
        accuracy=wilson(right, rows),
        log_loss=float(losses[0]),
        marks=tuple(marks),
    )


def wilson(count: int, of: int, confidence: float = CONFIDENCE) -> Estimate:
    """The share with its interval (Wilson, 1927), which stays within 0 and 1."""
    interval = binomtest(count, of).proportion_ci(confidence, method="wilson")
    return Estimate(value=count / of, low=float(interval.low), high=float(interval.high))
