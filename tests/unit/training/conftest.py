"""What takes seconds to make, made once: the real passengers, split, a choice, its evaluation."""

from typing import NamedTuple

import pandas as pd
import pytest
from sklearn.pipeline import Pipeline

from training import fit as fitting
from training.checks import check
from training.dataset import load
from training.evaluate import Evaluation, evaluate
from training.export import table
from training.fit import Choice, choose, fit
from training.split import split


class Parts(NamedTuple):
    learn: pd.DataFrame
    held_out: pd.DataFrame


@pytest.fixture(scope="session")
def known() -> pd.DataFrame:
    return check(load()).rows


@pytest.fixture(scope="session")
def parts(known: pd.DataFrame) -> Parts:
    return Parts(*split(known))


@pytest.fixture(scope="session")
def choice(parts: Parts) -> Choice:
    """As training chooses, but for repeating it."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(fitting, "REPEATS", 1)
        return choose(parts.learn, seed=0)


@pytest.fixture(scope="session")
def model(parts: Parts, choice: Choice) -> Pipeline:
    return fit(parts.learn, choice)


@pytest.fixture(scope="session")
def model_table(model: Pipeline) -> bytes:
    return table(model)


@pytest.fixture(scope="session")
def evaluation(model: Pipeline, parts: Parts, choice: Choice) -> Evaluation:
    return evaluate(model, parts.learn, parts.held_out, choice=choice, seed=0)
