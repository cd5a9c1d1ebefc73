"""Workers that end, die, freeze and share: what was produced is answered, each event once.

The oracle is the same everywhere: predictions and dead letters together name each event of the
input exactly once, to a `read_committed` reader.
"""

import re
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.programs import pid
from tests.integration.workers import (
    SHORT_TIMEOUTS,
    SMALL_BATCHES,
    Event,
    Scene,
    passenger,
)

pytestmark = [pytest.mark.broker, pytest.mark.faults, pytest.mark.image]

# Enough that a worker with small batches is still busy when a test interferes.
LOAD = 12_000
UNDER_WAY = 1_000


def load(count: int = LOAD) -> Iterator[Event]:
    """Valid events, every hundredth followed by one that is not."""
    for number in range(count):
        yield passenger(number)
        if number % 100 == 0:
            yield Event(b"no passenger", b"key-%d" % (number % 16))


def test_a_stop_under_load_loses_nothing_and_answers_nothing_twice(stage: Scene) -> None:
    stage.create_topics()
    ids = stage.produce(load())
    first = stage.worker(**SMALL_BATCHES)
    first.has_answered(UNDER_WAY)
    assert first.stop() == 0
    assert "left the group" in first.log
    assert "Traceback" not in first.log
    at_stop = stage.answers(UNDER_WAY)
    assert len(ids) > sum(at_stop.events.values())
    assert max(at_stop.events.values()) == 1
    stage.worker()
    assert stage.answers(len(ids)).events == Counter(ids)


def test_ctrl_c_is_as_good_as_a_stop(stage: Scene) -> None:
    stage.create_topics()
    ids = stage.produce(load())
    worker = stage.worker(**SMALL_BATCHES)
    worker.has_answered(UNDER_WAY)
    assert worker.stop(signal.SIGINT) == 0
    assert "left the group" in worker.log
    assert "Traceback" not in worker.log
    stage.worker()
    assert stage.answers(len(ids)).events == Counter(ids)


def test_a_killed_workers_batch_is_answered_once_by_the_next(stage: Scene) -> None:
    stage.create_topics()
    ids = stage.produce(load())
    first = stage.worker(**SMALL_BATCHES, **SHORT_TIMEOUTS)
    first.has_answered(UNDER_WAY)
    first.kill()
    assert len(ids) > sum(stage.answers(UNDER_WAY).events.values())
    stage.worker(**SHORT_TIMEOUTS)
    assert stage.answers(len(ids)).events == Counter(ids)


def test_two_workers_without_a_setting_share_the_work(stage: Scene) -> None:
    one = stage.worker(TITANIC_WEB_PORT="", **SMALL_BATCHES)
    other = stage.worker(TITANIC_WEB_PORT="", **SMALL_BATCHES)
    for worker in (one, other):
        worker.reads(partitions=2)
    ids = stage.produce(load())
    assert stage.answers(len(ids)).events == Counter(ids)
    assert one.url != other.url
    slots = [held(pid(worker.process)) for worker in (one, other)]
    assert sorted(slots) == ["worker-0.lock", "worker-1.lock"]
    assert one.metric("titanic_events_total") > 0
    assert other.metric("titanic_events_total") > 0


def held(process: int) -> str:
    """The slot that a process holds."""
    files = [path.resolve().name for path in Path(f"/proc/{process}/fd").iterdir()]
    (slot,) = [name for name in files if name.startswith("worker-") and name.endswith(".lock")]
    return slot


def test_a_worker_that_joins_under_load_disturbs_nothing(stage: Scene) -> None:
    stage.create_topics()
    ids = stage.produce(load())
    first = stage.worker(**SMALL_BATCHES)
    first.has_answered(UNDER_WAY)
    second = stage.worker(**SMALL_BATCHES).ready()
    ids += stage.produce(load(2_000))
    assert second.stop() == 0
    assert stage.answers(len(ids)).events == Counter(ids)


def test_at_least_once_answers_each_event_also_after_a_kill(stage: Scene) -> None:
    stage.create_topics()
    ids = stage.produce(load())
    settings = {"PROCESSING_GUARANTEE": "at_least_once", **SMALL_BATCHES, **SHORT_TIMEOUTS}
    first = stage.worker(**settings)
    first.has_answered(UNDER_WAY)
    first.kill()
    second = stage.worker(**settings)
    second.until(lambda: _no_lag(second.page("/metrics")[1]), "no lag in any partition")
    assert stage.answers(len(ids)).events.keys() == set(ids)


def _no_lag(metrics: str) -> bool:
    lags = re.findall(r"titanic_lag_events\{.*\} (\S+)", metrics)
    return len(lags) == 4 and {float(lag) for lag in lags} == {0.0}


def test_a_worker_that_froze_and_wakes_is_fenced(stage: Scene) -> None:
    stage.create_topics()
    ids = stage.produce(load())
    zombie = stage.worker(**SMALL_BATCHES, **SHORT_TIMEOUTS)
    zombie.has_answered(UNDER_WAY)
    zombie.send(signal.SIGSTOP)
    heir = stage.worker(**SHORT_TIMEOUTS)
    assert stage.answers(len(ids)).events == Counter(ids)
    zombie.send(signal.SIGCONT)
    zombie.says("it joins again")
    for worker in (zombie, heir):
        worker.reads(partitions=2)
    ids += stage.produce(load(1_000))
    assert stage.answers(len(ids)).events == Counter(ids)
