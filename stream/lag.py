"""Events not answered yet, partition by partition."""

import contextlib
import time
from collections.abc import Iterable
from typing import Final

from confluent_kafka import KafkaException, TopicPartition

from stream import metrics
from stream.intake import Intake

SHOW_EVERY_S: Final = 1.0


class Lag:
    """By what was committed, and by what the last fetch said of each partition's end."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._next_offsets: dict[int, int] = {}
        self._shown_at = 0.0

    def committed(self, offsets: Iterable[TopicPartition]) -> None:
        """Take note of a batch's offsets."""
        self._next_offsets |= {tp.partition: tp.offset for tp in offsets}

    def show(self, partitions: set[int]) -> None:
        """Set the metric, once in a while, for the partitions that this worker reads."""
        now = time.monotonic()
        if now < self._shown_at + SHOW_EVERY_S:
            return
        self._shown_at = now
        for gone in self._next_offsets.keys() - partitions:
            del self._next_offsets[gone]
            with contextlib.suppress(KeyError):
                metrics.LAG.remove(str(gone))
        with contextlib.suppress(KafkaException):  # it is shown the next time
            new = self._intake.committed(partitions - self._next_offsets.keys())
            self._next_offsets |= {p: offset or 0 for p, offset in new.items()}
            for partition, next_offset in self._next_offsets.items():
                first, end = self._intake.end(partition)
                if end >= 0:
                    metrics.LAG.labels(str(partition)).set(end - max(next_offset, first))
