"""The broker that tests share: in a container where a Docker engine answers, else embedded.

`TEST_BROKER=container` or `TEST_BROKER=embedded` insists on one of them.
"""

import gc
import os
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient

from cli import ports, probe
from cli.embedded.cluster import cluster
from cli.embedded.kafka_lock import KAFKA_VERSION
from cli.embedded.storage import settings

IMAGE: Final = f"apache/kafka:{KAFKA_VERSION}"
READY_WITHIN_S: Final = 60.0


class NoContainer(Exception):
    """There is no broker in a container; the message says why."""


@dataclass(frozen=True, slots=True)
class SharedBroker:
    """Where it is, and what it is."""

    bootstrap_servers: str
    what: str


@contextmanager
def shared_broker(data: Path) -> Iterator[SharedBroker]:
    """The one that was asked for, else the first of the two that can be had."""
    wanted = os.environ.get("TEST_BROKER") or "automatic"
    if wanted not in {"automatic", "container", "embedded"}:
        raise ValueError(f"TEST_BROKER={wanted}: it should be container or embedded, or unset")
    with ExitStack() as stack:
        why = "as TEST_BROKER says"
        if wanted != "embedded":
            try:
                address = stack.enter_context(_container())
            except NoContainer as reason:
                if wanted == "container":
                    raise
                why = str(reason)
            else:
                yield SharedBroker(address, f"{IMAGE} in a container")
                return
        started = stack.enter_context(cluster(data, port=0))
        yield SharedBroker(
            started.bootstrap_servers, f"Apache Kafka {KAFKA_VERSION}, embedded ({why})"
        )


@contextmanager
def _container() -> Iterator[str]:
    """The address of a broker in a container. Raises `NoContainer`."""
    _engine_has_what_it_takes()
    port = next(ports.free())
    container = DockerContainer(IMAGE).with_envs(**_environment(port))
    # with_bind_ports has no place for the address: without it, the broker is open to the network
    container.ports["9092/tcp"] = (ports.HOST, port)  # type: ignore[assignment]
    with container:
        _await_ready(container, f"{ports.HOST}:{port}")
        yield f"{ports.HOST}:{port}"


def _engine_has_what_it_takes() -> None:
    failure = ""
    with warnings.catch_warnings():
        # the client forgets its socket when no engine answers
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            docker = DockerClient()
        except Exception:  # of many kinds, all of which mean that there is none
            failure = "no Docker engine answers"
        gc.collect()
    if failure:
        raise NoContainer(failure)
    try:
        if not _has(docker, IMAGE):
            raise NoContainer(f"{IMAGE} can't be pulled")
        # Ryuk removes containers of runs that were killed; ours is removed in any other case
        if not testcontainers_config.ryuk_disabled:
            testcontainers_config.ryuk_disabled = not _has(docker, testcontainers_config.ryuk_image)
    finally:
        docker.client.close()


def _has(docker: DockerClient, image: str) -> bool:
    """Whether the engine has the image, here or from a registry."""
    for find in (docker.client.images.get, docker.client.images.pull):
        try:
            find(image)
        except Exception:  # noqa: S112 - as above
            continue
        return True
    return False


def _environment(port: int) -> dict[str, str]:
    """The settings as the image takes them; with one of them given it wants all.

    The broker talks to itself, too: to check and to end transactions. From inside the container
    the host's port is out of its reach, so that it has a listener of its own.
    """
    properties = settings(1) | {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": "1@localhost:9093",
        "controller.listener.names": "CONTROLLER",
        "listeners": "PLAINTEXT://:9092,CONTROLLER://:9093,BROKER://:9094",
        "advertised.listeners": f"PLAINTEXT://{ports.HOST}:{port},BROKER://localhost:9094",
        "listener.security.protocol.map": (
            "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,BROKER:PLAINTEXT"
        ),
        "inter.broker.listener.name": "BROKER",
    }
    return {f"KAFKA_{name.upper().replace('.', '_')}": value for name, value in properties.items()}


def _await_ready(container: DockerContainer, address: str) -> None:
    client = probe.client({"bootstrap.servers": address})
    deadline = time.monotonic() + READY_WITHIN_S
    while probe.brokers(client, within_s=0.5) == 0:
        container.reload()
        if container.status == "exited" or time.monotonic() > deadline:
            log = b"".join(container.get_logs()).decode(errors="replace").splitlines()
            raise NoContainer(f"{IMAGE} doesn't answer: {' | '.join(log[-3:])}")
