"""Ctrl-C while a command is imported, runs or ends: exit code 130, and no traceback."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

WITHIN_S = 20
ENDLESS = "print('here', flush=True)\nimport signal\nwhile True: signal.pause()\n"
TITANIC = "from cli.start import main; main()"


def interrupted(folder: Path, *arguments: str) -> tuple[int, str]:
    """The exit code and stderr of a Python that gets Ctrl-C where it says to be 'here'."""
    with python(folder, *arguments) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=WITHIN_S)
    return process.returncode, told


def python(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """A Python that finds modules in this folder first."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("imported", "command"),
    [
        ("typer", ["-c", TITANIC, "releases", "list"]),
        ("obstore", ["-c", TITANIC, "releases", "list"]),
        ("pandas", ["-c", TITANIC, "train"]),
        ("pandas", ["-m", "training.train"]),
    ],
)
def test_an_interrupted_import_ends_the_command_quietly(
    tmp_path: Path, imported: str, command: list[str]
) -> None:
    (tmp_path / f"{imported}.py").write_text(ENDLESS)
    assert interrupted(tmp_path, *command) == (130, "")


@pytest.mark.parametrize("command", [["-c", TITANIC, "train"], ["-m", "training.train"]])
def test_an_interrupted_end_is_quiet_too(tmp_path: Path, command: list[str]) -> None:
    last = f"import atexit; atexit.register(exec, {ENDLESS!r}, {{}})"
    (tmp_path / "sitecustomize.py").write_text(last)
    code, told = interrupted(tmp_path, *command, "--releases", "/dev/null")
    assert code == 130
    assert told == "titanic train: release store /dev/null: it is no folder\n"


# What happens when the data is opened: long work, that tidies up when it is interrupted.
WORKS = """
import sys
def work(event, arguments):
    if event == "open" and str(arguments[0]).endswith("some.csv"):
        try:
            import endless
        finally:
            sys.stderr.write("tidied up")
sys.addaudithook(work)
"""


@pytest.mark.parametrize("command", [["-c", TITANIC, "train"], ["-m", "training.train"]])
def test_a_command_that_is_interrupted_at_work_tidies_up(
    tmp_path: Path, command: list[str]
) -> None:
    (tmp_path / "sitecustomize.py").write_text(WORKS)
    (tmp_path / "endless.py").write_text(ENDLESS)
    where = ["--data", str(tmp_path / "some.csv"), "--releases", str(tmp_path / "releases")]
    (tmp_path / "some.csv").touch()
    assert interrupted(tmp_path, *command, *where) == (130, "tidied up")


IGNORED = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
ECHO = "print('here', flush=True)\nprint(input(), flush=True)\n"


def test_in_the_background_ctrl_c_is_not_meant_for_it(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(IGNORED)
    (tmp_path / "typer.py").write_text(ECHO)
    with python(tmp_path, "-c", TITANIC) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate("still here\n", timeout=WITHIN_S)
    assert said == "still here\n"


def test_an_interrupt_that_a_command_leaves_to_others_is_no_traceback(tmp_path: Path) -> None:
    code = "import endless\nfrom titanic_model import interrupts\ninterrupts.run(endless.command)"
    (tmp_path / "endless.py").write_text(f"def command():\n    exec({ENDLESS!r})\n")
    assert interrupted(tmp_path, "-c", code) == (130, "")
