"""How good the model is, beside what a simpler one would say, by cross-validation.

What is measured is the whole way to a model: k is chosen anew within each fold's training part.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import Final

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

from titanic_model.passenger import SEXES
from training.fit import FEATURES, OUTCOME, fit, preparation

FOLDS: Final = 10
MODEL: Final = "knn"
METRICS: Final = ("accuracy", "log_loss", "roc_auc", "brier")


@dataclass(frozen=True)
class Score:
    """One contender's metrics on one fold that it has not seen."""

    contender: str
    metrics: Mapping[str, float]


def _baseline(pipeline: Pipeline, known: pd.DataFrame) -> Pipeline:
    return pipeline.fit(known[list(FEATURES)], known[OUTCOME])


def _by_sex() -> Pipeline:
    """The rate of survival of each sex: a tree that has nothing else to split by."""
    sex = ColumnTransformer([("sex", OneHotEncoder(categories=[list(SEXES)]), ["sex"])])
    return make_pipeline(sex, DecisionTreeClassifier(max_depth=1))


def contenders(seed: int) -> dict[str, Callable[[pd.DataFrame], Pipeline]]:
    """What is measured, by name: passengers with known fates -> a fitted pipeline."""
    return {
        MODEL: partial(fit, seed=seed),
        "always no": lambda known: _baseline(make_pipeline(DummyClassifier()), known),
        "by sex alone": lambda known: _baseline(_by_sex(), known),
        "logistic regression": lambda known: _baseline(
            make_pipeline(preparation(), LogisticRegression()), known
        ),
    }


def scores(known: pd.DataFrame, *, seed: int) -> Iterator[Score]:
    """Each contender's metrics on each fold; as many as `rounds` says, one by one."""
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for train, test in folds.split(known, known[OUTCOME]):
        for name, fitted in contenders(seed).items():
            yield Score(name, _measure(fitted(known.iloc[train]), known.iloc[test]))


def rounds(seed: int) -> int:
    """How many scores there will be."""
    return FOLDS * len(contenders(seed))


def means(all_scores: list[Score]) -> dict[str, dict[str, float]]:
    """The contenders' metrics, each the mean of its folds."""
    return {
        name: {
            metric: fmean(s.metrics[metric] for s in all_scores if s.contender == name)
            for metric in METRICS
        }
        for name in dict.fromkeys(s.contender for s in all_scores)
    }


def _measure(pipeline: Pipeline, unseen: pd.DataFrame) -> dict[str, float]:
    outcomes = unseen[OUTCOME]
    survival = pipeline.predict_proba(unseen[list(FEATURES)])[:, 1]
    return {
        "accuracy": float(accuracy_score(outcomes, survival > 0.5)),  # noqa: PLR2004 - a tie is a no
        "log_loss": float(log_loss(outcomes, survival)),
        "roc_auc": float(roc_auc_score(outcomes, survival)),
        "brier": float(brier_score_loss(outcomes, survival)),
    }
