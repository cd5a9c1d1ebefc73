"""A setting that cannot be used ends the worker with one readable line, and an exit code."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import ports
from tests import synthetic
from tests.integration.workers import Scene, scene
from titanic_model.releases import Releases

pytestmark = pytest.mark.image


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Scene]:
    """No broker is needed to find a setting wrong."""
    releases = str(tmp_path / "releases")
    synthetic.publish(Releases(releases))
    with scene(f"{ports.HOST}:{next(ports.free())}", tmp_path, releases) as made:
        yield made


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("TITANIC_BATCH_SIZE", "0", "TITANIC_BATCH_SIZE=0"),
        ("TITANIC_PARTITIONS", "many", "TITANIC_PARTITIONS=many"),
        ("PROCESSING_GUARANTEE", "twice", "PROCESSING_GUARANTEE=twice"),
        ("KAFKA_SECURITY_PROTOCOL", "nonsense", 'value "nonsense"'),
        ("KAFKA_SESSION_TIMEOUT_MS", "soon", '"session.timeout.ms"'),
        ("KAFKA_SESSION_TIMEOUT_MS", "6000", "KAFKA_TRANSACTION_TIMEOUT_MS=10000 must be less"),
        ("KAFKA_SASL_PASSWORD_FILE", "/nowhere/password", "/nowhere/password cannot be read"),
    ],
)
def test_a_bad_setting_ends_it_with_a_line(
    stage: Scene, variable: str, value: str, says: str
) -> None:
    worker = stage.worker(**{variable: value})
    assert worker.ended() != 0
    (line,) = [line for line in worker.log.splitlines() if line.startswith("worker: ")]
    assert says in line
    assert "Traceback" not in worker.log


def test_a_taken_port_ends_it_with_a_line(stage: Scene) -> None:
    with socket.create_server((ports.HOST, 0)) as taken:
        port = str(taken.getsockname()[1])
        worker = stage.worker(TITANIC_WEB_PORT=port)
        assert worker.ended() != 0
    (line,) = [line for line in worker.log.splitlines() if line.startswith("worker: ")]
    assert f"TITANIC_WEB_PORT={port}" in line
    assert "Traceback" not in worker.log


def test_a_kafka_variable_meant_for_others_does_no_harm(stage: Scene) -> None:
    worker = stage.worker(KAFKA_PORT="tcp://10.0.0.1:9092")
    worker.says("KAFKA_PORT is left out")
    assert worker.stop() == 0
