"""Containers of the image by itself, shut in as they can be, and what they say and leave."""

import json
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from tests.image.compose import HEALTHY_WITHIN_S, run
from tests.integration.workers import until

SHUT_IN: Final = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
OFFLINE: Final = ("--network", "none")


@contextmanager
def container(image: str, command: str, *options: str) -> Iterator[str]:
    """The name of a container that runs, in the background, until the end of the block."""
    name = f"titanic-test-{uuid.uuid4().hex[:8]}"
    try:
        run("docker", "run", "--detach", "--name", name, *SHUT_IN, *options, image, command)
        yield name
    finally:
        run("docker", "rm", "--force", "--volumes", name)


def inside(image: str, *command: str) -> str:
    """What a command writes in a container of its own."""
    return run("docker", "run", "--rm", *SHUT_IN, *OFFLINE, image, *command)


def ended(image: str, command: str, *options: str) -> subprocess.CompletedProcess[str]:
    """A container that ends by itself: its exit code, and what it wrote."""
    return subprocess.run(
        ["docker", "run", "--rm", *SHUT_IN, *OFFLINE, *options, image, *command.split()],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def state(name: str) -> dict[str, Any]:
    """A container's state, as the engine tells it."""
    known: dict[str, Any] = json.loads(
        run("docker", "inspect", "--format", "{{json .State}}", name)
    )
    return known


def healthy(name: str) -> None:
    """Wait until its health check has said so."""
    until(lambda: state(name)["Health"]["Status"] == "healthy", "healthy", HEALTHY_WITHIN_S)


def log(name: str) -> str:
    """All that a container wrote, errors, too."""
    return run("sh", "-c", f"docker logs {name} 2>&1")
