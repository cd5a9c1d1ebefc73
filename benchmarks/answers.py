"""What a contestant has answered, as its output topic tells: how many, and from when to when.

The topic is made with `message.timestamp.type=LogAppendTime`, so that the broker itself stamps
each answer when it takes it. This measures all contestants with the same clock, to a millisecond,
whatever they say about themselves, and costs them nothing while they run.
"""

import time
from contextlib import closing
from typing import Final

from confluent_kafka import (
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from confluent_kafka.admin import (  # type: ignore[attr-defined] # left out of its __all__
    AdminClient,
    OffsetSpec,
)
from confluent_kafka.cimpl import NewTopic

from cli import kafka

STAMPED_BY_THE_BROKER: Final = {"message.timestamp.type": "LogAppendTime"}
REQUEST_TIMEOUT_S: Final = 10.0
# The stamps' resolution: fewer answers than fill it take no less.
LEAST_S: Final = 0.001
# A contestant without an answer for so long will give none.
STUCK_AFTER_S: Final = 60.0
AT_ONCE: Final = 10_000
# What a broker says of a topic right after it was made.
NOT_YET: Final = {
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._NOENT,
}


class NotAnswered(Exception):
    """A contestant did not answer every event once; the message says how many it did."""


def create(admin: AdminClient, topic: str, partitions: int, **config: str) -> None:
    """A topic of the benchmark's own. Raises `KafkaException`."""
    new = NewTopic(topic, num_partitions=partitions, replication_factor=-1, config=config)
    admin.create_topics([new], request_timeout=REQUEST_TIMEOUT_S)[topic].result()


def committed(admin: AdminClient, places: list[TopicPartition]) -> int:
    """How far the topic's partitions are, together; markers of transactions count as well.

    Raises `KafkaException`.
    """
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    told = admin.list_offsets(
        dict.fromkeys(places, latest),
        isolation_level=IsolationLevel.READ_COMMITTED,
        request_timeout=REQUEST_TIMEOUT_S,
    )
    try:
        return sum(end.result().offset for end in told.values())
    except KafkaException as error:
        if error.args[0].code() not in NOT_YET:
            raise
        # else librdkafka goes on for minutes to answer from what it knew then
        admin.list_topics(timeout=REQUEST_TIMEOUT_S)
        return 0


def read(servers: str, places: list[TopicPartition], expected: int) -> float:
    """Read the committed answers until there are as many as expected, and to the topic's end.

    Returns the seconds from the first to the last. Raises `NotAnswered` when there are more, or
    when no more come.
    """
    reader = kafka.consumer(servers, "titanic-benchmark", **{"enable.partition.eof": "true"})
    with closing(reader):
        reader.assign([TopicPartition(place.topic, place.partition, 0) for place in places])
        return _count(reader, len(places), expected)


def _count(reader: Consumer, partitions: int, expected: int) -> float:
    count, first, last = 0, float("inf"), 0.0
    at_end: set[int | None] = set()
    deadline = time.monotonic() + STUCK_AFTER_S
    while count < expected or len(at_end) < partitions:
        if time.monotonic() > deadline:
            raise NotAnswered(f"{count:,} of {expected:,} events were answered")
        for message in reader.consume(AT_ONCE, 0.1):
            if _is_an_end(message):
                at_end.add(message.partition())
                continue
            at_end.discard(message.partition())
            at = message.timestamp()[1]
            first, last = min(first, at), max(last, at)
            count += 1
            deadline = time.monotonic() + STUCK_AFTER_S
    if count > expected:
        raise NotAnswered(f"{expected:,} events got {count:,} answers")
    return max((last - first) / 1000, LEAST_S)


def _is_an_end(message: Message) -> bool:
    error = message.error()
    if error is None:
        return False
    if error.code() != KafkaError._PARTITION_EOF:
        raise KafkaException(error)
    return True
