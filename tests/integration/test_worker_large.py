"""Events that are too large, or dated too far ahead, for what comes of them hold up neither
neighbours nor their partition.
"""

import os
import time
from collections import Counter

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from tests.integration.answers import origin
from tests.integration.topics import configure
from tests.integration.workers import Event, Scene, passenger

pytestmark = pytest.mark.broker

# Its topic takes it to the last byte; with a dead letter's headers it is more than a topic takes
# by Kafka's default.
LARGEST = b"x" * 1_048_400
# A few kilobytes on its topic.
EXPANDS = b"a" * 5_000_000
LARGE_HEADER: list[tuple[str, bytes | None]] = [("large", b"y" * 1_048_400)]


def limit(stage: Scene, topic: str, size: int) -> None:
    """Have a topic take records of that size from now on."""
    configure(AdminClient({"bootstrap.servers": stage.servers}), topic, "max.message.bytes", size)


def produce_compressed(stage: Scene, value: bytes) -> None:
    properties = {"compression.type": "gzip", "message.max.bytes": 10_000_000}
    producer = Producer({"bootstrap.servers": stage.servers, **properties})
    producer.produce(stage.passengers, value, b"expands", partition=0)
    assert producer.flush(30) == 0


def test_on_topics_of_ours_they_become_dead_letters_byte_for_byte(stage: Scene) -> None:
    stage.worker(TITANIC_PARTITIONS="1").ready()
    ids = stage.produce([passenger(1), Event(LARGEST, b"k"), passenger(2)])
    produce_compressed(stage, EXPANDS)
    ids += stage.produce([passenger(3)])

    answers = stage.answers(5)

    assert len(answers.predictions) == 3
    assert [letter.value() for letter in answers.dead_letters] == [LARGEST, EXPANDS]
    assert set(answers.events.values()) == {1}


def test_on_topics_with_kafkas_own_limit_what_does_not_fit_is_left_out(stage: Scene) -> None:
    stage.create_topics()
    stage.worker().ready()
    ids = stage.produce(
        [
            passenger(1, "first"),
            Event(LARGEST, b"garbage"),
            Event(passenger(2).value, b"headers", LARGE_HEADER),
            passenger(3, "last"),
        ]
    )
    produce_compressed(stage, EXPANDS)

    answers = stage.answers(5)

    assert len(answers.predictions) == 2
    assert set(answers.events.values()) == {1}
    assert Counter(ids) <= answers.events
    for letter in answers.dead_letters:
        headers = dict(letter.headers() or [])
        assert headers["__connect.errors.exception.class.name"] == b"too_large"
        assert origin(letter).encode() in (headers["__connect.errors.exception.message"] or b"")


def test_a_limit_that_is_lowered_meanwhile_is_learnt(stage: Scene) -> None:
    stage.worker().ready()
    limit(stage, stage.dead_letters, 100_000)

    ids = stage.produce([passenger(1), Event(os.urandom(500_000), b"garbage"), passenger(2)])

    answers = stage.answers(3)
    assert answers.events == Counter(ids)
    [letter] = answers.dead_letters
    assert dict(letter.headers() or [])["__connect.errors.exception.class.name"] == b"too_large"


def test_a_limit_that_is_raised_meanwhile_is_learnt(stage: Scene) -> None:
    stage.create_topics()
    limit(stage, stage.predictions, 5_000)
    worker = stage.worker().ready()
    large = Event(passenger(1).value, b"headers", [("large", b"y" * 10_000)])
    stage.produce([large])
    assert len(stage.answers(1).dead_letters) == 1
    limit(stage, stage.predictions, 100_000)

    def is_predicted() -> bool:
        stage.produce([large])
        return worker.metric("titanic_predictions_total") > 0

    worker.until(is_predicted, "a prediction", within_s=30)
    assert max(stage.answers(2).events.values()) == 1


def test_an_invalid_event_of_a_time_far_ahead_keeps_it_as_a_dead_letter(stage: Scene) -> None:
    stage.worker(TITANIC_PARTITIONS="1").ready()
    in_a_year_ms = int(time.time() + 365 * 86_400) * 1_000
    admin = AdminClient({"bootstrap.servers": stage.servers})
    configure(admin, stage.passengers, "message.timestamp.after.max.ms", 2**63 - 1)
    ids = stage.produce(
        [
            Event(b"no passenger", b"k", timestamp_ms=in_a_year_ms),
            passenger(1)._replace(timestamp_ms=in_a_year_ms),
            passenger(2),
        ]
    )

    answers = stage.answers(3)

    assert answers.events == Counter(ids)
    [letter] = answers.dead_letters
    assert letter.timestamp()[1] == in_a_year_ms
