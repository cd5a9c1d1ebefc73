"""What the model must be better than, on the same inputs: from no model at all to a strong one."""

from collections.abc import Callable, Mapping
from typing import Final

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

from titanic_model.passenger import SEXES
from training.fit import FEATURES, OUTCOME, preparation


def _always_no(_: int) -> Pipeline:
    """The rate of survival, of everyone."""
    return make_pipeline(DummyClassifier())


def _by_sex(_: int) -> Pipeline:
    """The rate of survival of each sex: a tree that has nothing else to split by."""
    sex = ColumnTransformer([("sex", OneHotEncoder(categories=[list(SEXES)]), ["sex"])])
    return make_pipeline(sex, DecisionTreeClassifier(max_depth=1))


def _logistic_regression(_: int) -> Pipeline:
    return make_pipeline(preparation(), LogisticRegression())


def _gradient_boosting(seed: int) -> Pipeline:
    # Small steps and small trees: with its defaults it learns a thousand rows by heart.
    trees = HistGradientBoostingClassifier(
        learning_rate=0.05, max_leaf_nodes=8, early_stopping=False, random_state=seed
    )
    return make_pipeline(preparation(), trees)


BASELINES: Final[Mapping[str, Callable[[int], Pipeline]]] = {
    "always no": _always_no,
    "by sex alone": _by_sex,
    "logistic regression": _logistic_regression,
    "gradient boosting": _gradient_boosting,
}


def fitted(learn: pd.DataFrame, *, seed: int) -> dict[str, Pipeline]:
    """The baselines by name, fitted to the rows to learn from."""
    return {
        name: unfitted(seed).fit(learn[list(FEATURES)], learn[OUTCOME])
        for name, unfitted in BASELINES.items()
    }
