"""What a Kafka client says between the lines: on its error callback, or in place of a record."""

import logging
import time
from typing import Final

from confluent_kafka import KafkaError, KafkaException

log = logging.getLogger("stream.errors")

SAY_EVERY_S: Final = 30.0
# librdkafka goes on trying by itself; whether it still has a broker is found out by asking.
UNREACHABLE: Final = {
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TRANSPORT,
    KafkaError._RESOLVE,
}
MISSING: Final = {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC}


class Errors:
    """Says each thing once in a while, and remembers that brokers went out of reach or that a topic
    is not there.

    Raises `KafkaException` for an error after which the client does nothing any more, out of the
    call that it was told in.
    """

    def __init__(self, servers: str) -> None:
        self.out_of_reach = False
        self.topic_missing = False
        self._servers = servers
        self._said: dict[str, float] = {}

    def __call__(self, error: KafkaError) -> None:
        """Take note of an error."""
        if error.fatal():
            raise KafkaException(error)
        if error.code() in UNREACHABLE:
            self.out_of_reach = True
            return
        self.topic_missing |= error.code() in MISSING
        now = time.monotonic()
        if now > self._said.get(error.str(), -SAY_EVERY_S) + SAY_EVERY_S:
            self._said[error.str()] = now
            log.warning("Kafka at %s: %s", self._servers, error.str())
