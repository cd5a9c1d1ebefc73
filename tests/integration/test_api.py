"""`uvicorn api:app` as users run it: a process, a socket, a release store on disk."""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest

from tests.integration import apis
from tests.integration.apis import DEADLINE_S, Server
from tests.synthetic import publish
from titanic_model.passenger import Passenger
from titanic_model.releases import Releases

pytestmark = pytest.mark.image

JSON = {"content-type": "application/json"}
WOMAN = {"passenger_id": "1-42", "age": 29.0, "sex": "female", "pclass": 1}


@pytest.fixture
def releases(tmp_path: Path) -> Releases:
    """The store that the server follows; there is nothing in it."""
    return Releases(str(tmp_path / "releases"))


@pytest.fixture
def server(tmp_path: Path, releases: Releases) -> Iterator[Server]:
    """The API, without a release."""
    with apis.server(tmp_path / "log", TITANIC_RELEASES=releases.location) as made:
        yield made


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        yield client


@pytest.fixture
def ready(server: Server, client: httpx.Client, releases: Releases) -> str:
    """The id of the release that the server has taken into service."""
    release = publish(releases)
    server.wait_until(lambda: client.get("/readyz").status_code == 200)
    return release


def test_it_starts_without_a_release_and_serves_when_one_appears(
    server: Server, client: httpx.Client, releases: Releases
) -> None:
    assert client.get("/livez").status_code == 200
    assert client.get("/readyz").status_code == 503
    early = client.post("/predict", json=WOMAN)
    assert (early.status_code, early.headers["retry-after"]) == (503, "2")

    release = publish(releases)
    server.wait_until(lambda: client.get("/readyz").status_code == 200)

    _, scorer = releases.load(release)
    answer = scorer.answer(Passenger(sex="female", pclass=1, age=29.0))
    assert client.post("/predict", json=WOMAN).json() == {
        "passenger_id": "1-42",
        "survived": answer.survived,
        "probability": answer.probability,
        "model_version": release,
    }
    log = server.log.read_text()
    assert log.count("not ready: no release") == 1
    assert log.count(f"release {release} is in service") == 1
    assert "Traceback" not in log


def test_every_refusal_is_a_problem_and_the_connection_goes_on(
    client: httpx.Client, ready: str
) -> None:
    chunks = (b" " * 1024 for _ in range(100))
    form = {"content-type": "application/x-www-form-urlencoded"}
    refused = [
        (400, client.post("/predict", content=b"{", headers=JSON)),
        (404, client.get("/nope")),
        (405, client.get("/predict")),
        (413, client.post("/predict", content=b" " * 70_000, headers=JSON)),
        (413, client.post("/predict", content=chunks, headers=JSON)),
        (415, client.post("/predict", content=b"{}", headers=form)),
        (422, client.post("/predict", content=b'{"age": NaN}', headers=JSON)),
    ]
    for status, response in refused:
        assert response.status_code == response.json()["status"] == status
        assert response.headers["content-type"] == "application/problem+json"
        assert response.headers["x-content-type-options"] == "nosniff"
    assert client.post("/predict", json=WOMAN).status_code == 200


def test_head_has_the_headers_and_no_body(client: httpx.Client, ready: str) -> None:
    for path in ("/livez", "/readyz", "/model", "/docs", "/openapi.json"):
        head = client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == client.get(path).headers["content-length"]


def test_a_client_that_leaves_amid_its_body_leaves_no_trace(
    server: Server, client: httpx.Client, ready: str
) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(
            b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            b"content-length: 100\r\n\r\n{"
        )
    assert client.post("/predict", json=WOMAN).status_code == 200
    assert "Traceback" not in server.log.read_text()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_told_to(server: Server, ready: str, stop: signal.Signals) -> None:
    server.process.send_signal(stop)
    server.process.wait(DEADLINE_S)
    log = server.log.read_text()
    assert "Application shutdown complete" in log
    assert "Traceback" not in log


def test_a_bad_setting_ends_the_start_with_one_line(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert apis.start(log, TITANIC_PARTITIONS="zero").wait(DEADLINE_S) == 1
    (line,) = log.read_text().splitlines()
    assert line.startswith("api: TITANIC_PARTITIONS=zero")
