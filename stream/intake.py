"""The consuming side of the exchange: what was read, as whom, and how to read it again.

Its callbacks run inside `gather` and `close`, hence in the Kafka thread: a revocation never meets
a batch that is scored or published.
"""

import contextlib
import logging
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition

from stream import metrics
from stream.clients import build, by_the_broker, consumer_properties
from stream.errors import Errors, GivenUp
from stream.record import Record, ask_for_headers
from stream.status import Status
from titanic_model.settings import Settings

log = logging.getLogger("stream.intake")

# How long a poll waits for an event; also how soon a stop is seen.
POLL_S: Final = 0.1
REQUEST_TIMEOUT_S: Final = 10.0
# Events taken at once, before their bytes are counted.
STEP_EVENTS: Final = 500
# How soon the worker says that Kafka does not answer.
ASK_TIMEOUT_S: Final = 2.0
# How long a stop waits for the group to be left before it closes the client anyway.
LEAVE_WITHIN_S: Final = 5.0
# A leader that takes longer is waited for by what fetches from it, not by the other partitions.
WAKE_TIMEOUT_S: Final = 0.5


@dataclass(frozen=True)
class Batch:
    """Records in hand.

    `member` is the group membership they were read by; None when the group went on while they
    were read, which leaves nothing to do but to read them again. `is_full`: more is there.
    """

    records: Sequence[Record]
    member: Any | None
    is_full: bool = False

    def next_offsets(self, topic: str) -> list[TopicPartition]:
        """What to commit: for each partition the offset after its last record."""
        last = {r.partition(): r.offset() for r in self.records}
        return [TopicPartition(topic, p, o + 1) for p, o in last.items()]

    def first_offsets(self) -> dict[int, int]:
        """Where the batch began in each partition."""
        return {r.partition(): r.offset() for r in reversed(self.records)}

    def __str__(self) -> str:
        first = self.records[0]
        start = f"{first.topic()}/{first.partition()}/{first.offset()}"
        return f"{len(self.records):,} events from {start} on"


