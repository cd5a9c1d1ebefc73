"""A host's deployments: one that works, one that does not and is put back, one that is undone.

Events come in all the while, and each is answered once.
"""

import os
import shutil
import subprocess
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from cli import ports
from tests.integration.workers import Scene, passenger

ROOT: Final = Path(__file__).parents[2]
# Each as a layer on the image under test. No worker starts with a batch of no events.
SECOND: Final = "LABEL titanic.deployment=second"
BROKEN: Final = "ENV TITANIC_BATCH_SIZE=0"
DEPLOYED_WITHIN_S: Final = 170.0


def run(*command: str, given: str | None = None, folder: Path | None = None) -> str:
    """A command's output, once it has succeeded."""
    done = subprocess.run(
        command, input=given, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout.strip()


class Topics(Scene):
    """What the composed workers read and write: the topics as they are called by default."""

    passengers = "passengers"
    predictions = "predictions"
    dead_letters = "passengers.dlq"


@dataclass(frozen=True)
class Host:
    """A host's folder, and what runs there."""

    folder: Path
    project: str
    api_port: int

    def deploy(self, what: str) -> subprocess.CompletedProcess[str]:
        """Run the script."""
        return subprocess.run(
            ["./deploy", what],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEPLOYED_WITHIN_S,
            check=False,
        )

    def deploys(self, what: str) -> None:
        """Run the script, which succeeds."""
        done = self.deploy(what)
        assert done.returncode == 0, done.stdout

    def containers(self, service: str) -> list[str]:
        """The ids of a service's containers."""
        labels = f"project={self.project}", f"service={service}"
        filters = [f"--filter=label=com.docker.compose.{label}" for label in labels]
        return run("docker", "ps", "--quiet", *filters).split()

    def serving(self) -> set[tuple[str, str]]:
        """Image and health of every worker and API."""
        ids = self.containers("worker") + self.containers("api")
        shown = run("docker", "inspect", "--format={{.Image}} {{.State.Health.Status}}", *ids)
        return {(image, health) for image, health in map(str.split, shown.splitlines())}

    def answers(self) -> int:
        """The status of the API's /readyz."""
        door = HTTPConnection(ports.HOST, self.api_port, timeout=10)
        try:
            door.request("GET", "/readyz")
            return door.getresponse().status
        finally:
            door.close()


@pytest.fixture(scope="module")
def image() -> str:
    """The image under test."""
    if not (image := os.environ.get("TEST_IMAGE")):
        pytest.skip("TEST_IMAGE names no image")
    return image


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A host to deploy to: this machine's engine, under a project name of its own."""
    for file in ROOT / "docker-compose.yml", ROOT / "deploy/host/deploy":
        shutil.copy(file, tmp_path)
    free = ports.free()
    kafka_port, api_port = next(free), next(free)
    project = f"deploy{uuid.uuid4().hex[:8]}"
    (tmp_path / ".env").write_text(
        f"COMPOSE_PROJECT_NAME={project}\nKAFKA_PORT={kafka_port}\nAPI_PORT={api_port}\n"
    )
    (tmp_path / "kafka-port").write_text(str(kafka_port))
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    compose = ["docker-compose"] if plugin.returncode else ["docker", "compose"]
    try:
        yield Host(tmp_path, project, api_port)
    finally:
        run(*compose, "down", "--volumes", "--timeout=0", folder=tmp_path)


@contextmanager
def layered(image: str, *lines: str) -> Iterator[list[str]]:
    """The ids of the image and of others, each with a line more."""
    names = [f"titanic-test-deploy:{uuid.uuid4().hex[:8]}" for _ in lines]
    try:
        for name, line in zip(names, lines, strict=True):
            run("docker", "build", "--tag", name, "-", given=f"FROM {image}\n{line}\n")
        shown = run("docker", "image", "inspect", "--format={{.Id}}", image, *names)
        yield shown.split()
    finally:
        run("docker", "image", "rm", "--force", *names)


@contextmanager
def passengers_come(topics: Scene) -> Iterator[list[str]]:
    """The ids of the events that come in until the end of the block."""
    ids: list[str] = []
    over = threading.Event()

    def come() -> None:
        for number in count():
            ids.extend(topics.produce([passenger(number)]))
            if over.wait(0.01):
                return

    thread = threading.Thread(target=come)
    thread.start()
    try:
        yield ids
    finally:
        over.set()
        thread.join()


@pytest.mark.timeout(400)
def test_deployments_lose_and_repeat_nothing_and_a_broken_one_is_put_back(
    image: str, host: Host
) -> None:
    topics = Topics(f"{ports.HOST}:{(host.folder / 'kafka-port').read_text()}", host.folder, "")
    with layered(image, SECOND, BROKEN) as (first, second, broken):
        host.deploys(first)
        assert host.serving() == {(first, "healthy")}
        kafka = host.containers("kafka")

        with passengers_come(topics) as ids:
            host.deploys(second)
            assert host.serving() == {(second, "healthy")}

            done = host.deploy(broken)
            assert done.returncode == 1
            assert "TITANIC_BATCH_SIZE=0" in done.stdout, "the worker's own words"
            assert f"putting back {second}" in done.stdout
            assert host.serving() == {(second, "healthy")}

            host.deploys("--previous")
            assert host.serving() == {(first, "healthy")}
        assert host.answers() == 200
        assert host.containers("kafka") == kafka, "Kafka was left alone"

    assert topics.answers(len(ids)).events == Counter(ids)
    history = [line.split()[1:] for line in (host.folder / "deployed.log").read_text().splitlines()]
    assert history == [
        ["deployed", first],
        ["deployed", second],
        ["failed", broken],
        ["put-back", second],
        ["deployed", first],
    ]


def test_a_name_that_can_move_is_refused_before_anything_is_done(image: str, host: Host) -> None:
    done = host.deploy("titanic:latest")
    assert done.returncode == 1
    assert "a tag can move" in done.stdout
    assert not host.containers("worker")
