"""The one Kafka thread: poll a batch, have it scored, publish its outcome and offsets together.

Every call to the consumer and the producer is made in this thread, and no second batch is polled
before the first is committed or undone. So a revocation, which runs inside a poll, never meets a
batch in hand, and the group membership that is captured with a batch is the one it was read by.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, cast

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from stream import metrics, topics
from stream.batch import Outcome
from stream.clients import build, consumer_properties
from stream.patience import Patience, Stopped
from stream.publisher import AtLeastOnce, Publisher, Transactional, Undone
from stream.record import Record
from stream.slots import Slot
from titanic_model.settings import Settings, kafka_settings

log = logging.getLogger("stream.exchange")

# How long a poll waits for an event; also how soon a stop is seen.
POLL_S: Final = 0.1
REQUEST_TIMEOUT_S: Final = 10.0
LAG_EVERY_S: Final = 1.0
# A batch that is not committed after this long is no progress.
STUCK_S: Final = 60.0
SAY_EVERY_S: Final = 30.0
# Errors of librdkafka's own, for which it goes on trying.
UNREACHABLE: Final = {
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TRANSPORT,
    KafkaError._RESOLVE,
}


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


@dataclass(frozen=True)
class Batch:
    """Records in hand. `member` is the group membership they were read by."""

    records: Sequence[Record]
    member: Any

    def next_offsets(self, topic: str) -> list[TopicPartition]:
        """What to commit: for each partition the offset after its last record."""
        last = {r.partition(): r.offset() for r in self.records}
        return [TopicPartition(topic, p, o + 1) for p, o in last.items()]

    def first_offsets(self) -> dict[int, int]:
        """Where the batch began in each partition."""
        return {r.partition(): r.offset() for r in reversed(self.records)}


class Exchange:
    """Reads events and publishes their outcome until `stopping` is set.

    `score` turns records into their outcome; it may block, and must not raise for a bad record.
    """

    def __init__(
        self,
        settings: Settings,
        score: Callable[[Sequence[Record]], Outcome],
        stopping: threading.Event,
    ) -> None:
        self.status = Status()
        self._settings = settings
        self._score = score
        self._stopping = stopping
        self._servers = kafka_settings()["bootstrap.servers"]
        self._kafka = Patience(f"Kafka at {self._servers}", stopping, log, self.status.alive)
        self._revoked: set[int] = set()
        self._next_offsets: dict[int, int] = {}
        self._committed_at = self._lag_at = 0.0
        self._out_of_reach: str | None = None
        self._said: dict[str, float] = {}

    def run(self) -> None:
        """The thread's whole life. Raises what no retry can mend; `stopping` ends it."""
        try:
            self._create_topics()
            properties = consumer_properties()
            self._consumer = build(Consumer, properties, self._on_error)
            publisher = self._publisher(properties["group.id"])
        except Stopped:
            self.status.state = State.STOPPED
            return
        try:
            self.status.state = State.JOINING
            self._consumer.subscribe(
                [self._settings.passengers_topic],
                on_assign=self._on_assign,
                on_revoke=self._on_revoke,
                on_lost=self._on_lost,
            )
            while not self._stopping.is_set():
                self._turn(publisher)
        except Stopped:
            pass
        finally:
            publisher.close()
            self._consumer.close()
            self.status.state = State.STOPPED
            log.info("left the group")

    def _create_topics(self) -> None:
        admin = build(AdminClient, kafka_settings(), _quiet)
        while True:
            try:
                for name in topics.ensure(admin, self._settings):
                    log.info("topic %s created", name)
            except KafkaException as error:
                self._kafka.wait(error.args[0].str())
            else:
                self._kafka.rewarded()
                return

    def _publisher(self, group: str) -> Publisher:
        if self._settings.processing_guarantee == "at_least_once":
            return AtLeastOnce(self._settings, self._consumer)
        self._slot = Slot(group)
        return Transactional(self._settings, self._slot.transactional_id, self._kafka)

    def _turn(self, publisher: Publisher) -> None:
        """One batch, or a poll that brought none."""
        self.status.alive()
        batch = self._gather()
        if batch is None:
            self._look_for_kafka()
        else:
            started = time.monotonic()
            offsets = batch.next_offsets(self._settings.passengers_topic)
            outcome = self._score(batch.records)
            try:
                publisher.publish(outcome, offsets, batch.member)
            except Undone as reason:
                metrics.UNDONE_BATCHES.inc()
                log.warning("%d events are read again: %s", len(batch.records), reason)
                self._rewind(batch)
            else:
                self._committed_at = time.monotonic()
                self._next_offsets |= {tp.partition: tp.offset for tp in offsets}
                self._is_back()
                _count(outcome, self._committed_at - started)
        self._show_lag()

    def _gather(self) -> Batch | None:
        """What is there, up to the batch size; waits a moment for the first event only."""
        gather_for_s = self._committed_at + self._settings.batch_wait_ms / 1000 - time.monotonic()
        if gather_for_s > 0:
            time.sleep(gather_for_s)
        self._revoked.clear()
        first = self._consumer.poll(POLL_S)
        if first is None:
            return None
        messages = [first]
        if self._settings.batch_size > 1:
            messages += self._consumer.consume(self._settings.batch_size - 1, 0)
        # Captured before any later poll: fresh metadata would bless a stale batch.
        member = self._consumer.consumer_group_metadata()
        for message in messages:
            if error := message.error():
                self._on_error(error)
        good = [m for m in messages if m.error() is None and m.partition() not in self._revoked]
        return Batch(cast(list[Record], good), member) if good else None

    def _rewind(self, batch: Batch) -> None:
        """Go back to the committed offsets, or where there are none, to where the batch began."""
        topic = self._settings.passengers_topic
        starts = batch.first_offsets()
        while True:
            try:
                for partition, offset in self._committed(starts).items():
                    start = starts[partition] if offset is None else offset
                    self._seek(TopicPartition(topic, partition, start))
            except KafkaException as error:
                self.status.state = State.WAITING
                self._kafka.wait(error.args[0].str())
            else:
                self._is_back()
                return

    def _committed(self, partitions: Iterable[int]) -> dict[int, int | None]:
        """The group's next offset in each partition; None where it has committed none."""
        topic = self._settings.passengers_topic
        asked = [TopicPartition(topic, partition) for partition in partitions]
        told = self._consumer.committed(asked, REQUEST_TIMEOUT_S)
        for tp in told:
            if tp.error:
                raise KafkaException(tp.error)
        return {tp.partition: tp.offset if tp.offset >= 0 else None for tp in told}

    def _seek(self, to: TopicPartition) -> None:
        """Seek, unless the partition went to somebody else meanwhile."""
        if any(to.partition == tp.partition for tp in self._consumer.assignment()):
            self._consumer.seek(to)

    def _on_assign(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        self.status.partitions |= {tp.partition for tp in partitions}
        self.status.state = State.READING
        metrics.ASSIGNED.set(len(self.status.partitions))
        log.info("reading %s", self._named(self.status.partitions))

    def _on_revoke(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        gone = {tp.partition for tp in partitions}
        self._revoked |= gone
        self.status.partitions -= gone
        metrics.ASSIGNED.set(len(self.status.partitions))
        for partition in gone:
            self._next_offsets.pop(partition, None)
            with contextlib.suppress(KeyError):
                metrics.LAG.remove(str(partition))
        if not self._stopping.is_set():
            self.status.state = State.JOINING
            log.info("gave back %s", self._named(gone))

    def _on_lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        log.warning("the group went on without this worker; it joins again")
        self._on_revoke(consumer, partitions)

    def _named(self, partitions: set[int]) -> str:
        topic = self._settings.passengers_topic
        return ", ".join(f"{topic}/{p}" for p in sorted(partitions)) or f"no partition of {topic}"

    def _on_error(self, error: KafkaError) -> None:
        """What the client says between the lines; each thing once in a while."""
        if error.code() in UNREACHABLE:
            self._out_of_reach = error.str()
            return
        now = time.monotonic()
        if now > self._said.get(error.str(), -SAY_EVERY_S) + SAY_EVERY_S:
            self._said[error.str()] = now
            log.warning("Kafka at %s: %s", self._servers, error.str())

    def _look_for_kafka(self) -> None:
        """After the client lost every broker: ask until one answers, and say so."""
        if self._out_of_reach is None:
            return
        try:
            self._consumer.list_topics(self._settings.passengers_topic, REQUEST_TIMEOUT_S)
        except KafkaException as error:
            self.status.state = State.WAITING
            self._kafka.wait(error.args[0].str())
        else:
            self._is_back()

    def _is_back(self) -> None:
        self._out_of_reach = None
        self._kafka.rewarded()
        if self.status.state is State.WAITING:
            self.status.state = State.READING if self.status.partitions else State.JOINING

    def _show_lag(self) -> None:
        """Events not answered yet, by what the last fetch said of each partition's end."""
        now = time.monotonic()
        if now < self._lag_at + LAG_EVERY_S:
            return
        self._lag_at = now
        topic = self._settings.passengers_topic
        if new := self.status.partitions - self._next_offsets.keys():
            with contextlib.suppress(KafkaException):
                committed = self._committed(new)
                self._next_offsets |= {p: offset or 0 for p, offset in committed.items()}
        for partition, next_offset in self._next_offsets.items():
            ends = self._consumer.get_watermark_offsets(
                TopicPartition(topic, partition), cached=True
            )
            if ends[1] >= 0:
                metrics.LAG.labels(str(partition)).set(ends[1] - max(next_offset, ends[0]))


def _count(outcome: Outcome, seconds: float) -> None:
    answered, refused = len(outcome.predictions), len(outcome.dead_letters)
    metrics.EVENTS.inc(answered + refused)
    metrics.PREDICTIONS.inc(answered)
    for reason, count in outcome.reasons.items():
        metrics.DEAD_LETTERS.labels(reason.value).inc(count)
    metrics.BATCH_EVENTS.observe(answered + refused)
    metrics.BATCH_SECONDS.observe(seconds)


def _quiet(error: KafkaError) -> None:
    log.debug("admin: %s", error.str())