class Intake:
    """The group member that reads `passengers`; static where it is given a name of its own.

    Raises `GivenUp` from `gather` for what no later poll can mend, such as another member of the
    same name.
    """

    def __init__(
        self, settings: Settings, status: Status, errors: Errors, name: str | None = None
    ) -> None:
        # As much again as a batch is fetched ahead.
        ahead = {"queued.min.messages": str(settings.batch_size)}
        properties = ahead | consumer_properties(name)
        self.group = properties["group.id"]
        self._topic = settings.passengers_topic
        self._batch_size = settings.batch_size
        self._batch_bytes = settings.batch_bytes
        self._status = status
        self._errors = errors
        # None: a new reader begins at the end, so that only the batch knows where it did.
        earliest = properties["auto.offset.reset"] in {"earliest", "smallest", "beginning"}
        self._beginning = OFFSET_BEGINNING if earliest else None
        # With the new group protocol a member that is given nothing is told nothing.
        self._told_of_nothing = not by_the_broker(properties)
        self._name = properties.get("group.instance.id")
        # Whether it was ever given a partition.
        self.has_read = False
        self._member_id: str | None = None
        self._revoked: set[int] = set()
        # Whether partitions came or went since the last poll.
        self._moved = False
        # How often each partition went: who knows its next offset then no longer does.
        self.revocations: Counter[int] = Counter()
        self.consumer = build(Consumer, properties, errors)

    def subscribe(self) -> None:
        """Join the group; its assignments come with `gather`."""
        log.info("joining group %s%s", self.group, f" as {self._name}" if self._name else "")
        self._joins()
        self.consumer.subscribe(
            [self._topic],
            on_assign=self._on_assign,
            on_revoke=self._on_revoke,
            on_lost=self._on_lost,
        )

    def gather(self) -> Batch | None:
        """What is there, up to a batch's size; waits a moment for the first event only."""
        first = self.consumer.poll(POLL_S)
        if self._moved:
            self._wake()
        if first is None:
            return None
        # A poll may have given partitions back and taken them again before it found the event;
        # what counts is whether one goes while the rest is collected.
        self._revoked.clear()
        records, is_full = self._collect(first)
        # Captured before any later poll: fresh metadata would bless a stale batch.
        member = self.consumer.consumer_group_metadata()
        if not records:
            return None
        if self._revoked or self.consumer.memberid() != self._member_id:
            # A member that the group has dropped has an empty id until it joins again, and the
            # broker may take that for a client outside any group, whose offsets it accepts.
            member = None
        return Batch(records, member, is_full)

    def _collect(self, first: Message) -> tuple[list[Record], bool]:
        """The first and what is there behind it, up to a batch's events and bytes: whether so many.

        The bytes are exceeded by a step of events that are larger than those before, at the most.
        """
        records, size, asked, step = [], 0, 1, [first]
        while True:
            good = self._without_errors(step)
            size += ask_for_headers(good)
            records += good
            room, room_bytes = self._batch_size - len(records), self._batch_bytes - size
            is_full = room <= 0 or room_bytes <= 0
            if is_full or len(step) < asked:
                return records, is_full
            fitting = room_bytes * len(records) // max(size, 1)
            asked = min(room, max(fitting, 1), STEP_EVENTS)
            step = self.consumer.consume(asked, 0)

    def _without_errors(self, messages: list[Message]) -> list[Record]:
        good = [message for message in messages if message.error() is None]
        if len(good) < len(messages):
            for message in messages:
                if error := message.error():
                    self._errors(error)
        return cast(list[Record], good)

    def rewind(self, starts: Mapping[int, int]) -> None:
        """Go back to the committed offsets; where there are none, to where a new reader begins.

        `starts` has the first offset of what is read again, by partition. Raises `KafkaException`
        when Kafka does not tell or take them; it may be repeated.
        """
        mine = {tp.partition for tp in self.consumer.assignment()}
        for partition, offset in self.committed(starts.keys() & mine).items():
            start = (self._beginning or starts[partition]) if offset is None else offset
            self.consumer.seek(TopicPartition(self._topic, partition, start))

    def committed(
        self, partitions: Iterable[int], within_s: float = REQUEST_TIMEOUT_S
    ) -> dict[int, int | None]:
        """The group's next offset in each partition; None where it has committed none.

        Raises `KafkaException`, also when Kafka does not answer within that time.
        """
        asked = [TopicPartition(self._topic, partition) for partition in partitions]
        if not asked:
            return {}
        told = self.consumer.committed(asked, within_s)
        for tp in told:
            if tp.error:
                raise KafkaException(tp.error)
        return {tp.partition: tp.offset if tp.offset >= 0 else None for tp in told}

    def end(self, partition: int) -> tuple[int, int]:
        """The first and the next offset of a partition, by the last fetch; -1001 before one."""
        tp = TopicPartition(self._topic, partition)
        return self.consumer.get_watermark_offsets(tp, cached=True)

    def ask(self) -> None:
        """Raises `KafkaException` unless a broker answers."""
        self.consumer.list_topics(self._topic, ASK_TIMEOUT_S)

    def close(self) -> None:
        """Leave the group, so that the partitions move on at once."""
        if self._name and self._told_of_nothing:
            with contextlib.suppress(KafkaException, GivenUp):
                self.leave()
        self.consumer.close()
        log.info("left the group")

    def _wake(self) -> None:
        """Have what stayed read on at once.

        librdkafka stops all partitions while it tells of some, and lets them go on without waking
        the threads that fetch, which may sleep for a second. A request to each leader wakes them.
        """
        self._moved = False
        asked = [TopicPartition(tp.topic, tp.partition, 0) for tp in self.consumer.assignment()]
        if asked:
            with contextlib.suppress(KafkaException):
                self.consumer.offsets_for_times(asked, WAKE_TIMEOUT_S)

    def leave(self) -> None:
        """Leave the group, and forget where it was.

        By `close` alone a static member keeps its place, as if it had crashed.
        """
        self.consumer.unsubscribe()
        deadline = time.monotonic() + LEAVE_WITHIN_S
        while self.consumer.memberid() and time.monotonic() < deadline:
            self.consumer.poll(POLL_S)  # which has the partitions given back

    def _joins(self) -> None:
        """What the worker has is its part if the group may stay silent; else it will decide."""
        if self._told_of_nothing:
            self._status.reading_or_joining()
        else:
            self._status.given([])

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._moved = True
        self._member_id = consumer.memberid()
        self.has_read |= bool(partitions)
        self._status.given(tp.partition for tp in partitions)
        metrics.ASSIGNED.set(len(self._status.partitions))
        log.info("reading %s", self._named(self._status.partitions))

    def _on_revoke(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        gone = {tp.partition for tp in partitions}
        self._moved = True
        self._revoked |= gone
        self.revocations.update(gone)
        self._status.gave_back(gone)
        self._joins()
        metrics.ASSIGNED.set(len(self._status.partitions))
        log.info("gave back %s", self._named(gone))

    def _on_lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        log.warning("the group went on without this worker; it joins again")
        self._on_revoke(consumer, partitions)

    def _named(self, partitions: set[int]) -> str:
        named = ", ".join(f"{self._topic}/{p}" for p in sorted(partitions))
        return named or f"no partition of {self._topic}"
