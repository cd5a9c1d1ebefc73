"""The release in service, as one worker or one API process holds it, and why it isn't another."""

import time
from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple

from titanic_model.releases import (
    Manifest,
    NoRelease,
    ReleaseRefused,
    Releases,
    StoreUnavailable,
)
from titanic_model.scorer import Scorer

# A refused champion is looked at again this often: somebody may have mended it.
REFUSED_AGAIN_S: Final = 20.0


class Trouble(StrEnum):
    """Why the champion is not what is served."""

    NO_RELEASE = "no_release"
    REFUSED = "refused"
    STORE_UNAVAILABLE = "store_unavailable"


class Problem(NamedTuple):
    """Why the champion is not what is served: the kind, and a line."""

    trouble: Trouble
    message: str


class Follower:
    """Holds the champion of `releases`, and swaps to the next once that is loaded and verified.

    Until then, and when the next one is refused, the one it has goes on serving. One thread calls
    `refresh`; any may read the rest. `clock` counts seconds.
    """

    def __init__(self, releases: Releases, clock: Callable[[], float] = time.monotonic) -> None:
        self._releases = releases
        self._clock = clock
        self._serving: tuple[Manifest, Scorer] | None = None
        self._manifest_sha256 = ""
        # The entry of the champion's log that was judged last, when, and what is wrong with it.
        self._judged = 0
        self._judged_at = 0.0
        self._verdict: Problem | None = None
        # Of the latest look, which may not have come as far as a verdict.
        self._problem: Problem | None = Problem(
            Trouble.NO_RELEASE, f"no release read yet from {releases.location}"
        )

    @property
    def serving(self) -> tuple[Manifest, Scorer] | None:
        """The manifest and the scorer in service, or None when none could be loaded yet."""
        return self._serving

    @property
    def scorer(self) -> Scorer | None:
        """The scorer in service."""
        return self._serving[1] if self._serving else None

    @property
    def problem(self) -> str | None:
        """Why the champion is not in service, in a line; None when it is."""
        return self._problem.message if self._problem else None

    @property
    def trouble(self) -> Trouble | None:
        """The kind of the problem."""
        return self._problem.trouble if self._problem else None

    def in_service(self) -> Scorer:
        """The scorer in service. Raises `NoRelease` when there is none yet."""
        if self._serving is None:
            raise NoRelease(self.problem)
        return self._serving[1]

    def refresh(self) -> bool:
        """Follow the champion; True when another release went into service.

        Never raises for a store or a release: `problem` then says what is wrong. While nothing
        changes this is one request to the store, whether the champion is served or was refused.
        """
        swapped = False
        try:
            newest = self._newest()
            if newest != self._judged or not newest or self._is_due():
                swapped = self._judge(newest)
        except StoreUnavailable as error:
            self._problem = Problem(Trouble.STORE_UNAVAILABLE, str(error))
            self._judged = 0  # what comes back may be another one, of the same numbers
        else:
            self._problem = self._verdict
        return swapped

    def _newest(self) -> int:
        """The number of the newest entry. The log only ever grows: it is not empty again."""
        newest = self._releases.log.newest(since=self._judged)
        if self._serving and not newest:
            raise StoreUnavailable(
                f"release store {self._releases.location}: it is empty, though release "
                f"{self._serving[0].id} was in service: unmounted, or emptied?"
            )
        return newest

    def _is_due(self) -> bool:
        return self._verdict is not None and self._clock() - self._judged_at >= REFUSED_AGAIN_S

    def _judge(self, newest: int) -> bool:
        swapped, verdict = False, None
        try:
            swapped = self._take_up(newest)
        except NoRelease as reason:  # or the log names one that is gone
            verdict = Problem(Trouble.REFUSED if newest else Trouble.NO_RELEASE, str(reason))
        except ReleaseRefused as reason:
            verdict = Problem(Trouble.REFUSED, str(reason))
        self._judged, self._judged_at, self._verdict = newest, self._clock(), verdict
        return swapped

    def _take_up(self, newest: int) -> bool:
        if not newest:
            self._releases.champion()  # raises: it knows why there is none
        entry = self._releases.log.entry(newest)
        served = self._serving[0].id if self._serving else None
        if (served, self._manifest_sha256) == (entry.release, entry.manifest_sha256):
            return False
        self._serving = self._releases.load(entry.release, entry.manifest_sha256)
        self._manifest_sha256 = entry.manifest_sha256
        return served != entry.release
