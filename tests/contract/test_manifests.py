"""What the cluster's manifests must hold, whatever else changes in them."""

import re
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from stream.app import STOP_DEADLINE_S
from titanic_model.settings import Settings

CLUSTER: Final = Path(__file__).parents[2] / "deploy" / "cluster"
WORKLOADS: Final = ("worker", "api")
OVERLAYS: Final = ("staging", "production")
PORT: Final = 8080

Manifest = dict[str, Any]


@cache
def base() -> dict[tuple[str, str], Manifest]:
    """The base's objects by kind and name."""
    folder = CLUSTER / "base"
    files = read(folder / "kustomization.yaml")["resources"]
    found = [one for file in files for one in yaml.safe_load_all((folder / file).read_text())]
    return {(one["kind"], one["metadata"]["name"]): one for one in found}


def read(file: Path) -> Manifest:
    return dict(yaml.safe_load(file.read_text()))


def spec(workload: str) -> Manifest:
    kind = {"worker": "StatefulSet", "api": "Deployment"}[workload]
    return dict(base()[kind, workload]["spec"])


def pod(workload: str) -> Manifest:
    return dict(spec(workload)["template"]["spec"])


def container(workload: str) -> Manifest:
    (only,) = pod(workload)["containers"]
    return dict(only)


@pytest.mark.parametrize("workload", WORKLOADS)
def test_a_pod_passes_the_restricted_pod_security_standard(workload: str) -> None:
    outside, inside = pod(workload)["securityContext"], container(workload)["securityContext"]
    assert outside == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert inside["allowPrivilegeEscalation"] is False
    assert inside["capabilities"] == {"drop": ["ALL"]}
    assert inside["readOnlyRootFilesystem"] is True
    assert pod(workload)["automountServiceAccountToken"] is False


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_namespace_of_an_overlay_takes_no_other_pods(overlay: str) -> None:
    namespace = read(CLUSTER / "overlays" / overlay / "namespace.yaml")["metadata"]
    assert namespace["labels"] == {"pod-security.kubernetes.io/enforce": "restricted"}
    assert (
        namespace["name"]
        == read(CLUSTER / "overlays" / overlay / "kustomization.yaml")["namespace"]
    )


@pytest.mark.parametrize("workload", WORKLOADS)
def test_a_container_has_probes_and_a_limit_of_memory(workload: str) -> None:
    asked = {
        probe: container(workload)[f"{probe}Probe"]["httpGet"]
        for probe in ("startup", "liveness", "readiness")
    }
    assert asked == {
        "startup": {"path": "/livez", "port": "http"},
        "liveness": {"path": "/livez", "port": "http"},
        "readiness": {"path": "/readyz", "port": "http"},
    }
    resources = container(workload)["resources"]
    assert resources["limits"].keys() == {"memory"}
    assert resources["requests"].keys() == {"cpu", "memory"}


@pytest.mark.parametrize("workload", WORKLOADS)
def test_the_port_is_one_from_setting_to_policy(workload: str) -> None:
    assert container(workload)["env"] == [{"name": "TITANIC_WEB_PORT", "value": str(PORT)}]
    assert container(workload)["ports"] == [{"name": "http", "containerPort": PORT}]
    (port,) = base()["Service", workload]["spec"]["ports"]
    assert port["targetPort"] == "http"
    assert base()["NetworkPolicy", "pages"]["spec"]["ingress"] == [{"ports": [{"port": PORT}]}]


@pytest.mark.parametrize("workload", WORKLOADS)
def test_selectors_find_their_pods(workload: str) -> None:
    labels = spec(workload)["template"]["metadata"]["labels"]
    assert spec(workload)["selector"]["matchLabels"] == labels
    assert base()["Service", workload]["spec"]["selector"] == labels
    assert base()["PodDisruptionBudget", workload]["spec"]["selector"]["matchLabels"] == labels
    (spread,) = pod(workload)["topologySpreadConstraints"]
    assert spread["labelSelector"]["matchLabels"] == labels


def test_a_stopped_worker_has_the_time_to_commit_its_batch() -> None:
    assert pod("worker")["terminationGracePeriodSeconds"] > STOP_DEADLINE_S


def test_workers_keep_their_names_and_do_not_wait_for_each_other() -> None:
    assert spec("worker")["serviceName"] == "worker"
    assert spec("worker")["podManagementPolicy"] == "Parallel"


@pytest.mark.parametrize("workload", WORKLOADS)
def test_the_deployments_script_finds_where_the_image_goes(workload: str) -> None:
    assert container(workload)["image"] == "titanic"
    assert r"s|image: titanic\$|" in (CLUSTER / "deploy").read_text()


@pytest.mark.parametrize("workload", WORKLOADS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_settings_are_those_of_the_overlay(overlay: str, workload: str) -> None:
    (made,) = read(CLUSTER / "overlays" / overlay / "kustomization.yaml")["configMapGenerator"]
    sources = container(workload)["envFrom"]
    assert {"configMapRef": {"name": made["name"]}} in sources
    assert all(source["secretRef"]["optional"] for source in sources if "secretRef" in source)
    given = (CLUSTER / "overlays" / overlay / made["envs"][0]).read_text()
    names = re.findall(r"^(\w+)=", given, re.MULTILINE)
    ours = {f"TITANIC_{name.upper()}" for name in Settings.model_fields} | {"PROCESSING_GUARANTEE"}
    assert all(name.startswith("KAFKA_") or name in ours for name in names)
    assert "KAFKA_BOOTSTRAP_SERVERS" in names


def test_passwords_of_kafkas_are_the_workers_alone() -> None:
    assert {"secretRef": {"name": "kafka", "optional": True}} in container("worker")["envFrom"]
    assert "kafka" not in str(container("api")["envFrom"])


def test_no_pod_reaches_into_its_node() -> None:
    reaches = re.compile(r"hostNetwork|hostPID|hostIPC|hostPath|privileged: *true")
    for path in CLUSTER.rglob("*.yaml"):
        assert not reaches.search(path.read_text()), path
