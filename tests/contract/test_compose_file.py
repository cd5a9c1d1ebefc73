"""What docker-compose.yml lets in, out and at: on a laptop, too, Kafka is nobody else's."""

import re
from typing import Any, Final

import pytest
import yaml

from stream.app import STOP_DEADLINE_S
from tests.contract.workflows import ROOT

SERVICES: Final[dict[str, dict[str, Any]]] = yaml.safe_load(
    (ROOT / "docker-compose.yml").read_text()
)["services"]
STARTED: Final = {"kafka", "worker", "api"}
OURS: Final = set(SERVICES) - {"kafka"}
RELEASES: Final = "releases:/var/lib/titanic/releases"
MOUNTS: Final = {
    "kafka": ["kafka:/var/lib/kafka/data"],
    "worker": [f"{RELEASES}:ro"],
    "api": [f"{RELEASES}:ro"],
    "titanic": [f"{RELEASES}:ro"],
    "train": [RELEASES],
    "demo": [],
}
KEYS: Final = {
    "build",
    "cap_drop",
    "command",
    "depends_on",
    "entrypoint",
    "environment",
    "healthcheck",
    "image",
    "init",
    "logging",
    "mem_limit",
    "ports",
    "profiles",
    "read_only",
    "restart",
    "security_opt",
    "stop_grace_period",
    "volumes",
}


def test_it_is_reached_from_this_machine_alone() -> None:
    published = {name: one["ports"] for name, one in SERVICES.items() if "ports" in one}
    assert set(published) == {"kafka", "api"}
    for name, ports in published.items():
        assert all(port.startswith("127.0.0.1:") for port in ports), name


def test_nothing_is_mounted_but_its_two_volumes_and_what_serves_only_reads() -> None:
    assert {name: one.get("volumes", []) for name, one in SERVICES.items()} == MOUNTS


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_is_shut_in(name: str) -> None:
    service = SERVICES[name]
    assert set(service) <= KEYS  # no privileged, network_mode, pid, devices, cap_add, …
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert name == "kafka" or (service["read_only"] and service["init"])


def test_what_is_started_comes_back_and_what_is_run_once_does_not() -> None:
    assert {name for name, one in SERVICES.items() if "restart" in one} == STARTED
    assert {name for name, one in SERVICES.items() if "profiles" in one} == set(SERVICES) - STARTED


def test_a_stopped_worker_has_the_time_that_it_takes_to_finish() -> None:
    grace = re.fullmatch(r"(\d+)s", SERVICES["worker"]["stop_grace_period"])
    assert grace is not None
    assert int(grace[1]) > STOP_DEADLINE_S


def test_images_are_named_exactly() -> None:
    assert re.fullmatch(r"apache/kafka:\d+\.\d+\.\d+", SERVICES["kafka"]["image"])
    for name in OURS:
        training = name in {"train", "demo"}
        default = "data_engineering_project" + ("-training" if training else "")
        variable = "TITANIC_TRAINING_IMAGE" if training else "TITANIC_IMAGE"
        assert SERVICES[name]["image"] == f"${{{variable}:-{default}}}"


def test_what_is_in_the_image_comes_from_locks_with_hashes() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    # One command of a RUN does not vouch for the next one.
    installs = re.findall(r"pip(?: --python \S+)? (?:install|wheel) ((?:(?!&&).)*)", dockerfile)
    assert len(installs) == dockerfile.count("/bin/pip ")
    for line in installs:
        assert "--require-hashes" in line or "--no-deps" in line, line
    assert re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)[0] == "python:3.13-slim"
