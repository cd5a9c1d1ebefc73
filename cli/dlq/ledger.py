"""Which dead letters were replayed: a compacted topic beside theirs, NAME.replayed.

Its records are written in the transaction of the events that they tell of, so that an event is on
its topic if and only if its letter is in here. A key names a letter by the id of its topic, which
another topic of the same name has not.
"""

import time
from typing import Final

import msgspec
from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from cli.reading import REQUEST_TIMEOUT_S, NotRead, records, whole
from stream.dead_letters import Letter, Origin
from titanic_model.settings import settings

THERE_WITHIN_S: Final = 10.0
LOOK_EVERY_S: Final = 0.1


def name_of(topic: str) -> str:
    """The topic that tells which letters of a topic were replayed."""
    return f"{topic}.replayed"


class Replayed:
    """What was replayed of a topic's letters."""

    def __init__(self, admin: AdminClient, topic: str) -> None:
        self.topic = name_of(topic)
        self._admin = admin
        self._letters = topic
        described = admin.describe_topics(
            TopicCollection([topic]), request_timeout=REQUEST_TIMEOUT_S
        )
        self._id = str(described[topic].result().topic_id)
        self._keys: set[bytes] = set()

    def __contains__(self, place: object) -> bool:
        return isinstance(place, Origin) and self.key(place) in self._keys

    def key(self, place: Origin) -> bytes:
        """The key that names a letter."""
        return f"{self._id}/{place.partition}/{place.offset}".encode()

    def value(self, place: Origin, letter: Letter) -> bytes:
        """What is written of it, for people."""
        return msgspec.json.encode({"letter": str(place), "event": str(letter.origin)})

    def load(self, reader: Consumer) -> None:
        """Learn what was replayed until now; nothing, where the topic isn't there."""
        if self.topic not in self._admin.list_topics(timeout=REQUEST_TIMEOUT_S).topics:
            return
        for batch in records(
            reader, whole(self._admin, self.topic, IsolationLevel.READ_UNCOMMITTED)
        ):
            self._keys.update(key for record in batch if (key := record.key()))

    def create(self) -> None:
        """Make the topic, unless it is there. Raises `KafkaException`, `NotRead`."""
        if self.topic in self._admin.list_topics(timeout=REQUEST_TIMEOUT_S).topics:
            return
        new = NewTopic(
            self.topic,
            num_partitions=1,
            replication_factor=settings().replication,
            config={"cleanup.policy": "compact"},
        )
        try:
            self._admin.create_topics([new], request_timeout=REQUEST_TIMEOUT_S)[self.topic].result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
        deadline = time.monotonic() + THERE_WITHIN_S
        while (
            self._admin.list_topics(self.topic, timeout=REQUEST_TIMEOUT_S).topics[self.topic].error
        ):
            if time.monotonic() > deadline:
                raise NotRead(f"topic {self.topic} was created, but does not come up")
            time.sleep(LOOK_EVERY_S)
