"""The programs under test: processes of this Python or, where TEST_IMAGE names one, of an image.

A container has the host's network, and the folders that a test gives it under their own names. For
the rest it is shut in as in production: nothing to write to, no privileges.
"""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Final

ENGINE_WITHIN_S: Final = 60.0
COMMANDS: Final = {
    "worker": ["-m", "faust", "-A", "stream.app", "worker", "-l", "info"],
    "doomed": ["-m", "tests.faults.doomed"],
    "api": ["-m", "uvicorn", "api:app"],
}
# The image sets them for a container with a network of its own; on a host's they are as on a host.
LEFT_OUT: Final = {"TITANIC_WEB_HOST", "TITANIC_WEB_PORT"}
FREEZES: Final[Mapping[int, str]] = {signal.SIGSTOP: "pause", signal.SIGCONT: "unpause"}


def start(
    program: str,
    *arguments: str,
    environment: Mapping[str, str],
    log: Path,
    folders: Iterable[Path] = (),
) -> subprocess.Popen[bytes]:
    """Start a worker or an API; it may use the log's folder and of these those that are there."""
    with log.open("wb") as out:
        if image := os.environ.get("TEST_IMAGE"):
            return Container(image, [program, *arguments], environment, {log.parent, *folders}, out)
        command = [sys.executable, *COMMANDS[program], *arguments]
        return subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT)


def pid(process: subprocess.Popen[bytes]) -> int:
    """The program's process id on this host."""
    return process.program_pid if isinstance(process, Container) else process.pid


class Container(subprocess.Popen[bytes]):
    """A container as if it were a child process: its output, its exit code, any signal."""

    def __init__(
        self,
        image: str,
        command: Iterable[str],
        environment: Mapping[str, str],
        folders: Iterable[Path],
        out: IO[bytes],
    ) -> None:
        self.name = f"titanic-test-{uuid.uuid4().hex[:8]}"
        own = {name for name, value in environment.items() if os.environ.get(name) != value}
        # Created first, so that there is something to end from now on. What is set goes by name:
        # the engine's client takes the values from its environment, not from a command line.
        _docker(
            *("create", "--rm", "--pull", "never", "--name", self.name),
            *("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
            *("--network", "host", "--user", f"{os.getuid()}:{os.getgid()}"),
            *(f"--volume={folder}:{folder}" for folder in folders if folder.is_dir()),
            *(f"--env={name}" for name in own | LEFT_OUT),
            *(image, *command),
            environment=environment,
        )
        super().__init__(
            ["docker", "start", "--attach", self.name], stdout=out, stderr=subprocess.STDOUT
        )

    @property
    def program_pid(self) -> int:
        """Of what the container's process 1, deploy/image/init, has started."""
        first = _docker("inspect", "--format", "{{.State.Pid}}", self.name).strip()
        return int(Path(f"/proc/{first}/task/{first}/children").read_text().split()[0])

    def send_signal(self, sig: int) -> None:
        """By the engine: process 1 hands on what asks for an end; a freeze is for all it holds."""
        if sig in FREEZES:
            _docker(FREEZES[sig], self.name)
        else:
            _docker("kill", "--signal", signal.Signals(sig).name, self.name)

    def kill(self) -> None:
        """End it by signal 9, also before it has started."""
        _docker("rm", "--force", self.name)


def _docker(*arguments: str, environment: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        ["docker", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=ENGINE_WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, f"docker {arguments[0]}: {done.stderr}"
    return done.stdout
