"""The transactional publisher on a real Kafka: what is refused is undone, and it goes on."""

import logging
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition

from stream.batch import Outcome, PredictionRecord
from stream.patience import Patience
from stream.publisher import Transactional, Undone
from tests.integration.workers import Scene, scene, until
from titanic_model.settings import Settings

pytestmark = pytest.mark.broker

OUTCOME = Outcome([PredictionRecord(b"key", b'{"event": "a/0/0"}', None)], [], Counter())


@pytest.fixture
def stage(
    kafka: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Scene]:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka)
    with scene(kafka, tmp_path_factory.mktemp("publisher"), "no releases") as made:
        made.create_topics()
        yield made


@pytest.fixture
def consumer(stage: Scene) -> Iterator[Consumer]:
    made = Consumer({"bootstrap.servers": stage.servers, "group.id": f"group-{stage.name}"})
    with closing(made):
        made.subscribe([stage.passengers])

        assigned(made, True)
        yield made


def assigned(consumer: Consumer, wanted: bool) -> None:
    """Poll until there is an assignment, or none."""

    def holds() -> bool:
        consumer.poll(0.1)
        return bool(consumer.assignment()) is wanted

    until(holds, f"assigned: {wanted}", within_s=30)


def published(by: Transactional, offsets: list[TopicPartition], consumer: Consumer) -> bool:
    """Whether an attempt got through; the one after a failure may need another."""
    try:
        by.publish(OUTCOME, offsets, consumer.consumer_group_metadata())
    except Undone:
        return False
    return True


def publisher(stage: Scene) -> Transactional:
    settings = Settings(predictions_topic=stage.predictions, dead_letters_topic=stage.dead_letters)
    patience = Patience("Kafka", threading.Event(), logging.getLogger("test"), lambda: None)
    return Transactional(settings, f"transaction-{stage.name}", patience)


def next_offset(stage: Scene, consumer: Consumer) -> int:
    (told,) = consumer.committed([TopicPartition(stage.passengers, 0)], 10)
    return int(told.offset)


def test_a_fenced_producer_is_replaced(stage: Scene, consumer: Consumer) -> None:
    member: Any = consumer.consumer_group_metadata()
    offsets = [TopicPartition(stage.passengers, 0, 1)]
    with closing(publisher(stage)) as fenced, closing(publisher(stage)):
        with pytest.raises(Undone):
            fenced.publish(OUTCOME, offsets, member)
        assert next_offset(stage, consumer) < 0
        until(lambda: published(fenced, offsets, consumer), "published", within_s=30)
    assert next_offset(stage, consumer) == 1
    assert len(stage.answers(1).predictions) == 1


def test_a_stale_member_is_refused_and_its_batch_undone(stage: Scene, consumer: Consumer) -> None:
    stale: Any = consumer.consumer_group_metadata()
    consumer.unsubscribe()
    assigned(consumer, False)
    consumer.subscribe([stage.passengers])
    assigned(consumer, True)
    offsets = [TopicPartition(stage.passengers, 0, 1)]
    with closing(publisher(stage)) as made:
        with pytest.raises(Undone):
            made.publish(OUTCOME, offsets, stale)
        assert next_offset(stage, consumer) < 0
        until(lambda: published(made, offsets, consumer), "published", within_s=30)
    assert next_offset(stage, consumer) == 1
    assert len(stage.answers(1).predictions) == 1


def test_a_record_too_large_for_its_topic_is_named(stage: Scene, consumer: Consumer) -> None:
    large = Outcome([PredictionRecord(b"key", b"x" * 2_000_000, None)], [], Counter())
    offsets = [TopicPartition(stage.passengers, 0, 1)]
    with closing(publisher(stage)) as made:
        with pytest.raises(Undone, match=r"did not take a record of 2,000,000 bytes"):
            made.publish(large, offsets, consumer.consumer_group_metadata())
        until(lambda: published(made, offsets, consumer), "published", within_s=30)
    assert len(stage.answers(1).predictions) == 1
