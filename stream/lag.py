"""Events not answered yet, partition by partition."""

import contextlib
import time
from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from confluent_kafka import KafkaException, TopicPartition

from stream import metrics

SHOW_EVERY_S: Final = 1.0
# A group that shares anew answers late; events are not held up by a figure.
ASKED_WITHIN_S: Final = 0.5


class Offsets(Protocol):
    """Who knows the offsets, as `Intake` does."""

    @property
    def revocations(self) -> Mapping[int, int]:
        """How often each partition went; who has never gone may be left out."""

    def committed(self, partitions: Iterable[int], within_s: float) -> dict[int, int | None]:
        """The group's next offset in each partition; None where it has committed none."""

    def end(self, partition: int) -> tuple[int, int]:
        """The first and the next offset of a partition, by the last fetch; -1001 before one."""


class Lag:
    """By what was committed, and by what the last fetch said of each partition's end."""

    def __init__(self, intake: Offsets) -> None:
        self._intake = intake
        self._next_offsets: dict[int, int] = {}
        self._revocations = dict(intake.revocations)
        self._shown: set[int] = set()
        self._shown_at = -SHOW_EVERY_S

    def committed(self, offsets: Iterable[TopicPartition]) -> None:
        """Take note of a batch's offsets."""
        self._next_offsets |= {tp.partition: tp.offset for tp in offsets}

    def show(self, partitions: set[int]) -> None:
        """Set the metric, once in a while, for the partitions that this worker reads."""
        now = time.monotonic()
        if now < self._shown_at + SHOW_EVERY_S:
            return
        self._shown_at = now
        for gone in self._shown - partitions:
            with contextlib.suppress(KeyError):
                metrics.LAG.remove(str(gone))
        self._shown &= partitions
        # What went and came back may have been answered by another worker meanwhile. What stayed is
        # not asked for: while a group shares anew, the answer takes until it has done so.
        for partition, times in self._intake.revocations.items():
            if times != self._revocations.get(partition):
                self._next_offsets.pop(partition, None)
        self._revocations = dict(self._intake.revocations)
        with contextlib.suppress(KafkaException):  # it is shown the next time
            new = self._intake.committed(partitions - self._next_offsets.keys(), ASKED_WITHIN_S)
            self._next_offsets |= {p: offset or 0 for p, offset in new.items()}
            for partition, next_offset in self._next_offsets.items():
                first, end = self._intake.end(partition)
                if end >= 0:
                    metrics.LAG.labels(str(partition)).set(end - max(next_offset, first))
                    self._shown.add(partition)
