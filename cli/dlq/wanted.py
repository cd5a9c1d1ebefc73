"""Which dead letters are meant."""

from typing import NamedTuple

from stream.dead_letters import Letter, Origin
from titanic_model.passenger import Reason


class BadSource(ValueError):
    """A source that can't be meant; the message says what one looks like."""


class Source(NamedTuple):
    """Where events came from: a topic, a partition of it, or a single event."""

    topic: str
    partition: int | None = None
    offset: int | None = None

    def holds(self, origin: Origin) -> bool:
        """Whether an event came from there."""
        asked = tuple(part for part in self if part is not None)
        return tuple(origin)[: len(asked)] == asked


class Wanted(NamedTuple):
    """What a letter must be like; None asks for nothing. `until_ms` is exclusive."""

    reasons: frozenset[Reason] = frozenset()
    since_ms: int | None = None
    until_ms: int | None = None
    source: Source | None = None

    def takes(self, letter: Letter) -> bool:
        """Whether a letter is meant. One without a time is of no time that is asked for."""
        if self.reasons and letter.reason not in self.reasons:
            return False
        if self.source and not self.source.holds(letter.origin):
            return False
        if self.since_ms is None and self.until_ms is None:
            return True
        time_ms = letter.timestamp_ms
        if time_ms is None or (self.since_ms is not None and time_ms < self.since_ms):
            return False
        return self.until_ms is None or time_ms < self.until_ms


def source_of(text: str) -> Source:
    """TOPIC, TOPIC/PARTITION or TOPIC/PARTITION/OFFSET. Raises `BadSource`."""
    topic, *numbers = text.split("/")
    if not topic or len(numbers) > len(("partition", "offset")):
        raise BadSource(f"--source {text}: TOPIC, TOPIC/PARTITION or an event is expected")
    if wrong := [number for number in numbers if not number.isdecimal()]:
        raise BadSource(f"--source {text}: {wrong[0]!r} is no number")
    return Source(topic, *(int(number) for number in numbers))
