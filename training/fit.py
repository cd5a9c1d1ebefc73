"""The model: a scikit-learn pipeline from age, sex and class to a probability of survival.

It is chosen among `candidates` by cross-validation within the rows to learn from alone.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import (
    ParameterGrid,
    RepeatedStratifiedKFold,
    cross_validate,
    train_test_split,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from titanic_model.passenger import CLASSES, SEXES, Passenger
from training.measures import METRICS, measure

FEATURES: Final = ("age", "sex", "pclass")
OUTCOME: Final = "survived"

Weights = Literal["uniform", "distance"]
Metric = Literal["euclidean", "manhattan"]

# Between a hundredth and a sixth of the rows at hand: fewer neighbours are sure of what they
# cannot know, and log loss punishes that; with more the classes blur.
NEIGHBOURS: Final = (5, 11, 21, 41, 61, 81, 101, 121, 161, 241, 321, 481)
FEWEST_SHARE: Final = 1 / 100
MOST_SHARE: Final = 1 / 6
FOLDS: Final = 5
REPEATS: Final = 3
# More rows say little more about which k is best, and take longer to say it.
MAX_ROWS: Final = 5_000


class Parameters(BaseModel):
    """What there is to choose: how many neighbours vote, with what weight, by which distance."""

    model_config = ConfigDict(frozen=True)

    n_neighbors: int
    weights: Weights
    metric: Metric

    def __str__(self) -> str:
        weighted = ", weighted by distance" if self.weights == "distance" else ""
        return f"k={self.n_neighbors}, {self.metric}{weighted}"


class Candidate(BaseModel):
    """Parameters and what cross-validation says of them, each the mean of all folds.

    `log_loss_se` is the mean's standard error, corrected for folds that share rows to learn from
    (Nadeau and Bengio, 2003). Folds are small: their calibration errors read high, all alike.
    """

    model_config = ConfigDict(frozen=True)

    parameters: Parameters
    log_loss: float
    log_loss_se: float
    brier: float
    calibration_error: float


class Choice(BaseModel):
    """All candidates, which of them was chosen, and on how many `rows` of how many (`of`)."""

    model_config = ConfigDict(frozen=True)

    chosen: Candidate
    candidates: tuple[Candidate, ...]
    folds: int
    repeats: int
    rows: int
    of: int


def features(passengers: Iterable[Passenger]) -> pd.DataFrame:
    """Passengers as the pipeline takes them: age in years (NaN: missing), sex, pclass."""
    rows = [(p.age, p.sex, p.pclass) for p in passengers]
    frame = pd.DataFrame.from_records(rows, columns=FEATURES)
    return frame.astype({"age": "float64", "pclass": "int64"})


def preparation() -> ColumnTransformer:
    """Age rounded to hundredths, the median where it is missing, scaled; sex and class one-hot.

    The rounding is the table's: `titanic_model.scorer` looks ages up in hundredths of a year.
    """
    age = Pipeline(
        [
            ("round", FunctionTransformer(np.round, kw_args={"decimals": 2})),
            ("impute", SimpleImputer(strategy="median", keep_empty_features=True)),
            ("scale", StandardScaler()),
        ]
    )
    # All categories, whether or not the data has them: an event may.
    kinds = OneHotEncoder(categories=[list(SEXES), list(CLASSES)])
    return ColumnTransformer([("age", age, ["age"]), ("kinds", kinds, ["sex", "pclass"])])


def unfitted(parameters: Parameters) -> Pipeline:
    """The pipeline before it has seen anyone."""
    knn = KNeighborsClassifier(**parameters.model_dump(), algorithm="kd_tree")
    return Pipeline([("preparation", preparation()), ("knn", knn)])


def fit(learn: pd.DataFrame, choice: Choice) -> Pipeline:
    """The chosen pipeline, fitted to all rows to learn from.

    `learn` comes from `split`, whose order is that of no column: of neighbours at the same
    distance scikit-learn's tree takes some by their place.
    """
    return unfitted(choice.chosen.parameters).fit(learn[list(FEATURES)], learn[OUTCOME])


def candidates(rows: int) -> list[Parameters]:
    """What is tried on that many rows to learn from.

    Weighted by distance, passengers just like the one in question decide alone, whatever k is:
    log loss moves by less than a hundredth from k=21 on, so two k stand for all.
    """
    ks = [k for k in NEIGHBOURS if FEWEST_SHARE * rows <= k <= MOST_SHARE * rows] or [1]
    metrics = ["euclidean", "manhattan"]
    grid = ParameterGrid(
        [
            {"weights": ["uniform"], "metric": metrics, "n_neighbors": ks},
            {
                "weights": ["distance"],
                "metric": metrics,
                "n_neighbors": sorted({ks[len(ks) // 4], ks[-1]}),
            },
        ]
    )
    return [Parameters.model_validate(parameters) for parameters in grid]


def choose(
    learn: pd.DataFrame,
    *,
    seed: int,
    progress: Callable[[Sequence[Parameters]], Iterable[Parameters]] = iter,
) -> Choice:
    """The candidate with the least log loss by repeated stratified cross-validation.

    Of more than `MAX_ROWS` rows a stratified sample of that many decides, and the k that it
    finds best is kept: among more rows as many neighbours are nearer, so their votes are no
    noisier than what was measured and less blurred. `progress` is handed what will be tried and
    gives it back one by one, as `rich.progress.track` does.

    The least, not the most neighbours within one standard error of it: over ten splits of the
    Titanic's passengers that rule took two or three times as many, and was worse in six, by 0.005
    of held-out log loss in the mean.
    """
    sample = _sample(learn, seed)
    tried = candidates(len(sample) * (FOLDS - 1) // FOLDS)
    scored = tuple(_score(parameters, sample, seed) for parameters in progress(tried))
    return Choice(
        chosen=min(scored, key=lambda candidate: candidate.log_loss),
        candidates=scored,
        folds=FOLDS,
        repeats=REPEATS,
        rows=len(sample),
        of=len(learn),
    )


def _sample(learn: pd.DataFrame, seed: int) -> pd.DataFrame:
    if len(learn) <= MAX_ROWS:
        return learn
    chosen: pd.DataFrame = train_test_split(
        learn, train_size=MAX_ROWS, stratify=learn[OUTCOME], random_state=seed
    )[0]
    return chosen


def _score(parameters: Parameters, rows: pd.DataFrame, seed: int) -> Candidate:
    folds = RepeatedStratifiedKFold(n_splits=FOLDS, n_repeats=REPEATS, random_state=seed)
    scores = cross_validate(
        unfitted(parameters), rows[list(FEATURES)], rows[OUTCOME], cv=folds, scoring=_measure
    )
    means = {metric: float(scores[f"test_{metric}"].mean()) for metric in METRICS}
    return Candidate(
        parameters=parameters,
        log_loss=means["log_loss"],
        log_loss_se=_standard_error(scores["test_log_loss"]),
        brier=means["brier"],
        calibration_error=means["calibration_error"],
    )


def _measure(pipeline: Pipeline, inputs: pd.DataFrame, outcomes: pd.Series) -> dict[str, float]:
    survival = pipeline.predict_proba(inputs)[:, 1]
    return measure(outcomes.to_numpy(dtype=np.float64), survival)


def _standard_error(scores: npt.NDArray[np.float64]) -> float:
    tested_per_learned = 1 / (FOLDS - 1)
    return math.sqrt((1 / len(scores) + tested_per_learned) * float(scores.var(ddof=1)))
