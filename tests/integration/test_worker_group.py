"""A worker's place in its group: kept by its name through a crash, given up in order by a stop.

The oracle is that of test_worker_restarts.py: each event is answered exactly once. A static
member's session is longer here than anything that is waited for: nothing comes about by its end.
"""

import signal
from collections import Counter
from functools import partial
from typing import Final

import pytest

from tests.integration.test_worker_restarts import UNDER_WAY, load
from tests.integration.workers import SMALL_BATCHES, Scene, Worker, passenger

pytestmark = [pytest.mark.broker, pytest.mark.faults]

STATIC: Final = {
    "TITANIC_STATIC_MEMBERSHIP": "true",
    "KAFKA_SESSION_TIMEOUT_MS": "300000",
    "KAFKA_TRANSACTION_TIMEOUT_MS": "4000",
}
BY_THE_BROKER: Final = {"KAFKA_GROUP_PROTOCOL": "consumer"}


def line(worker: Worker) -> str:
    """The one that a worker ended with."""
    assert worker.ended() == 1
    assert "Traceback" not in worker.log
    (told,) = [line for line in worker.log.splitlines() if line.startswith("worker: ")]
    return told


def test_a_killed_worker_goes_on_at_once_when_it_is_back(stage: Scene) -> None:
    stage.create_topics()
    ids = stage.produce(load())
    for _ in range(3):
        worker = stage.worker(**SMALL_BATCHES, **STATIC)
        worker.has_answered(UNDER_WAY)
        worker.kill()
    assert len(ids) > sum(stage.answers(UNDER_WAY).events.values())
    stage.worker(**STATIC)
    assert stage.answers(len(ids)).events == Counter(ids)


def test_a_killed_worker_takes_nothing_from_the_others(stage: Scene) -> None:
    stage.create_topics()
    workers = [stage.worker(**SMALL_BATCHES, **STATIC) for _ in range(2)]
    for worker in workers:
        worker.reads(partitions=2)
    ids = stage.produce(load())
    workers[0].has_answered(UNDER_WAY)
    workers[0].kill()
    stage.worker(**SMALL_BATCHES, **STATIC).reads(partitions=2)
    assert stage.answers(len(ids)).events == Counter(ids)
    assert workers[1].log.count("gave back") <= 1  # as the second came, at the most


def test_a_worker_that_is_stopped_does_not_keep_its_place(stage: Scene) -> None:
    stage.create_topics()
    one, other = (stage.worker(**SMALL_BATCHES, **STATIC) for _ in range(2))
    for worker in (one, other):
        worker.reads(partitions=2)
    ids = stage.produce(load())
    other.has_answered(UNDER_WAY)
    assert other.stop() == 0
    one.reads(partitions=4)
    assert stage.answers(len(ids)).events == Counter(ids)


def test_of_two_workers_of_one_name_the_first_is_out_and_says_why(stage: Scene) -> None:
    stage.create_topics()
    named = {"KAFKA_GROUP_INSTANCE_ID": "the-one", **STATIC}
    ids = stage.produce(load())
    first = stage.worker(**SMALL_BATCHES, **named)
    first.has_answered(UNDER_WAY)
    second = stage.worker(**SMALL_BATCHES, **named)
    assert "KAFKA_GROUP_INSTANCE_ID" in line(first)
    assert stage.answers(len(ids)).events == Counter(ids)
    assert second.stop() == 0


@pytest.mark.parametrize("frozen", range(3))
def test_a_worker_that_froze_meets_its_heir_of_the_same_name_and_ends(
    stage: Scene, frozen: int
) -> None:
    stage.create_topics()
    named = {"KAFKA_GROUP_INSTANCE_ID": "the-one", **STATIC}
    ids = stage.produce(load())
    zombie = stage.worker(**SMALL_BATCHES, **named)
    zombie.has_answered(UNDER_WAY + 200 * frozen)
    zombie.send(signal.SIGSTOP)
    heir = stage.worker(**SMALL_BATCHES, **named)
    heir.has_answered(UNDER_WAY)
    zombie.send(signal.SIGCONT)
    assert "KAFKA_GROUP_INSTANCE_ID" in line(zombie)
    assert stage.answers(len(ids)).events == Counter(ids)
    assert heir.stop() == 0


def test_with_the_brokers_protocol_a_name_that_is_taken_is_refused(stage: Scene) -> None:
    stage.create_topics()
    named = {"KAFKA_GROUP_INSTANCE_ID": "the-one", **BY_THE_BROKER}
    first = stage.worker(**named).ready()
    first.reads(partitions=4)
    assert "KAFKA_GROUP_INSTANCE_ID" in line(stage.worker(**named))
    assert first.stop() == 0


def test_workers_that_share_in_another_way_are_waited_for(stage: Scene) -> None:
    stage.create_topics()
    old = stage.worker(KAFKA_PARTITION_ASSIGNMENT_STRATEGY="range")
    old.reads(partitions=4)
    new = stage.worker()
    new.says("KAFKA_PARTITION_ASSIGNMENT_STRATEGY")
    assert old.stop() == 0
    new.reads(partitions=4)
    ids = stage.produce(load(100))
    assert stage.answers(len(ids)).events == Counter(ids)


def test_each_worker_that_comes_gets_its_part_of_the_work(stage: Scene) -> None:
    stage.create_topics(partitions=12)
    workers: list[Worker] = []
    ids: list[str] = []
    for each in (12, 6, 4):
        workers.append(stage.worker(**SMALL_BATCHES))
        for worker in workers:
            worker.reads(partitions=each)
        before = answered(workers)
        ids += stage.produce(passenger(number, f"key-{number % 50}") for number in range(3_000))
        assert stage.answers(len(ids)).events == Counter(ids)
        expected = partial(all_are_counted, workers, len(ids))
        workers[-1].until(expected, "each event answered by one of them")
        assert all(now > then for then, now in zip(before, answered(workers), strict=True))
    for worker in workers[:2]:
        assert worker.stop() == 0
    workers[2].reads(partitions=12)


def answered(workers: list[Worker]) -> list[float]:
    """How many events each of them has answered."""
    return [worker.metric("titanic_events_total") for worker in workers]


def all_are_counted(workers: list[Worker], count: int) -> bool:
    """A moment after they can be read."""
    return sum(answered(workers)) == count
