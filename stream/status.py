"""What the worker is doing: written by the Kafka thread, told by the pages."""

import time
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

    def reading_or_joining(self) -> None:
        """Kafka answers: the worker reads what it was given, if it was given anything."""
        self.state = State.READING if self.partitions else State.JOINING
