"""A fitted pipeline as files: the table of its whole domain, skops, and a pickle.

The table is checked against the pipeline before anyone gets it. skops' file is read back under
the list below, which is in code so that a file cannot ask for more.
"""

import os
import pickle
from pathlib import Path
from typing import Final

import numpy as np
import skops.io
from sklearn.pipeline import Pipeline

from titanic_model import scorer
from training.fit import features

# What skops would not build without being told so: the types in any pipeline that can be chosen.
TRUSTED: Final = (
    "numpy.dtype",
    "numpy.round",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.metrics._dist_metrics.ManhattanDistance64",
    "sklearn.neighbors._kd_tree.KDTree",
)

# `predict` adds weights up in another order than `predict_proba`: with an even number of neighbours
# weighted by distance, 1 tie in 60,012 fell to the other side by 1.1e-16. The probability decides.
ROUNDING: Final = 1e-12


class Disagreement(RuntimeError):
    """A file that does not answer as the pipeline does; nothing is published then."""


def table(pipeline: Pipeline) -> bytes:
    """The probability of survival for each input of the domain, in the table's order.

    Raises `Disagreement` when the scorer would not say of each input what the pipeline says.
    """
    inputs = features(scorer.domain())
    probabilities = pipeline.predict_proba(inputs)[:, 1]
    encoded = scorer.encode_table(probabilities.tolist())
    answers = scorer.Scorer("unpublished", encoded).answers
    if not np.array_equal([answer.probability for answer in answers], probabilities):
        raise Disagreement("the table's probabilities are not the pipeline's")
    differ = np.array([answer.survived for answer in answers]) != pipeline.predict(inputs)
    if (differ & (np.abs(probabilities - scorer.TIE) > ROUNDING)).any():
        raise Disagreement("the table's outcomes are not the pipeline's")
    return encoded


def dump(pipeline: Pipeline, encoded_table: bytes) -> bytes:
    """Skops' file of the pipeline; read back, it gives the table again or `Disagreement`."""
    content: bytes = skops.io.dumps(pipeline)
    if answered(content) != encoded_table:
        raise Disagreement("the pipeline that skops gives back answers otherwise")
    return content


def answered(content: bytes) -> bytes:
    """The table of the pipeline in skops' file. Raises as `load` does."""
    probabilities = load(content).predict_proba(features(scorer.domain()))[:, 1]
    return scorer.encode_table(probabilities.tolist())


def load(content: bytes) -> Pipeline:
    """The pipeline in skops' file. Raises skops' `UntrustedTypesFoundException`."""
    return skops.io.loads(content, trusted=list(TRUSTED))


def write_pickle(pipeline: Pipeline, path: Path) -> None:
    """A pickle for those who want one; at no moment is half of it there. Raises `OSError`."""
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        half.write_bytes(pickle.dumps(pipeline))
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
