"""Waiting for what is not there yet: ever longer pauses, a line for each, until a stop."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 5.0


class Stopped(Exception):
    """The process is to stop, so nothing is waited for any longer."""


class Patience:
    """One thing that is waited for, such as "Kafka at 127.0.0.1:9092".

    `waiting` is called before each pause: who waits is not stuck.
    """

    def __init__(
        self,
        what: str,
        stopping: threading.Event,
        log: logging.Logger,
        waiting: Callable[[], None],
    ) -> None:
        self._what = what
        self._waiting = waiting
        self._stopping = stopping
        self._log = log
        self._since: float | None = None
        self._pause_s = FIRST_PAUSE_S

    def wait(self, problem: str) -> None:
        """Say what is wrong and pause, longer each time; a stop cuts it short with `Stopped`."""
        self._waiting()
        self._since = self._since or time.monotonic()
        self._log.warning("%s: %s; trying again in %g s", self._what, problem, self._pause_s)
        if self._stopping.wait(self._pause_s):
            raise Stopped
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)

    def rewarded(self) -> None:
        """It is there: say so if it had to be waited for, and begin anew the next time."""
        if self._since is not None:
            waited_s = time.monotonic() - self._since
            self._log.info("%s: there again after %.1f s", self._what, waited_s)
        self._since = None
        self._pause_s = FIRST_PAUSE_S
