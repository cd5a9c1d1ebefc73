"""A worker waits for what is not there, says so, and goes on by itself when it is."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import ports
from cli.embedded.cluster import cluster
from tests import synthetic
from tests.integration.workers import SMALL_BATCHES, Scene, passenger, scene
from titanic_model.releases import TABLE, Releases

pytestmark = pytest.mark.broker


@pytest.fixture
def releases(tmp_path: Path) -> str:
    store = str(tmp_path / "releases")
    synthetic.publish(Releases(store))
    return store


def test_without_a_release_it_waits_and_starts_when_there_is_one(
    kafka: str, tmp_path: Path
) -> None:
    store = Releases(str(tmp_path / "releases"))
    with scene(kafka, tmp_path, store.location) as made:
        made.create_topics()
        ids = made.produce(passenger(number) for number in range(10))
        worker = made.worker()
        worker.says("run 'titanic train'")
        status, text = worker.page("/readyz")
        assert status == 503
        assert json.loads(text)["status"].startswith(f"no release in {store.location}")
        assert worker.page("/livez")[0] == 200
        synthetic.publish(store)
        worker.becomes(200)
        assert made.answers(10).events == Counter(ids)


def test_a_stop_ends_the_wait_for_a_release(kafka: str, tmp_path: Path) -> None:
    with scene(kafka, tmp_path, str(tmp_path / "nothing")) as made:
        worker = made.worker()
        worker.says("no release")
        assert worker.stop() == 0
        assert "Traceback" not in worker.log


def test_a_store_that_does_not_answer_does_not_hold_up_the_stop(
    kafka: str, tmp_path: Path, releases: str
) -> None:
    table = Path(releases) / Releases(releases).champion() / TABLE
    table.unlink()
    os.mkfifo(table)  # opening it for reading waits for a writer
    with scene(kafka, tmp_path, releases) as made:
        worker = made.worker()
        assert worker.page("/readyz")[0] == 503
        assert worker.page("/livez")[0] == 200
        assert worker.stop() == 0
        assert "Traceback" not in worker.log


def test_a_store_that_answers_no_longer_does_not_hold_up_the_stop(
    kafka: str, tmp_path: Path, releases: str
) -> None:
    with scene(kafka, tmp_path, releases) as made:
        worker = made.worker().ready()
        store = Releases(releases)
        next_one, files = synthetic.make(synthetic.DISTINCT[::-1])
        store.publish(next_one, files)
        table = Path(releases) / next_one.id / TABLE
        table.unlink()
        os.mkfifo(table)
        synthetic.put_into_service(store, next_one.id)
        writer = os.open(table, os.O_WRONLY)  # returns once it is read
        try:
            assert worker.stop() == 0
        finally:
            os.close(writer)
        assert "Traceback" not in worker.log


@pytest.fixture
def absent(tmp_path: Path, releases: str) -> Iterator[Scene]:
    """A scene on a broker that is not there yet."""
    with scene(f"{ports.HOST}:{next(ports.free())}", tmp_path, releases) as made:
        yield made


def test_a_stop_ends_the_wait_for_kafka(absent: Scene) -> None:
    worker = absent.worker()
    worker.says(f"Kafka at {absent.servers}: ")
    assert worker.page("/readyz")[0] == 503
    assert worker.stop() == 0
    assert "Traceback" not in worker.log


@pytest.mark.faults
def test_it_outlasts_a_broker_that_comes_late_goes_and_comes_again(
    absent: Scene, tmp_path: Path
) -> None:
    worker = absent.worker(**SMALL_BATCHES)
    worker.says("trying again in")
    assert worker.page("/readyz")[0] == 503
    assert worker.page("/livez")[0] == 200
    with cluster(tmp_path / "kafka", port=int(absent.servers.rpartition(":")[2])) as broker:
        worker.becomes(200)
        ids = absent.produce(passenger(number) for number in range(12_000))
        worker.has_answered(1_000)
        # By signal 9: one that stops in order, alone, may forget the marker of a transaction that
        # it has confirmed (seen with Kafka 4.3.1); its log, recovered, does not.
        broker.nodes[0].kill()
        worker.becomes(503)
        assert worker.page("/livez")[0] == 200
        broker.start()
        worker.becomes(200)
        ids += absent.produce(passenger(number) for number in range(100))
        assert absent.answers(len(ids)).events == Counter(ids)
        until_then = len(worker.log)
        broker.nodes[0].kill()
        worker.becomes(503)
        broker.start()
        worker.becomes(200)
        ids += absent.produce(passenger(number) for number in range(100))
        assert absent.answers(len(ids)).events == Counter(ids)
        # A producer that lived through it would wait for a coordinator that it has lost track of.
        assert "does not return" not in worker.log[until_then:]
        broker.stop()
        worker.becomes(503)
        assert worker.stop() == 0
        assert "Traceback" not in worker.log
