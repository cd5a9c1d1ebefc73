"""Kafka's side: where partitions begin and end, how far a group is, and all records between."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, cast

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined] # left out of its __all__
    AdminClient,
    ConfigResource,
    OffsetSpec,
)

from cli.span import Span
from stream.record import Record

REQUEST_TIMEOUT_S: Final = 10.0
AT_ONCE: Final = 10_000
POLL_S: Final = 0.2
# A transaction that was left open ends after a minute by default, and holds readers up meanwhile.
STUCK_AFTER_S: Final = 90.0
LOOK_EVERY_S: Final = 0.2
# It is not about what is read: a group's offsets are asked for by another request.
HARMLESS: Final = {KafkaError.GROUP_AUTHORIZATION_FAILED}


class NotRead(Exception):
    """What is needed cannot be read; the message says what, where and what to do."""


def whole(admin: AdminClient, topic: str, isolation: IsolationLevel) -> list[Span]:
    """All there is of a topic now; read committed, without what is in open transactions.

    Raises `NotRead` and `KafkaException`.
    """
    found = admin.list_topics(topic, timeout=REQUEST_TIMEOUT_S).topics[topic]
    if found.error:
        raise NotRead(
            f"topic {topic}: {found.error.str()}; a worker creates it, and so does 'titanic topics'"
        )
    places = [TopicPartition(topic, partition) for partition in sorted(found.partitions)]
    first = _offsets(admin, places, OffsetSpec.earliest(), isolation)  # type: ignore[no-untyped-call]
    end = _offsets(admin, places, OffsetSpec.latest(), isolation)  # type: ignore[no-untyped-call]
    return [Span(topic, p, first[p], first[p], end[p]) for p in first]


def _offsets(
    admin: AdminClient, places: list[TopicPartition], spec: OffsetSpec, isolation: IsolationLevel
) -> dict[int, int]:
    told = admin.list_offsets(
        dict.fromkeys(places, spec), isolation_level=isolation, request_timeout=REQUEST_TIMEOUT_S
    )
    return {place.partition: found.result().offset for place, found in told.items()}


def at_time(reader: Consumer, span: Span, time_ms: int) -> int:
    """The offset of the first record of that time or later; the end where there is none."""
    asked = TopicPartition(span.topic, span.partition, time_ms)
    [found] = reader.offsets_for_times([asked], REQUEST_TIMEOUT_S)
    if found.error:
        raise KafkaException(found.error)
    return min(found.offset, span.end) if found.offset >= 0 else span.end


def is_compacted(admin: AdminClient, topic: str) -> bool:
    """Whether a topic's older records may go; False where we may not ask."""
    asked = ConfigResource(ConfigResource.Type.TOPIC, topic)
    try:
        told = admin.describe_configs([asked], request_timeout=REQUEST_TIMEOUT_S)[asked].result()
    except KafkaException:
        return False
    return "compact" in (told["cleanup.policy"].value or "")


def committed(reader: Consumer, spans: Iterable[Span]) -> dict[int, int | None]:
    """The next offset of the reader's group in each partition; None where it has none."""
    told = reader.committed(
        [TopicPartition(s.topic, s.partition) for s in spans], REQUEST_TIMEOUT_S
    )
    for place in told:
        if place.error:
            raise KafkaException(place.error)
    return {place.partition: place.offset if place.offset >= 0 else None for place in told}


def await_committed(
    reader: Consumer, spans: Sequence[Span], last: Mapping[int, int], within_s: float
) -> dict[int, int | None]:
    """The group's offsets, once they are past the last events or the time is up."""
    deadline = time.monotonic() + within_s
    while True:
        found = committed(reader, spans)
        behind = [p for p, offset in last.items() if (found.get(p) or 0) <= offset]
        if not behind or time.monotonic() > deadline:
            return found
        time.sleep(LOOK_EVERY_S)


def records(reader: Consumer, spans: Iterable[Span]) -> Iterator[list[Record]]:
    """The committed records of these parts, in batches, each partition in its order.

    What a partition ends with may be no record (markers of transactions, aborted ones), so that
    its end is where the client says that there is nothing more. Raises `NotRead` when it does not
    get there, and `KafkaException`.
    """
    ends = {(s.topic, s.partition): s.end for s in spans if s.start < s.end}
    starts = [TopicPartition(s.topic, s.partition, s.start) for s in spans if s.start < s.end]
    left = {(place.topic, place.partition): place for place in starts}
    reader.assign(starts)
    deadline = time.monotonic() + STUCK_AFTER_S
    while left:
        messages = reader.consume(AT_ONCE, POLL_S)
        reached = set()
        for message in messages:
            if (error := message.error()) is not None:
                if error.code() == KafkaError._PARTITION_EOF:
                    place = message.topic() or "", message.partition() or 0
                    if (message.offset() or 0) >= ends.get(place, 0):
                        reached.add(place)
                elif not error.retriable() and error.code() not in HARMLESS:
                    raise NotRead(f"{message.topic()}/{message.partition()}: {error.str()}")
        good = [message for message in messages if message.error() is None]
        if good:
            deadline = time.monotonic() + STUCK_AFTER_S
            yield cast(list[Record], good)
        elif time.monotonic() > deadline:
            raise NotRead(_stuck(reader, left.values(), ends))
        for tp in reader.position(list(left.values())):
            if tp.offset >= ends[tp.topic, tp.partition]:
                reached.add((tp.topic, tp.partition))
        done = [left.pop(place) for place in reached if place in left]
        if done and left:
            reader.incremental_unassign(done)
    reader.unassign()


def _stuck(
    reader: Consumer, left: Iterable[TopicPartition], ends: Mapping[tuple[str, int], int]
) -> str:
    place = reader.position(list(left))[0]
    return (
        f"{place.topic}/{place.partition}: nothing more is delivered from offset {place.offset} "
        f"on, and its end is {ends[place.topic, place.partition]}; is a transaction open there, or "
        f"its leader away? Nothing came for {STUCK_AFTER_S:.0f} s"
    )
