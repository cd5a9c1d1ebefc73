"""`titanic reconcile` on a real Kafka: what a worker did, and what was done to it afterwards."""

import json
from typing import Any

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from benchmarks.answers import committed
from tests.integration.commands import titanic
from tests.integration.workers import Event, Scene, passenger

pytestmark = pytest.mark.broker

POISON: list[tuple[str, bytes | None]] = [("a", b"1"), ("a", None), ("", b""), ("é", b"\xff")]
MIXED = [
    *(passenger(number) for number in range(400)),
    Event(None, b"tombstone", timestamp_ms=1),
    Event(None, None),
    Event(b"", b""),
    Event(b"\xff\x00", None, POISON, 1_700_000_000_000),
    Event(b'{"age": 1, "sex": "male", "pclass": 3}', b"named-by-its-key", POISON),
    Event(b'{"age": 1, "sex": "male", "pclass": 3}', None),
    Event(passenger(1).value, b"k" * 2_000, [("large", b"x" * 65_536)]),
    Event(b"x" * 65_536, b"large", [("large", b"x" * 65_536)]),
]
Found = dict[str, Any]


def reconcile(stage: Scene, *arguments: str, code: int = 0) -> Found:
    done = titanic(stage, "reconcile", "--json", *arguments, code=code)
    found: Found = json.loads(done.stdout)
    assert found["reconciled"] == (code == 0)
    return found


def counts(found: Found) -> dict[str, int]:
    return {kind: count for kind, count in found["counts"].items() if count}


def answered(stage: Scene, events: list[Event], before: int = 0) -> None:
    """Events that a worker has answered, and those before them, in several transactions."""
    worker = stage.worker(TITANIC_BATCH_SIZE="50").ready()
    stage.produce(events)
    worker.has_answered(before + len(events))
    assert worker.stop() == 0


def transaction(stage: Scene, *, commit: bool, topic: str = "", key: bytes = b"x") -> Producer:
    """One record, in a transaction that is committed or aborted."""
    producer = Producer({"bootstrap.servers": stage.servers, "transactional.id": stage.name})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(topic or stage.passengers, passenger(1).value, key, partition=0)
    producer.flush(30)
    if commit:
        producer.commit_transaction(30)
    else:
        producer.abort_transaction(30)
    return producer


def test_all_that_a_worker_answered_is_reconciled_and_aborted_events_are_none(
    stage: Scene,
) -> None:
    stage.create_topics()
    transaction(stage, commit=False)
    transaction(stage, commit=True)
    stage.produce(MIXED)
    transaction(stage, commit=False)
    answered(stage, [passenger(7)], before=len(MIXED) + 1)

    found = reconcile(stage)

    assert counts(found) == {}
    assert found["events"] == len(MIXED) + 2
    assert sum(found["predictions"].values()) == 400 + 4
    assert found["dead_letters"] == {"empty": 3, "not_json": 2, "missing_field": 1}
    assert found["lag"] == 0
    told = titanic(stage, "reconcile").stdout.decode()
    assert "reconciled: each event" in told
    assert "lag 0" in told


def test_differences_are_told_with_their_places_and_exit_code_1(stage: Scene) -> None:
    answered(stage, [passenger(number) for number in range(50)])
    predictions = stage.answers(50).predictions
    first = json.loads(predictions[0].value() or b"")
    wrong = {**first, "event": f"{stage.passengers}/0/999999"}
    producer = Producer({"bootstrap.servers": stage.servers})
    for value in (first, wrong, {"no": "prediction"}):
        producer.produce(stage.predictions, json.dumps(value), predictions[0].key())
    producer.produce(stage.dead_letters, b"no letter")
    assert producer.flush(30) == 0

    found = reconcile(stage, code=1)

    assert counts(found) == {"duplicated": 1, "unreadable": 2}
    assert found["aside"] == {"answers to events after the range": 1}
    [twice] = [one for one in found["differences"] if one["kind"] == "duplicated"]
    assert twice["event"] == first["event"]
    assert twice["answer"].startswith(stage.predictions)
    assert first["event"] in titanic(stage, "reconcile", code=1).stdout.decode()


def test_what_has_no_answer_is_waiting_before_the_group_came_to_it_and_lost_after(
    stage: Scene,
) -> None:
    stage.create_topics()
    stage.produce([passenger(number) for number in range(20)])
    found = reconcile(stage, "--wait", "0", code=1)
    assert counts(found) == {"waiting": 20, "not_committed": 20}
    assert counts(reconcile(stage, "--group", "", code=1)) == {"lost": 20}


def test_the_group_is_waited_for(stage: Scene) -> None:
    stage.create_topics()
    stage.produce([passenger(number) for number in range(20)])
    stage.worker()
    assert counts(reconcile(stage, "--wait", "60")) == {}


def test_a_range_by_offset_or_by_time_is_all_that_is_compared(stage: Scene) -> None:
    events = [
        passenger(number)._replace(timestamp_ms=1_700_000_000_000 + number) for number in range(90)
    ]
    answered(stage, events)
    late = reconcile(stage, "--since", "1700000000050", "--until", "2023-11-14T22:13:20.060Z")
    assert late["events"] == 10
    assert late["aside"]["answers to events before the range"] >= 50
    named = [f"--{end}={p}/{o}" for p in range(4) for end, o in (("from", 1), ("to", 3))]
    assert reconcile(stage, *named)["events"] <= 8


@pytest.mark.parametrize("topic", ["passengers", "predictions"])
def test_what_expired_in_one_topic_is_told_and_not_lost(stage: Scene, topic: str) -> None:
    answered(stage, [passenger(number) for number in range(200)])
    name: str = getattr(stage, topic)
    admin = AdminClient({"bootstrap.servers": stage.servers})
    places = [TopicPartition(name, p, 30) for p in range(4) if _end(admin, name, p) > 30]
    for deleted in admin.delete_records(places).values():
        deleted.result()

    found = reconcile(stage)

    assert counts(found) == {}
    assert sum(found["aside"].values()) > 0
    told = titanic(stage, "reconcile").stdout.decode()
    assert f"{name} starts at {name}/" in told
    assert "/30" in told


def _end(admin: AdminClient, topic: str, partition: int) -> int:
    places = [TopicPartition(topic, partition)]
    return committed(admin, places)


def test_a_release_that_the_store_has_not_is_a_difference(stage: Scene) -> None:
    answered(stage, [passenger(1), Event(b"x")])
    elsewhere = str(stage.folder / "elsewhere")
    found = reconcile(stage, "--releases", elsewhere, code=1)
    assert counts(found) == {"unknown_version": 1}


@pytest.mark.parametrize(
    ("arguments", "settings", "named"),
    [
        ((), {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}, "127.0.0.1:1"),
        ((), {}, "titanic topics"),
        (("--from", "3"), {}, "PARTITION/OFFSET"),
        (("--releases", "ftp://x"), {}, "ftp://x"),
        ((), {"TITANIC_PASSENGERS_TOPIC": "a/b"}, "TITANIC_PASSENGERS_TOPIC"),
    ],
)
def test_what_cannot_be_read_is_one_readable_line_and_exit_code_2(
    stage: Scene, arguments: tuple[str, ...], settings: dict[str, str], named: str
) -> None:
    done = titanic(stage, "reconcile", *arguments, stdin=b"", code=2, **settings)
    assert named in done.stderr.decode()
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == b""
