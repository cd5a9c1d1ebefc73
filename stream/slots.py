"""A stable transactional id for each worker of a host, with no setting.

A worker takes the lowest slot whose lock is free and keeps it while it lives; the operating
system lets go of the lock when the process ends, however it ends. So two workers on a host never
fence each other, and a restarted one has its old id back, with which it ends at once the
transaction that it may have left open. Each user has slots of their own, and ids to match.
"""

import fcntl
import logging
import os
import socket
import tempfile
from pathlib import Path
from typing import IO, Final

from platformdirs import user_state_path

log = logging.getLogger("stream.slots")

MAX_WORKERS_PER_HOST: Final = 1_000


class Slot:
    """A taken slot, until it is closed or the process ends, however it ends."""

    def __init__(self, group: str) -> None:
        self.number, self._lock = _taken(group)
        host = socket.gethostname()
        self.transactional_id = f"{group}-{host}-{os.getuid()}-{self.number}"

    def close(self) -> None:
        """Let go of it."""
        self._lock.close()


def _taken(group: str) -> tuple[int, IO[str]]:
    """The lowest free slot and its lock, in the user's state folder or where that takes no lock."""
    name = "".join(c if c.isalnum() or c in "._-" else "_" for c in group)
    folder = user_state_path("titanic") / "workers" / name
    try:
        return _lowest(folder)
    except OSError as error:
        fallback = Path(tempfile.gettempdir()) / f"titanic-{os.getuid()}" / name
        log.info("%s: %s; worker locks are in %s", folder, error.strerror, fallback)
        return _lowest(fallback)


def _lowest(folder: Path) -> tuple[int, IO[str]]:
    """The lowest free slot of a folder. Raises `OSError` where it takes no lock."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(MAX_WORKERS_PER_HOST):
        lock = (folder / f"worker-{number}.lock").open("a")
        if _locked(lock):
            return number, lock
        lock.close()
    raise RuntimeError(f"{MAX_WORKERS_PER_HOST} workers have their locks in {folder}")


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
