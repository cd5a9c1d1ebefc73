"""What a Kafka client says between the lines: on its error callback, or in place of a record."""

import logging
import time
from collections.abc import Mapping
from typing import Final

from confluent_kafka import KafkaError

log = logging.getLogger("stream.errors")

# What to do about what Kafka says in its own words.
ADVICE: Final[Mapping[int, str]] = {
    # Twice: where the answer to a join was lost with a broker, librdkafka has joined once more.
    KafkaError.FENCED_INSTANCE_ID: "another worker has joined the group under this one's name, or "
    "this one has twice, after a broker was lost: start it again; where that goes on, give each "
    "its own KAFKA_TRANSACTIONAL_ID, or KAFKA_GROUP_INSTANCE_ID where you set that",
    KafkaError.UNRELEASED_INSTANCE_ID: "the place of KAFKA_GROUP_INSTANCE_ID is still another "
    "worker's; if that one was killed, start this one again when its session has timed out",
    KafkaError.INCONSISTENT_GROUP_PROTOCOL: "the group's other workers share partitions in "
    "another way (KAFKA_PARTITION_ASSIGNMENT_STRATEGY); this one gets in when they have stopped",
    KafkaError._MAX_POLL_EXCEEDED: "a batch, or waiting for Kafka, took longer than "
    "KAFKA_MAX_POLL_INTERVAL_MS, so that others may have its partitions; if it repeats while Kafka "
    "is there: fewer events by TITANIC_BATCH_SIZE, more time",
    KafkaError._BAD_COMPRESSION: "a producer's batch unpacks to more than is allowed, and its "
    "partition stands still; raise KAFKA_RECEIVE_MESSAGE_MAX_BYTES (docs/soak.md)",
}
SAY_EVERY_S: Final = 30.0
# librdkafka goes on trying by itself; whether it still has a broker is found out by asking.
UNREACHABLE: Final = {
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TRANSPORT,
    KafkaError._RESOLVE,
}
MISSING: Final = {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC}


class GivenUp(Exception):
    """A client does nothing any more; the message says why, and what to do."""


class Errors:
    """Says each thing once in a while, and remembers that brokers went out of reach or that a topic
    is not there.

    Raises `GivenUp` for an error after which the client does nothing any more, out of the
    call that it was told in.
    """

    def __init__(self, servers: str) -> None:
        self.out_of_reach = False
        self.topic_missing = False
        self._servers = servers
        self._said: dict[str, float] = {}

    def __call__(self, error: KafkaError) -> None:
        """Take note of an error."""
        told = f"Kafka at {self._servers}: {_with_advice(error)}"
        if error.fatal() or error.code() == KafkaError._FATAL:
            raise GivenUp(told)
        if error.code() in UNREACHABLE:
            self.out_of_reach = True
            return
        self.topic_missing |= error.code() in MISSING
        now = time.monotonic()
        if now > self._said.get(told, -SAY_EVERY_S) + SAY_EVERY_S:
            self._said[told] = now
            log.warning("%s", told)


def _with_advice(error: KafkaError) -> str:
    """What the client says, and what to do about it where we know that.

    A fatal error has its cause in its text alone, where it stands twice.
    """
    for code, advice in ADVICE.items():
        if (cause := KafkaError(code).str()) in error.str():
            return f"{cause}: {advice}"
        if code == error.code():
            return f"{error.str()}: {advice}"
    return error.str()
