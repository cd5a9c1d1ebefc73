"""The model: a scikit-learn pipeline from age, sex and class to a probability of survival."""

from collections.abc import Iterable
from typing import Final

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from titanic_model.passenger import CLASSES, SEXES, Passenger

FEATURES: Final = ("age", "sex", "pclass")
OUTCOME: Final = "survived"
# Few neighbours are sure of what they cannot know, and log loss punishes that; past a hundred
# the classes begin to blur.
NEIGHBOURS: Final = (5, 11, 21, 41, 61, 81, 101)
INNER_FOLDS: Final = 5


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


def neighbours(k: int) -> KNeighborsClassifier:
    """The classifier; each neighbour has one vote."""
    return KNeighborsClassifier(n_neighbors=k, algorithm="kd_tree")


def fit(known: pd.DataFrame, *, seed: int) -> Pipeline:
    """The pipeline fitted to passengers with known fates, its k chosen by `best_k`."""
    k = best_k(known, seed=seed)
    pipeline = Pipeline([("preparation", preparation()), ("knn", neighbours(k))])
    return pipeline.fit(known[list(FEATURES)], known[OUTCOME])


def best_k(known: pd.DataFrame, *, seed: int) -> int:
    """The number of neighbours with the least log loss, by cross-validation in `known` alone.

    Each fold looks its neighbours up once, nearest first: the votes of the first k of them are
    what a classifier of k says, but for ties in distance at the k-th.
    """
    inputs, outcomes = known[list(FEATURES)], known[OUTCOME].to_numpy()
    folds = StratifiedKFold(INNER_FOLDS, shuffle=True, random_state=seed)
    parts = list(folds.split(inputs, outcomes))
    ks = [k for k in NEIGHBOURS if k <= min(len(train) for train, _ in parts)]
    survival = np.empty((len(known), len(ks)))
    for train, test in parts:
        prepared = preparation()
        near = prepared.fit_transform(inputs.iloc[train])
        far = prepared.transform(inputs.iloc[test])
        nearest = neighbours(ks[-1]).fit(near, outcomes[train]).kneighbors(far)[1]
        votes = outcomes[train][nearest].cumsum(axis=1)
        survival[test] = votes[:, np.array(ks) - 1] / ks
    losses = [log_loss(outcomes, probabilities) for probabilities in survival.T]
    return ks[int(np.argmin(losses))]
