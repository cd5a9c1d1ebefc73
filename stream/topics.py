"""The topics: created where they are absent, never changed where they exist."""

from concurrent.futures import Future
from typing import Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined] # left out of its __all__
    AdminClient,
    ConfigEntry,
    ConfigResource,
)
from confluent_kafka.cimpl import NewTopic

from stream.batch import Limits
from stream.clients import largest_record_bytes
from titanic_model.settings import Settings

REQUEST_TIMEOUT_S: Final = 10.0
# How soon the worker says that Kafka is not there.
LOOK_TIMEOUT_S: Final = 3.0
# Kafka's own, where a topic does not tell.
DEFAULT_LIMIT_BYTES: Final = 1_048_588
MAY_NOT_ASK: Final = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
}
# An event has been compressed when its topic took it, and a dead letter is larger by its headers:
# 5 MB of the letter a are 5 kB on their topic.
OUTPUT_LIMIT_BYTES: Final = 100 * 1024 * 1024
OUTPUT_LIMIT: Final = {"max.message.bytes": str(OUTPUT_LIMIT_BYTES)}
# A worker whose clock is more than `message.timestamp.after.max.ms`, an hour, ahead could else
# publish nothing.
STAMPED_BY_THE_BROKER: Final = {"message.timestamp.type": "LogAppendTime"}
# A dead letter keeps its event's time, and must neither expire by it before it is read nor be
# refused for it. Kafka before 3.6 knows no such bound, and not its name.
KEPT: Final = {"retention.ms": "-1"}
OF_ANY_TIME: Final = {"message.timestamp.after.max.ms": str(2**63 - 1)}


def ensure(admin: AdminClient, settings: Settings) -> list[str]:
    """Create what is absent; return what was created. Raises `KafkaException`.

    Two workers may start at once: a topic that the other one has just created is no error.
    """
    existing = admin.list_topics(timeout=LOOK_TIMEOUT_S).topics
    absent = [_new(name, settings) for name in settings.topics if name not in existing]
    if not absent:
        return []
    done = admin.create_topics(absent, request_timeout=REQUEST_TIMEOUT_S)
    return [topic.topic for topic in absent if _created(admin, topic, done[topic.topic])]


def _created(admin: AdminClient, topic: NewTopic, done: "Future[None]") -> bool:
    """Whether we created it, in a way that this Kafka knows."""
    try:
        done.result()
    except KafkaException as error:
        code = error.args[0].code()
        config = topic.config or {}
        if code == KafkaError.INVALID_CONFIG and config.keys() & OF_ANY_TIME.keys():
            topic.config = {k: v for k, v in config.items() if k not in OF_ANY_TIME}
            again = admin.create_topics([topic], request_timeout=REQUEST_TIMEOUT_S)
            return _created(admin, topic, again[topic.topic])
        if code != KafkaError.TOPIC_ALREADY_EXISTS:
            raise
        return False
    return True


def limits(admin: AdminClient, settings: Settings) -> Limits:
    """The largest records that the output topics and our producer take. Raises `KafkaException`."""
    taken = limits_of(admin, settings.predictions_topic, settings.dead_letters_topic)
    return Limits(*(min(limit, largest_record_bytes()) for limit in taken))


def limits_of(admin: AdminClient, *names: str) -> list[int]:
    """The largest records in bytes that topics take; Kafka's default where we may not ask.

    Raises `KafkaException`.
    """
    asked = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in names]
    told = admin.describe_configs(asked, request_timeout=REQUEST_TIMEOUT_S)
    return [_limit(told[resource]) for resource in asked]


def _limit(told: "Future[dict[str, ConfigEntry]]") -> int:
    try:
        return int(told.result()["max.message.bytes"].value or DEFAULT_LIMIT_BYTES)
    except KafkaException as error:
        if error.args[0].code() not in MAY_NOT_ASK:
            raise
        return DEFAULT_LIMIT_BYTES


def _new(name: str, settings: Settings) -> NewTopic:
    config: dict[str, str] = {}
    if name == settings.predictions_topic:
        config = OUTPUT_LIMIT | STAMPED_BY_THE_BROKER
    elif name == settings.dead_letters_topic:
        config = OUTPUT_LIMIT | KEPT | OF_ANY_TIME
    return NewTopic(
        name,
        num_partitions=settings.partitions,
        replication_factor=settings.replication,
        config=config,
    )
