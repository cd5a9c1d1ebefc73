"""The publishers on a real Kafka: what is refused or stuck is undone, and they go on."""

import logging
import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from stream import publisher as module
from stream.batch import Limits, Outcome, PredictionRecord
from stream.patience import Patience, Stopped
from stream.publisher import AtLeastOnce, Publisher, Transactional, Undone
from stream.sending import send
from tests.integration.topics import nothing_open, written
from tests.integration.workers import Scene, scene, until
from titanic_model.settings import Settings

pytestmark = [pytest.mark.broker, pytest.mark.faults]

LIMITS = Limits(1_048_588, 1_048_588)
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


def publish(by: Publisher, outcome: Outcome, offsets: list[TopicPartition], member: Any) -> None:
    by.publish(outcome, offsets, member)
    by.settle()


def published(by: Transactional, offsets: list[TopicPartition], consumer: Consumer) -> bool:
    """Whether an attempt got through; the one after a failure may need another."""
    try:
        publish(by, OUTCOME, offsets, consumer.consumer_group_metadata())
    except Undone:
        return False
    return True


def settings(stage: Scene) -> Settings:
    return Settings(predictions_topic=stage.predictions, dead_letters_topic=stage.dead_letters)


def patience() -> Patience:
    return Patience("Kafka", threading.Event(), logging.getLogger("test"), lambda: None)


def publisher(stage: Scene) -> Transactional:
    return Transactional(settings(stage), LIMITS, f"transaction-{stage.name}", patience())


def next_offset(stage: Scene, consumer: Consumer) -> int:
    (told,) = consumer.committed([TopicPartition(stage.passengers, 0)], 10)
    return int(told.offset)


def test_a_fenced_producer_is_replaced(stage: Scene, consumer: Consumer) -> None:
    member: Any = consumer.consumer_group_metadata()
    offsets = [TopicPartition(stage.passengers, 0, 1)]
    with closing(publisher(stage)) as fenced, closing(publisher(stage)):
        with pytest.raises(Undone):
            publish(fenced, OUTCOME, offsets, member)
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
            publish(made, OUTCOME, offsets, stale)
        assert next_offset(stage, consumer) < 0
        until(lambda: published(made, offsets, consumer), "published", within_s=30)
    assert next_offset(stage, consumer) == 1
    assert len(stage.answers(1).predictions) == 1


def test_a_stop_in_a_step_that_waits_leaves_no_transaction_open(
    stage: Scene, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping = threading.Event()

    def stop() -> None:
        stopping.set()
        monkeypatch.undo()

    waits = Patience("Kafka", stopping, logging.getLogger("test"), stop)
    own = settings(stage), LIMITS, f"transaction-{stage.name}"
    with closing(Transactional(*own, waits)) as made:
        # The record is there, and Kafka has not answered the next step when its time is up.
        monkeypatch.setattr(module, "send", send_and_flush)
        monkeypatch.setattr(module, "CALL_TIMEOUT_S", 0)
        with pytest.raises(Stopped):
            publish(
                made,
                OUTCOME,
                [TopicPartition(stage.passengers, 0, 1)],
                consumer.consumer_group_metadata(),
            )
        admin = AdminClient({"bootstrap.servers": stage.servers})
        assert any(span.end for span in written(admin, stage.predictions))
        aborted = partial(nothing_open, admin, stage.predictions)
        until(aborted, "the transaction aborted", within_s=3)
    assert next_offset(stage, consumer) < 0


def send_and_flush(to: Producer, outcome: Outcome, settings: Settings) -> None:
    send(to, outcome, settings)
    assert to.flush(10) == 0


def test_a_record_too_large_for_its_topic_is_named(stage: Scene, consumer: Consumer) -> None:
    large = Outcome([PredictionRecord(b"key", os.urandom(2_000_000), None)], [], Counter())
    offsets = [TopicPartition(stage.passengers, 0, 1)]
    with closing(publisher(stage)) as made:
        with pytest.raises(Undone, match=r"did not take a record of 2,000,000 bytes"):
            publish(made, large, offsets, consumer.consumer_group_metadata())
        until(lambda: published(made, offsets, consumer), "published", within_s=30)
    assert len(stage.answers(1).predictions) == 1


def test_at_least_once_what_follows_a_stuck_batch_is_not_lost_with_it(
    stage: Scene, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine a batch may be taken although nobody waited: then another is tried."""
    stuck = Outcome([PredictionRecord(None, b"stuck", None)] * 1_000, [], Counter())
    rounds, undone = 20, 0
    with closing(AtLeastOnce(settings(stage), LIMITS, consumer, patience())) as made:
        for number in range(1, 5 * rounds):
            with monkeypatch.context() as patch:
                patch.setattr(module, "CALL_TIMEOUT_S", 0)
                patch.setattr(module, "STEP_DEADLINE_S", -1)
                try:
                    publish(made, stuck, [TopicPartition(stage.passengers, 0, number)], None)
                    continue
                except Undone as stopped:
                    assert "records were not taken in time" in str(stopped)  # noqa: PT017
            undone += 1
            assert next_offset(stage, consumer) == (number - 1 or -1001)
            publish(made, OUTCOME, [TopicPartition(stage.passengers, 0, number)], None)
            assert next_offset(stage, consumer) == number
            if undone == rounds:
                break
    assert undone == rounds
    values = Counter(m.value() for m in stage.answers(rounds).predictions)
    assert values[OUTCOME.predictions[0].value] == rounds


def test_at_least_once_a_record_too_large_for_its_topic_is_named(
    stage: Scene, consumer: Consumer
) -> None:
    large = Outcome([PredictionRecord(b"key", os.urandom(2_000_000), None)], [], Counter())
    offsets = [TopicPartition(stage.passengers, 0, 1)]
    with closing(AtLeastOnce(settings(stage), LIMITS, consumer, patience())) as made:
        with pytest.raises(Undone, match=r"did not take a record of 2,000,000 bytes"):
            publish(made, large, offsets, None)
        assert next_offset(stage, consumer) < 0
        publish(made, OUTCOME, offsets, None)
    assert next_offset(stage, consumer) == 1
