"""What a training takes: of a few hundred rows, and of rows that nothing can be trained on."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.million import pickle_kept, take
from benchmarks.passengers import write
from training.train import PICKLE


@pytest.fixture(autouse=True)
def the_checkouts_pickle_stays(tmp_path: Path) -> Iterator[None]:
    folder = tmp_path / "pickle"
    folder.mkdir()
    with pickle_kept(folder):
        yield


def test_a_training_is_measured_and_its_release_is_in_the_store(tmp_path: Path) -> None:
    write(300, tmp_path / "some.csv")
    taken = take(tmp_path / "some.csv", tmp_path / "releases")
    assert taken.processor_s > 0
    assert taken.seconds > 1
    assert 100 < taken.peak_mib < 5_000
    assert 0.5 < taken.release_mib < 10
    [manifest] = (tmp_path / "releases").glob("*/manifest.json")
    assert json.loads(manifest.read_text())["data"]["rows"] == 300


def test_a_training_that_fails_gives_no_figure_but_what_it_said(tmp_path: Path) -> None:
    write(50, tmp_path / "few.csv")
    with pytest.raises(RuntimeError, match="50 rows; at least 100 are needed"):
        take(tmp_path / "few.csv", tmp_path / "releases")


@pytest.mark.parametrize("before", [b"a pickle", None])
def test_the_pickle_is_afterwards_what_it_was(tmp_path: Path, before: bytes | None) -> None:
    PICKLE.unlink(missing_ok=True)
    if before:
        PICKLE.write_bytes(before)
    with pickle_kept(tmp_path):
        PICKLE.write_bytes(b"that of the benchmark")
    assert (PICKLE.read_bytes() if PICKLE.exists() else None) == before
