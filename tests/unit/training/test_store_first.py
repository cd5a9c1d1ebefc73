"""Training takes most of a minute: that its result can't be kept is said before."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from titanic_model.releases import Releases, StoreUnavailable
from training.train import train


def test_a_store_that_cannot_be_written_is_said_before_the_data_is_read(tmp_path: Path) -> None:
    (tmp_path / "releases").symlink_to(tmp_path / "not mounted")
    with pytest.raises(StoreUnavailable, match=r"^release store .*: "):
        train(Releases(str(tmp_path / "releases")), data=tmp_path / "gone.csv")


def test_a_memory_that_ends_with_the_command_is_refused() -> None:
    done = CliRunner().invoke(app, ["train", "--releases", "memory:///"])
    assert done.exit_code == 2
    assert done.stderr.startswith("titanic train: nobody would see the release: memory:///")
    assert done.stderr.count("\n") == 1
