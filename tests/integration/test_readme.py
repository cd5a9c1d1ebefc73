"""The README's commands, run as they stand; `make check` and `make test` are what runs this."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.workers import until

pytestmark = [pytest.mark.broker, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


@pytest.fixture
def newcomer(tmp_path: Path) -> dict[str, str]:
    """An environment without settings of ours, in which nothing was left by earlier runs."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("KAFKA_", "TITANIC_"))}
    folders = {
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "TITANIC_RELEASES": str(tmp_path / "releases"),
    }
    return inherited | folders


@pytest.fixture
def up(newcomer: dict[str, str], release_store: str, tmp_path: Path) -> Iterator[str]:
    """What `make up` says once it is up, with a release that is there; it ends by Ctrl-C."""
    shutil.copytree(release_store, newcomer["TITANIC_RELEASES"])
    log = tmp_path / "up.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["make", "up"], cwd=ROOT, env=newcomer, stderr=out, start_new_session=True
        )
    until(lambda: _is_up(process, log), "make up is up", 300)
    yield log.read_text()
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(60) in {0, -signal.SIGINT}  # make, too, is interrupted


def _is_up(process: "subprocess.Popen[bytes]", log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    return "Ctrl-C stops everything" in log.read_text()


def run(script: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_readme_has_the_blocks_that_are_run_here_and_by_ci() -> None:
    commands = {"make demo", "make test", "make up", "make check"}
    others = [block.strip() for block in BLOCKS if block.strip() not in commands]
    assert {block.strip() for block in BLOCKS} == commands | set(others)
    used, image, composed, model = others  # the two in the middle are run by tests/image
    assert "titanic produce" in used
    assert image.startswith("docker build ")
    assert composed.startswith("docker compose ")
    assert "titanic train" in model


def test_make_demo_shows_a_newcomer_that_all_is_answered(newcomer: dict[str, str]) -> None:
    assert "the same answer for 1,309 of 1,309" in run("make demo", newcomer)


def test_what_the_readme_does_beside_make_up_works(up: str, newcomer: dict[str, str]) -> None:
    [used] = [block for block in BLOCKS if "titanic produce" in block]
    found = re.search(r"http://127\.0\.0\.1:\d+(?=/docs)", up)
    assert found
    # 8000, unless something else has that port here.
    said = run(used.replace("http://127.0.0.1:8000", found[0]), newcomer)
    assert said.count('"model_version"') == 6  # five watched, one from the API
    assert "✗" not in said


def test_what_the_readme_does_with_the_model_works(newcomer: dict[str, str]) -> None:
    [model] = [block for block in BLOCKS if "titanic train" in block]
    profile = ROOT / "profile.html"
    there = profile.exists()
    said = run(model, newcomer)
    assert "now the champion" in said
    assert "whole: every file has its hash" in said
    assert "<html" in profile.read_text()
    if not there:
        profile.unlink()
