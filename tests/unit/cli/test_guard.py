import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli import guard

WITHIN_S = 20
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True)\n"
FOREVER = "import signal\nwhile True: signal.pause()"

Guarded = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Guarded]:
    """Starts a Python program behind a guard and waits until it runs."""
    guards: list[subprocess.Popen[bytes]] = []

    def start(program: str, grace_s: float = WITHIN_S) -> "subprocess.Popen[bytes]":
        command = [sys.executable, guard.__file__, str(grace_s), str(tmp_path / "log")]
        guards.append(
            subprocess.Popen(
                [*command, sys.executable, "-u", "-c", program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        )
        return guards[-1]

    yield start
    for one in guards:
        with one:
            one.kill()


def pid(started: "subprocess.Popen[bytes]") -> int:
    assert started.stdout
    return int(started.stdout.readline())


def close(started: "subprocess.Popen[bytes]") -> None:
    assert started.stdin
    started.stdin.close()


def test_a_closed_pipe_stops_the_program(guarded: Guarded) -> None:
    started = guarded(FOREVER)
    assert pid(started) > 0
    close(started)
    assert started.wait(WITHIN_S) == guard_code(signal.SIGTERM)


def test_a_deaf_program_is_killed_after_the_grace(guarded: Guarded, tmp_path: Path) -> None:
    started = guarded(DEAF + FOREVER, grace_s=0.1)
    pid(started)
    while b"deaf" not in (tmp_path / "log").read_bytes():
        assert started.poll() is None
    close(started)
    assert started.wait(WITHIN_S) == guard_code(signal.SIGKILL)


def test_a_program_that_ends_by_itself_ends_the_guard_with_its_code(
    guarded: Guarded, tmp_path: Path
) -> None:
    started = guarded("import sys; sys.exit('no room')")
    assert started.wait(WITHIN_S) == 1
    assert (tmp_path / "log").read_text() == "no room\n"


def guard_code(signal_number: int) -> int:
    return 128 + signal_number
