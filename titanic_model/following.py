"""A thread that keeps a `Follower` on the champion, and says in the log what it finds.

A thread, and a daemon: a store that does not answer holds up neither the work nor the end.
"""

import logging
import threading
from types import TracebackType
from typing import Self

from titanic_model.follower import Follower


class Following:
    """Refreshes `follower` at once and then every `every_s` seconds, between enter and exit.

    `looked` is set once the first look is over, whatever was found.
    """

    def __init__(self, follower: Follower, *, every_s: float, log: logging.Logger) -> None:
        self._follower = follower
        self._every_s = every_s
        self._log = log
        self._stopping = threading.Event()
        self._said: str | None = None
        self.looked = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._run, name="follower", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.look()
            self.looked.set()
            self._stopping.wait(self._every_s)

    def look(self) -> None:
        """Refresh once. What is wrong is logged when it begins, not each time it is seen."""
        try:
            swapped = self._follower.refresh()
            problem = self._follower.problem
        except Exception as error:  # the thread must outlive what nobody foresaw
            swapped, problem = False, f"the release store could not be read: {error!r}"
        serving = self._follower.serving
        if swapped and serving:
            made_at = f"{serving[0].created_at:%Y-%m-%d %H:%M} UTC"
            self._log.info("release %s is in service (made %s)", serving[0].id, made_at)
        elif problem and problem != self._said:
            so = f"release {serving[0].id} stays in service" if serving else "not ready"
            self._log.warning("%s: %s", so, problem)
        elif self._said and not problem and serving:
            self._log.info("release %s is the champion again", serving[0].id)
        self._said = problem
