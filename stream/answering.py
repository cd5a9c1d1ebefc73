"""Batches on their way from the intake to the publisher: one in hand, and one that is committed."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from confluent_kafka import KafkaException, TopicPartition

from stream import metrics
from stream.batch import Limits, Outcome
from stream.intake import Batch
from stream.lag import Lag
from stream.patience import Patience
from stream.publisher import Publisher, Undone
from stream.record import Record
from stream.upkeep import Upkeep
from titanic_model.passenger import Reason

log = logging.getLogger("stream.answering")


class Published(NamedTuple):
    """What is kept of a batch that is published: its records need not be."""

    name: str
    starts: Mapping[int, int]
    offsets: list[TopicPartition]
    predictions: int
    reasons: Counter[Reason]
    began_at: float


@dataclass
class Answering:
    """Answers batches, in the Kafka thread. Raises `Stopped` out of whatever waits.

    `rewind` has events read again, as `Intake.rewind` says. `again` waits for a batch that is
    undone again and again, while Kafka answers all else; `confirmed` is told that it has taken one.
    """

    topic: str
    rewind: Callable[[Mapping[int, int]], None]
    publisher: Publisher
    score: Callable[[Sequence[Record], Limits], Outcome]
    upkeep: Upkeep
    lag: Lag
    kafka: Patience
    again: Patience
    confirmed: Callable[[], None]
    # When the last batch was.
    confirmed_at: float = 0.0
    # The one that is being committed.
    _last: Published | None = None
    # Whether the last batch was undone: the second in a row is not read again at once.
    _undone: bool = False

    def answer(self, batch: Batch) -> None:
        """Score a batch while the one before it is committed, then publish it.

        A full one is left to be committed while the next is read. Any other is waited for: more
        events come meanwhile, and are answered together.
        """
        starts = batch.first_offsets()
        if batch.member is None:
            log.info("%s are read again: the group went on meanwhile", batch)
            if self.settle(starts):
                self._rewind(starts)
            return
        began_at = time.monotonic()
        outcome = self.score(batch.records, self.upkeep.limits)
        if not self.settle(starts):
            return
        if outcome.reasons[Reason.TOO_LARGE] and self.upkeep.take_more_now(self.publisher):
            outcome = self.score(batch.records, self.upkeep.limits)
        offsets = batch.next_offsets(self.topic)
        published = Published(
            str(batch), starts, offsets, len(outcome.predictions), outcome.reasons, began_at
        )
        try:
            self.publisher.publish(outcome, offsets, batch.member)
        except Undone as reason:
            self._read_again(published, {}, reason)
            return
        self._last = published
        if not batch.is_full:
            self.settle()

    def settle(self, following: Mapping[int, int] | None = None) -> bool:
        """Wait until the last batch is committed.

        False: it is read again, and with it what was read since, from the offsets `following` on.
        """
        last, self._last = self._last, None
        if last is None:
            return True
        try:
            self.publisher.settle()
        except Undone as reason:
            self._read_again(last, following or {}, reason)
            return False
        self._undone = False
        self.again.rewarded()
        self.confirmed_at = time.monotonic()
        self.confirmed()
        self.lag.committed(last.offsets)
        _count(last, self.confirmed_at - last.began_at)
        return True

    def _read_again(self, one: Published, following: Mapping[int, int], reason: Undone) -> None:
        metrics.UNDONE_BATCHES.inc()
        log.warning("%s are read again: %s", one.name, reason)
        if self._undone:
            self.again.wait(f"{one.name} cannot be answered: {reason}")
            self.upkeep.look(self.publisher)
        self._undone = True
        self._rewind({**following, **one.starts})

    def _rewind(self, starts: Mapping[int, int]) -> None:
        while True:
            try:
                return self.rewind(starts)
            except KafkaException as error:
                self.kafka.wait(error.args[0].str())


def _count(published: Published, seconds: float) -> None:
    events = published.predictions + published.reasons.total()
    metrics.EVENTS.inc(events)
    metrics.PREDICTIONS.inc(published.predictions)
    for reason, count in published.reasons.items():
        metrics.DEAD_LETTERS.labels(reason.value).inc(count)
    metrics.BATCH_EVENTS.observe(events)
    metrics.BATCH_SECONDS.observe(seconds)
