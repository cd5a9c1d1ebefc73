"""The folder that holds a broker's data, and who holds the folder.

Its `broker.json` is locked with flock for as long as any process of the broker lives, the JVMs
included, and says who that is; so there is no stale lock, whatever was killed.
"""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, TextIO

from platformdirs import user_data_path

from cli.unavailable import BrokerUnavailable

# `holder` takes the lock for an instant, which must not look like a broker
PATIENCE_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose broker it is and where it listens."""

    pid: int
    bootstrap_servers: str

    @property
    def ports(self) -> list[int]:
        """Where it listens, on this machine."""
        return [int(address.rpartition(":")[2]) for address in self.bootstrap_servers.split(",")]


def default(brokers: int = 1) -> Path:
    """The user's folder for that many brokers; data of one can't be taken over by three."""
    name = "kafka" if brokers == 1 else f"kafka-{brokers}"
    return user_data_path("titanic-stream-scorer", appauthor=False) / name


class DataFolder:
    """A data folder that is held by this process (`hold`)."""

    def __init__(self, path: Path, lock: TextIO) -> None:
        self.path = path
        self._lock = lock

    @property
    def lock_fd(self) -> int:
        """For every process of the broker to inherit."""
        return self._lock.fileno()

    def announce(self, bootstrap_servers: str) -> None:
        """Say at which address the holder will listen."""
        self._lock.truncate(0)
        json.dump(asdict(Holder(os.getpid(), bootstrap_servers)), self._lock)
        self._lock.flush()

    def node(self, number: int) -> Path:
        """The folder of one broker."""
        return self.path / f"node-{number}"

    def empty(self) -> None:
        """Remove the data, and nothing that a broker hasn't put there."""
        for node in self.path.glob("node-*"):
            shutil.rmtree(node)
        (self.path / "cluster.json").unlink(missing_ok=True)


@contextmanager
def hold(path: Path) -> Iterator[DataFolder]:
    """Make the folder where there is none and lock it. Raises `BrokerUnavailable`."""
    file = path / "broker.json"
    try:
        path.mkdir(parents=True, exist_ok=True)
        if not file.exists() and any(path.iterdir()):
            raise BrokerUnavailable(
                f"{path} has other files in it; a broker wants a folder of its own"
            )
        lock = file.open("a+")
    except OSError as error:
        raise BrokerUnavailable(f"{path} cannot hold a broker's data: {error.strerror}") from error
    with lock:
        if not _locked(lock):
            raise BrokerUnavailable(_held(path))
        lock.truncate(0)  # the address of an earlier broker
        yield DataFolder(path, lock)


def holder(path: Path) -> Holder | None:
    """Who holds the folder now, or None; None also while that is still being written."""
    try:
        with (path / "broker.json").open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return Holder(**json.load(file))
            return None
    except (OSError, ValueError, TypeError):
        return None


def _locked(lock: TextIO) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        else:
            return True


def _held(path: Path) -> str:
    who = holder(path)
    if who is None:
        return f"another broker on {path} is starting or stopping; try again in a moment"
    return (
        f"a broker on {path} is already there: {who.bootstrap_servers}, held by process {who.pid}; "
        "use that one, stop it, or name another folder with --data"
    )
