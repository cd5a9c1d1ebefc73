"""What the worker is doing: written by the Kafka thread, told by the pages."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """What the worker is doing, in the words of its pages."""

    CONNECTING = "connecting to Kafka"
    JOINING = "waiting for partitions"
    READING = "reading"
    WAITING = "waiting for Kafka"
    STOPPED = "stopped"


@dataclass
class Status:
    """What the worker's pages tell; written by the Kafka thread alone."""

    state: State = State.CONNECTING
    partitions: set[int] = field(default_factory=set)
    # Whether the group has given this worker its part. It may be none: a spare one is ready, too.
    joined: bool = False
    # When the thread last came round its loop; it does so while it waits for Kafka, too.
    alive_at: float = field(default_factory=time.monotonic)

    def alive(self) -> None:
        """The thread has come round."""
        self.alive_at = time.monotonic()

    def waiting(self) -> None:
        """Kafka does not do what it was asked for; the thread will ask again."""
        self.alive()
        if self.state is not State.CONNECTING:
            self.state = State.WAITING

    def given(self, partitions: Iterable[int]) -> None:
        """The group has decided, and gives these on top of what the worker has."""
        self.partitions |= set(partitions)
        self.joined = True
        self.reading_or_joining()

    def gave_back(self, partitions: Iterable[int]) -> None:
        """These are gone; without any left, the group has yet to decide again."""
        self.partitions -= set(partitions)
        self.joined = bool(self.partitions)
        self.reading_or_joining()

    def reading_or_joining(self) -> None:
        """Kafka answers: the worker reads what it was given, once the group has decided."""
        self.state = State.READING if self.joined else State.JOINING
