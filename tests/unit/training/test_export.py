"""The files of a pipeline: checked against it, and nothing in them that the list has not."""

import pickle
import subprocess
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from tests.unit.training.conftest import Parts
from titanic_model.releases import TABLE, Releases
from titanic_model.scorer import domain
from training import export
from training.fit import FEATURES, candidates, features, unfitted


def test_the_table_is_the_same_bytes_each_time(pipeline: Pipeline, release_store: str) -> None:
    releases = Releases(release_store)
    published = releases.file(releases.manifest(releases.champion()), TABLE)
    assert export.table(pipeline) == published


def test_skops_gives_back_a_pipeline_that_answers_alike(pipeline: Pipeline) -> None:
    again = export.load(skops.io.dumps(pipeline))
    inputs = features(list(domain())[::11])
    np.testing.assert_array_equal(again.predict_proba(inputs), pipeline.predict_proba(inputs))
    np.testing.assert_array_equal(again.predict(inputs), pipeline.predict(inputs))


def test_the_list_of_trusted_types_is_exactly_what_the_candidates_need(parts: Parts) -> None:
    needed: set[str] = set()
    for parameters in candidates(837):
        fitted = unfitted(parameters).fit(parts.learn[list(FEATURES)], parts.learn["survived"])
        needed |= set(skops.io.get_untrusted_types(data=skops.io.dumps(fitted)))
    assert sorted(needed) == sorted(export.TRUSTED)


def test_a_file_that_asks_for_more_is_refused(pipeline: Pipeline) -> None:
    with_more = make_pipeline(FunctionTransformer(subprocess.getoutput), pipeline["knn"])
    with pytest.raises(skops.io.exceptions.UntrustedTypesFoundException, match="getoutput"):
        export.load(skops.io.dumps(with_more))


class _Contrary:
    """Answers one thing by `predict_proba` and another by `predict`."""

    def __init__(self, survival: float, outcome: int) -> None:
        self.survival, self.outcome = survival, outcome

    def predict_proba(self, inputs: object) -> np.ndarray:
        rows = len(inputs)  # type: ignore[arg-type]  # a frame
        return np.tile([1 - self.survival, self.survival], (rows, 1))

    def predict(self, inputs: object) -> np.ndarray:
        return np.full(len(inputs), self.outcome)  # type: ignore[arg-type]


def test_a_table_that_the_pipeline_contradicts_is_never_handed_out() -> None:
    assert export.table(_Contrary(0.75, 1))
    with pytest.raises(export.Disagreement, match="outcomes"):
        export.table(_Contrary(0.75, 0))


def test_a_tie_that_rounding_breaks_is_no_contradiction() -> None:
    assert export.table(_Contrary(0.5 + 2e-16, 0))
    with pytest.raises(export.Disagreement, match="outcomes"):
        export.table(_Contrary(0.5001, 0))


def test_a_skops_file_that_answers_otherwise_is_never_handed_out(pipeline: Pipeline) -> None:
    with pytest.raises(export.Disagreement, match="skops"):
        export.dump(pipeline, export.table(_Contrary(0.75, 1)))


def test_the_pickle_is_the_pipeline_and_replaces_the_one_before(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    path = tmp_path / "knn_model.p"
    path.write_bytes(b"an older one")
    export.write_pickle(pipeline, path)
    inputs = features(list(domain())[::101])
    again = pickle.loads(path.read_bytes())
    np.testing.assert_array_equal(again.predict_proba(inputs), pipeline.predict_proba(inputs))
    assert list(tmp_path.iterdir()) == [path]


def test_a_pickle_that_cannot_be_made_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "knn_model.p"
    path.write_bytes(b"an older one")
    with pytest.raises((pickle.PicklingError, AttributeError)):
        export.write_pickle(lambda: None, path)
    assert path.read_bytes() == b"an older one"
    assert list(tmp_path.iterdir()) == [path]
