"""What a worker holds at a time is bounded, whatever the size of events and what they unpack to."""

import re
from collections import Counter
from pathlib import Path

import pytest
from confluent_kafka import Producer

from tests.integration import programs
from tests.integration.workers import Event, Scene, Worker, passenger

pytestmark = pytest.mark.broker

LARGE_BYTES = 20_000
# 400 MB of spaces that are some 100 kB on their topic.
SPACES = b" " * 100_000
EXPANDING = 4_000
# A worker has 90 of these before the first event; a limit for it in Kubernetes is 1,024.
PEAK_MIB = 512


def peak_mib(worker: Worker) -> float:
    status = Path(f"/proc/{programs.pid(worker.process)}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024


def test_a_batch_of_large_events_is_cut_by_their_bytes(stage: Scene) -> None:
    stage.create_topics()
    large = [Event(b"x" * LARGE_BYTES, b"%d" % n) for n in range(200)]
    with_headers = [
        Event(passenger(n).value, b"%d" % n, [("h", b"y" * LARGE_BYTES)]) for n in range(50)
    ]
    ids = stage.produce([*large, *(passenger(n) for n in range(1_000)), *with_headers])

    batch_bytes = 5 * LARGE_BYTES
    worker = stage.worker(TITANIC_BATCH_BYTES=str(batch_bytes)).ready()

    answers = stage.answers(len(ids))
    assert answers.events == Counter(ids)
    assert len(answers.dead_letters) == len(large)
    worker.has_answered(len(ids))
    most = 2 * batch_bytes // LARGE_BYTES
    assert worker.metric("titanic_batch_events_count") >= (len(large) + len(with_headers)) / most


def test_one_event_larger_than_a_batch_is_answered_alone(stage: Scene) -> None:
    stage.create_topics()
    ids = stage.produce([passenger(1), Event(b"x" * LARGE_BYTES, b"k"), passenger(2)])

    worker = stage.worker(TITANIC_BATCH_BYTES="1").ready()

    assert stage.answers(3).events == Counter(ids)
    worker.has_answered(3)
    assert worker.metric("titanic_batch_events_count") == len(ids)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="a peak is read from /proc")
def test_events_that_unpack_to_thousands_of_times_their_size_are_held_some_at_a_time(
    stage: Scene,
) -> None:
    stage.create_topics()
    producer = Producer({"bootstrap.servers": stage.servers, "compression.type": "zstd"})
    for number in range(EXPANDING):
        producer.produce(stage.passengers, SPACES, b"%d" % number)
        producer.poll(0)
    assert producer.flush(60) == 0

    worker = stage.worker().ready()
    worker.has_answered(EXPANDING)

    assert worker.metric("titanic_events_total") == EXPANDING
    assert peak_mib(worker) < PEAK_MIB
