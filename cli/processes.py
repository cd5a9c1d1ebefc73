"""The worker and the API as processes of this one: started, waited for, and ended with it."""

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from platformdirs import user_log_path

from cli import guard, ports

READY_WITHIN_S: Final = 60.0
# What a stop may take before it is forced: the worker finishes the batch in hand.
GRACE_S: Final = 35.0
WORKER_PORT: Final = 6066
API_PORT: Final = 8000
# Our pages are on loopback: http_proxy is not for them.
_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class NotUp(Exception):
    """A process that ended or did not get ready; the message has its last line."""


@dataclass(frozen=True)
class Running:
    """A process that was started here: where its pages are, and its log."""

    name: str
    url: str
    log: Path
    process: "subprocess.Popen[bytes]"

    def problem(self) -> str | None:
        """Why it is not ready, in its own words."""
        try:
            with _DIRECT.open(f"{self.url}/readyz", timeout=5):
                return None
        except urllib.error.HTTPError as error:
            with contextlib.suppress(ValueError, AttributeError):
                told = json.loads(error.read())
                return str(told.get("detail") or told.get("status"))
            return str(error)
        except OSError as error:
            return str(error)

    def check(self) -> None:
        """Raises `NotUp` when it has ended."""
        if self.process.poll() is not None:
            lines = self.log.read_text(errors="replace").splitlines() or ["it said nothing"]
            raise NotUp(f"the {self.name} ended: {lines[-1].strip()} (log: {self.log})")


def wait_until_ready(*processes: Running, check: Callable[[], None]) -> None:
    """Until all say that they are; `check` is called meanwhile. Raises `NotUp`, and as it does."""
    deadline = time.monotonic() + READY_WITHIN_S
    for process in processes:
        while problem := process.problem():
            check()
            if time.monotonic() > deadline:
                raise NotUp(f"the {process.name} is not ready: {problem}; its log: {process.log}")
            time.sleep(0.05)


@contextmanager
def worker_and_api(servers: str) -> Iterator[tuple[Running, Running]]:
    """Both, starting; they end with this context, or with this process however it ends."""
    environment = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": servers}
    with ExitStack() as stack:
        port = _port(WORKER_PORT)
        worker = _start(
            stack,
            "worker",
            port,
            ["-m", "faust", "-A", "stream.app", "worker", "-l", "info"],
            {**environment, "TITANIC_WEB_PORT": str(port)},
        )
        port = _port(API_PORT)
        command = ["-m", "uvicorn", "api:app", "--host", ports.HOST, "--port", str(port)]
        yield worker, _start(stack, "api", port, command, environment)


def _port(preferred: int) -> int:
    return preferred if ports.is_free(preferred) else next(ports.free())


def _start(
    stack: ExitStack, name: str, port: int, command: list[str], environment: Mapping[str, str]
) -> Running:
    folder = user_log_path("titanic")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotUp(f"no log can be written: {folder}: {error.strerror}") from None
    log = folder / f"{name}-{port}.log"
    process = subprocess.Popen(
        [sys.executable, guard.__file__, str(GRACE_S), str(log), sys.executable, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,  # Ctrl-C is for us, who then stop it in order
    )
    stack.callback(_stop, process)
    return Running(name, f"http://{ports.HOST}:{port}", log, process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.stdin is not None:
        process.stdin.close()
    process.wait()
