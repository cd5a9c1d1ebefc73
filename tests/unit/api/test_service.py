"""The service through its life: without a release, with one, with the next."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import api
from api import service
from api.service import create_app
from tests.synthetic import publish, put_into_service
from titanic_model.follower import Follower
from titanic_model.releases import TABLE, Releases
from titanic_model.scorer import DOMAIN_SIZE
from titanic_model.settings import settings

WOMAN = {"age": 29.0, "sex": "female", "pclass": 1}


def wait_until(condition: Callable[[], bool], deadline_s: float = 10) -> None:
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, "the condition did not come true"
        time.sleep(0.005)


def damage(releases: Releases, release: str) -> None:
    (Path(releases.location) / release / TABLE).write_bytes(b"0" * 8 * DOMAIN_SIZE)


def test_without_a_release_it_lives_says_why_it_is_not_ready_and_starts_when_there_is_one(
    empty: TestClient, releases: Releases
) -> None:
    assert empty.get("/livez").json() == {"status": "alive"}
    response = empty.get("/readyz")
    assert response.status_code == 503
    assert response.headers["retry-after"] == "2"
    assert "run 'titanic train'" in response.json()["detail"]
    assert empty.get("/model").status_code == 503

    release = publish(releases)
    wait_until(lambda: empty.get("/readyz").status_code == 200)
    assert empty.post("/predict", json=WOMAN).json()["model_version"] == release


def test_a_damaged_release_at_the_start_is_the_reason_that_readyz_gives(
    releases: Releases, champion: str
) -> None:
    damage(releases, champion)
    with TestClient(create_app(releases)) as client:
        response = client.get("/readyz")
        assert response.status_code == 503
        assert "table.f64 is damaged" in response.json()["detail"]
        assert client.post("/predict", json=WOMAN).status_code == 503


def test_a_new_champion_goes_into_service_without_a_restart(
    client: TestClient, releases: Releases
) -> None:
    new = publish(releases, (0.25,) * DOMAIN_SIZE)
    wait_until(lambda: client.get("/model").json()["id"] == new)
    assert client.post("/predict", json=WOMAN).json()["probability"] == 0.25


def test_a_damaged_new_champion_leaves_the_old_one_serving_and_readyz_says_so(
    client: TestClient, releases: Releases, champion: str
) -> None:
    new = publish(releases, (0.25,) * DOMAIN_SIZE)
    wait_until(lambda: client.get("/model").json()["id"] == new)
    damage(releases, champion)
    put_into_service(releases, champion)

    wait_until(lambda: client.get("/readyz").json()["problem"] is not None)
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["model_version"] == new
    assert "damaged" in ready.json()["problem"]
    assert 'titanic_release_problem{reason="refused"} 1.0' in client.get("/metrics").text
    assert client.post("/predict", json=WOMAN).json()["probability"] == 0.25


def test_a_store_that_does_not_answer_holds_up_neither_the_start_nor_the_end(
    releases: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()
    monkeypatch.setattr(service, "FIRST_LOOK_S", 0.01)
    monkeypatch.setattr(Follower, "refresh", lambda _: answered.wait(30))
    began = time.monotonic()
    with TestClient(create_app(releases)) as client:
        assert client.get("/livez").status_code == 200
        assert client.get("/readyz").status_code == 503
    assert time.monotonic() - began < 10
    answered.set()


def test_importing_a_part_of_the_api_builds_no_application() -> None:
    code = "import api.problems, sys; assert 'api.service' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_serving_imports_nothing_that_only_training_installs() -> None:
    code = (
        "import api, sys; api.app;"
        "found = {'sklearn', 'pandas', 'numpy', 'skops'} & set(sys.modules);"
        "assert not found, found"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_a_setting_that_cannot_be_used_ends_the_start_with_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TITANIC_PARTITIONS", "zero")
    monkeypatch.delitem(vars(api), "app", raising=False)
    settings.cache_clear()
    try:
        with pytest.raises(SystemExit, match="api: TITANIC_PARTITIONS=zero"):
            _ = api.app
    finally:
        settings.cache_clear()


def test_the_package_has_no_other_attributes_out_of_thin_air() -> None:
    assert not hasattr(api, "application")
