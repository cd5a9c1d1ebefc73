"""Real APIs: `uvicorn api:app` as a process, on a free port."""

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cli import ports
from tests.integration import programs

DEADLINE_S: Final = 30.0


@dataclass
class Server:
    """A running API: its process, and what it says."""

    process: subprocess.Popen[bytes]
    log: Path

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Until it holds, while the server lives."""
        end = time.monotonic() + DEADLINE_S
        while not condition():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.02)

    @property
    def url(self) -> str:
        """Raises `AssertionError` before the server listens."""
        listens = re.search(r"running on (http://127\.0\.0\.1:\d+)", self.log.read_text())
        assert listens, self.log.read_text()
        return listens[1]


def start(log: Path, **settings: str) -> subprocess.Popen[bytes]:
    """Start one; it may still end by itself."""
    door = ("--host", ports.HOST, "--port", "0")
    return programs.start("api", *door, environment=os.environ | settings, log=log)


@contextmanager
def server(log: Path, **settings: str) -> Iterator[Server]:
    """One that listens, with warnings as errors; it ends with this context."""
    process = start(log, PYTHONWARNINGS="error", **settings)
    try:
        made = Server(process, log)
        made.wait_until(lambda: "running on" in log.read_text())
        yield made
    finally:
        process.kill()
        process.wait()
