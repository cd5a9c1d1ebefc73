"""A kind of fault: what is done to a stage at work, and what bounds the recovery from it."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.stage import Stage


@dataclass(frozen=True)
class Kind:
    """`strike` does it and takes it back; where a recovery does not count from its beginning it
    says `stage.from_now()`. `bound` is what the recovery waits for, in a few words.
    """

    name: str
    strike: Callable[[Stage], None]
    bound: str
    needs: Callable[[], str | None] = lambda: None
    """Why it cannot be had on this machine, or None."""
