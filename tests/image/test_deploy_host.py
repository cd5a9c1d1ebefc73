"""A host's deployments: one that works, one that does not and is put back, one that is undone.

Events come in all the while, and each is answered once.
"""

import os
import shutil
import signal
import subprocess
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.image.compose import ROOT, Composed, passengers_come, run
from tests.integration.workers import until

# Each as a layer on the image under test: another release, and what no worker starts with.
SECOND: Final = """RUN python3 -c "from titanic_model.releases import Releases, TABLE, release_id; \
    store = Releases('releases'); first = store.manifest(store.champion()); \
    files = {name: store.file(first, name) for name in first.files}; \
    other = dict(first.parameters, seed=1); \
    id = release_id(files[TABLE], first.data['sha256'], other, first.accepted, \
    files['held_out.csv']); \
    store.publish(first.model_copy(update=dict(id=id, parameters=other)), files); \
    store.promote(id)"
"""
CHAMPION: Final = """
from titanic_model.releases import Releases
print(Releases('releases').champion())"""
BROKEN: Final = "ENV TITANIC_BATCH_SIZE=0"
DEPLOYED_WITHIN_S: Final = 170.0


@dataclass(frozen=True)
class Host:
    """A host's folder, and what runs there."""

    folder: Path
    services: Composed

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

    def serving(self) -> set[tuple[str, str]]:
        """Image and health of every worker and API."""
        ids = self.services.containers("worker") + self.services.containers("api")
        known = [self.services.inspect(container) for container in ids]
        return {(one["Image"], one["State"]["Health"]["Status"]) for one in known}


@pytest.fixture
def host(composed: Composed, tmp_path: Path) -> Host:
    """A host to deploy to: this machine's engine, under a project name of its own."""
    for file in ROOT / "docker-compose.yml", ROOT / "deploy/host/deploy":
        shutil.copy(file, tmp_path)
    settings = {
        "COMPOSE_PROJECT_NAME": composed.project,
        "KAFKA_PORT": composed.kafka_port,
        "API_PORT": composed.api_port,
    }
    (tmp_path / ".env").write_text("".join(f"{k}={v}\n" for k, v in settings.items()))
    return Host(tmp_path, composed)


@contextmanager
def layered(image: str, *lines: str) -> Iterator[list[str]]:
    """The ids of the image and of others, each with a line more."""
    names = [f"titanic-test-deploy:{uuid.uuid4().hex[:8]}" for _ in lines]
    built: list[str] = []
    try:
        for name, line in zip(names, lines, strict=True):
            file = f"FROM {image}\n{line}\n"
            subprocess.run(
                ["docker", "build", "--quiet", "--tag", name, "-"],
                input=file.encode(),
                capture_output=True,
                check=True,
            )
            built.append(name)
        yield run("docker", "image", "inspect", "--format={{.Id}}", image, *built).split()
    finally:
        for name in built:
            run("docker", "image", "rm", "--force", name)  # what failed may still run


@pytest.mark.timeout(400)
def test_deployments_lose_and_repeat_nothing_and_a_broken_one_is_put_back(
    image: str, host: Host
) -> None:
    topics = host.services.topics
    with layered(image, SECOND, BROKEN) as (first, second, broken):
        host.deploys(first)
        assert host.serving() == {(first, "healthy")}
        kafka = host.services.containers("kafka")
        release = host.services.ask("/readyz")["model_version"]

        with passengers_come(topics) as ids:
            host.deploys(second)
            assert host.serving() == {(second, "healthy")}
            brought = run("docker", "run", "--rm", second, "python3", "-c", CHAMPION).strip()
            assert host.services.ask("/readyz")["model_version"] == brought != release

            done = host.deploy(broken)
            assert done.returncode == 1
            assert "TITANIC_BATCH_SIZE=0" in done.stdout, "the worker's own words"
            assert f"putting back {second}" in done.stdout
            assert host.serving() == {(second, "healthy")}

            host.deploys("--previous")
            assert host.serving() == {(first, "healthy")}
        assert host.services.ask("/readyz")["model_version"] == release
        assert host.services.containers("kafka") == kafka, "Kafka was left alone"

    assert topics.answers(len(ids)).events == Counter(ids)
    history = [line.split()[1:] for line in (host.folder / "deployed.log").read_text().splitlines()]
    assert history == [
        ["deployed", first],
        ["deployed", second],
        ["failed", broken],
        ["put-back", second],
        ["deployed", first],
    ]


@pytest.mark.timeout(400)
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_deployment_names_the_old_image_again_and_can_be_repeated(
    image: str, host: Host, by: signal.Signals
) -> None:
    with layered(image, SECOND) as (first, second):
        host.deploys(first)
        deployment = subprocess.Popen(
            ["./deploy", second],
            cwd=host.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        until(lambda: second in (host.folder / ".env").read_text(), "its name in .env", 60)
        os.killpg(deployment.pid, by)  # as Ctrl-C reaches all of them
        said, _ = deployment.communicate(timeout=DEPLOYED_WITHIN_S)
        assert deployment.returncode == 1
        assert "Traceback" not in said
        assert said.splitlines()[-1].startswith(f"deploy: interrupted: .env names {first} again")
        assert f"TITANIC_IMAGE={first}\n" in (host.folder / ".env").read_text()

        host.deploys(second)
        assert host.serving() == {(second, "healthy")}


def test_a_name_that_can_move_is_refused_before_anything_is_done(host: Host) -> None:
    done = host.deploy("titanic:latest")
    assert done.returncode == 1
    assert "a tag can move" in done.stdout
    assert not host.services.containers("worker")
