"""The topics: created where they are absent, never changed where they exist."""

from typing import Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from titanic_model.settings import Settings

REQUEST_TIMEOUT_S: Final = 10.0
# How soon the worker says that Kafka is not there.
LOOK_TIMEOUT_S: Final = 3.0
# Room for an answer or a dead letter that is larger than its event: Kafka's own default of
# 1 MiB is also the largest event.
OUTPUT_LIMIT: Final = {"max.message.bytes": str(2 * 1024 * 1024)}


def ensure(admin: AdminClient, settings: Settings) -> list[str]:
    """Create what is absent; return what was created. Raises `KafkaException`.

    Two workers may start at once: a topic that the other one has just created is no error.
    """
    existing = admin.list_topics(timeout=LOOK_TIMEOUT_S).topics
    absent = [_new(name, settings) for name in settings.topics if name not in existing]
    if not absent:
        return []
    created = []
    for name, future in admin.create_topics(absent, request_timeout=REQUEST_TIMEOUT_S).items():
        try:
            future.result()
            created.append(name)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
    return created


def _new(name: str, settings: Settings) -> NewTopic:
    config: dict[str, str] = {}
    if name in {settings.predictions_topic, settings.dead_letters_topic}:
        config |= OUTPUT_LIMIT
    if name == settings.dead_letters_topic:
        # A dead letter keeps its event's time, and must not expire by it before it is read.
        config["retention.ms"] = "-1"
    return NewTopic(
        name,
        num_partitions=settings.partitions,
        replication_factor=settings.replication,
        config=config,
    )
