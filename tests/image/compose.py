"""docker-compose.yml under a project name and ports of its own, driven as a user does.

By the command line: testcontainers' DockerCompose wants `up --wait` and `ps --format json`, which
Compose v1 has not.
"""

import json
import os
import subprocess
import threading
import urllib.request
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Final

from confluent_kafka import Consumer, TopicPartition

from cli import ports
from tests.integration.workers import ANSWERED_WITHIN_S, Event, Scene, passenger, until

ROOT: Final = Path(__file__).parents[2]
COMMAND_WITHIN_S: Final = 150.0
HEALTHY_WITHIN_S: Final = 120.0


def run(*command: str, environment: dict[str, str] | None = None) -> str:
    """What a command writes, once it has succeeded."""
    done = subprocess.run(
        command,
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=COMMAND_WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout.strip()


@cache
def compose() -> tuple[str, ...]:
    """The command, with a space or, as v1 is called, with a hyphen."""
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    return ("docker-compose",) if plugin.returncode else ("docker", "compose")


class Topics(Scene):
    """What composed workers read and write: the topics as they are called by default."""

    passengers = "passengers"
    predictions = "predictions"
    dead_letters = "passengers.dlq"

    def events(self) -> Counter[str]:
        """The id of each event there is, once."""
        return Counter(
            f"{self.passengers}/{partition}/{offset}"
            for partition, bounds in self._bounds(self.passengers).items()
            for offset in range(*bounds)
        )

    def answers_go_on(self) -> None:
        """Wait until predictions come that were not there before."""
        before = self._bounds(self.predictions)
        until(
            lambda: self._bounds(self.predictions) != before,
            "another prediction",
            ANSWERED_WITHIN_S,
        )

    def _bounds(self, topic: str) -> dict[int, tuple[int, int]]:
        """Each partition's first offset, and the one after its last."""
        reader = {"bootstrap.servers": self.servers, "group.id": "nobody"}
        with closing(Consumer(reader)) as consumer:
            partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
            return {
                number: consumer.get_watermark_offsets(TopicPartition(topic, number), 10)
                for number in partitions
            }


@contextmanager
def passengers_come(topics: Scene, at_once: int = 1) -> Iterator[list[str]]:
    """The ids of the events that come in, in lots whose last is bad, until the end of the block."""
    ids: list[str] = []
    over = threading.Event()

    def come() -> None:
        for first in count(step=at_once):
            lot = [passenger(first + n) for n in range(at_once)]
            ids.extend(topics.produce([*lot, Event(b"nonsense", b"key-0")]))
            if over.wait(0.01):
                return

    thread = threading.Thread(target=come)
    thread.start()
    try:
        yield ids
    finally:
        over.set()
        thread.join()


@contextmanager
def composed_of(image: str, training_image: str, folder: Path) -> Iterator["Composed"]:
    """The services, none of which runs yet; at the end nothing is left of them."""
    services = Composed(image, training_image, folder)
    try:
        yield services
    finally:
        services.compose("down", "--volumes", "--timeout", "0")


@dataclass(frozen=True)
class Composed:
    """The services of docker-compose.yml, of one image."""

    image: str
    training_image: str
    folder: Path
    project: str = field(default_factory=lambda: f"titanic-test-{uuid.uuid4().hex[:8]}")
    kafka_port: int = field(default_factory=lambda: next(ports.free()))
    api_port: int = field(default_factory=lambda: next(ports.free()))

    @property
    def topics(self) -> Topics:
        """Kafka, from outside."""
        return Topics(f"{ports.HOST}:{self.kafka_port}", self.folder, "")

    @property
    def environment(self) -> dict[str, str]:
        """What `docker compose` reads: these images, ports and names, and no setting of ours."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("KAFKA_", "TITANIC_", "COMPOSE_"))
        }
        own = {
            "COMPOSE_PROJECT_NAME": self.project,
            "TITANIC_IMAGE": self.image,
            "TITANIC_TRAINING_IMAGE": self.training_image,
            "KAFKA_PORT": str(self.kafka_port),
            "API_PORT": str(self.api_port),
        }
        return inherited | own

    def compose(self, *arguments: str) -> str:
        """What `docker compose` writes, once it has succeeded."""
        command = [*compose(), "--file", "docker-compose.yml", *arguments]
        return run(*command, environment=self.environment)

    def up(self, workers: int = 1) -> None:
        """Start what does not run, and wait until all of it is healthy."""
        self.compose("up", "--detach", "--no-build", "--scale", f"worker={workers}")
        until(
            lambda: self.health() == ["healthy"] * (workers + 2),
            f"Kafka, API and {workers} worker(s) healthy",
            HEALTHY_WITHIN_S,
        )

    def health(self) -> list[str]:
        """The health of each container that runs."""
        shown = [self.inspect(container)["State"] for container in self.containers()]
        return [state["Health"]["Status"] for state in shown]

    def containers(self, service: str | None = None) -> list[str]:
        """The ids of the containers that run, of one service or of all."""
        labels = {"project": self.project} | ({"service": service} if service else {})
        chosen = [f"--filter=label=com.docker.compose.{k}={v}" for k, v in labels.items()]
        return run("docker", "ps", "--quiet", *chosen).split()

    def inspect(self, container: str) -> dict[str, Any]:
        """What the engine knows of a container."""
        known: list[dict[str, Any]] = json.loads(run("docker", "inspect", container))
        return known[0]

    def kill(self, service: str) -> None:
        """End one container of a service as a power cut would, by signal 9."""
        run("docker", "kill", self.containers(service)[0])

    def ask(self, path: str, body: dict[str, object] | None = None) -> dict[str, Any]:
        """The API's answer."""
        request = urllib.request.Request(
            f"http://{ports.HOST}:{self.api_port}{path}",
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            answered: dict[str, Any] = json.load(answer)
        return answered
