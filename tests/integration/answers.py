"""What workers published, to a `read_committed` reader that knows but the contract of them."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition


@dataclass(frozen=True)
class Answers:
    """What workers published, as a `read_committed` reader sees it."""

    predictions: Sequence[Message]
    dead_letters: Sequence[Message]

    @property
    def events(self) -> Counter[str]:
        """How often each event was answered, with a prediction or a dead letter."""
        return Counter(
            [answer["event"] for answer in self.values] + [origin(m) for m in self.dead_letters]
        )

    @property
    def values(self) -> list[dict[str, Any]]:
        """The predictions, decoded, in the order they were read."""
        return [json.loads(message.value() or b"") for message in self.predictions]


def headers(message: Message) -> list[tuple[str, bytes | None]]:
    """A record's headers, in their order."""
    return cast(list[tuple[str, bytes | None]], message.headers() or [])


def origin(dead_letter: Message) -> str:
    """The id of the event that a dead letter was."""
    named = dict(headers(dead_letter))
    place = (named[f"__connect.errors.{part}"] for part in ("topic", "partition", "offset"))
    return "/".join((part or b"").decode() for part in place)


def read(servers: str, topics: list[str], count: int, within_s: float) -> list[Message]:
    """At least `count` records of the topics from their beginning, and all there is after them."""
    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": "nobody",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
        }
    )
    deadline = time.monotonic() + within_s
    try:
        known = consumer.list_topics(timeout=10).topics
        places = [TopicPartition(t, p, 0) for t in topics for p in known[t].partitions]
        consumer.assign(places)
        records: list[Message] = []
        at_end: set[tuple[str | None, int | None]] = set()
        while len(records) < count or len(at_end) < len(places):
            assert time.monotonic() < deadline, f"{len(records)} of {count} records"
            for message in consumer.consume(10_000, 0.2):
                place = message.topic(), message.partition()
                if error := message.error():
                    assert error.code() == KafkaError._PARTITION_EOF, error
                    at_end.add(place)
                else:
                    at_end.discard(place)
                    records.append(message)
        return records
    finally:
        consumer.close()
