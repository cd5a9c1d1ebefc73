"""`POST /predict`, as a client sees it."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.body import MAX_BODY_BYTES
from api.service import create_app
from tests.synthetic import publish
from titanic_model.follower import Follower
from titanic_model.passenger import Passenger, Prediction
from titanic_model.releases import Releases
from titanic_model.scorer import DOMAIN_SIZE, Scorer

JSON = {"content-type": "application/json"}
WOMAN = {"passenger_id": "1-42", "age": 29.0, "sex": "female", "pclass": 1}


def test_a_passenger_gets_the_answer_of_the_release_in_service(
    client: TestClient, releases: Releases, champion: str
) -> None:
    response = client.post("/predict", json=WOMAN)
    _, scorer = releases.load(champion)
    answer = scorer.answer(Passenger(sex="female", pclass=1, age=29.0))
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {
        "passenger_id": "1-42",
        "survived": answer.survived,
        "probability": answer.probability,
        "model_version": champion,
    }
    Prediction.model_validate_json(response.content)


def test_a_passenger_without_an_id_gets_an_answer_without_one(client: TestClient) -> None:
    response = client.post("/predict", json={"sex": "male", "pclass": 3})
    assert response.json()["passenger_id"] is None


@pytest.mark.parametrize("name", ["é", '"\\', "\n\x00", "🚢" * 128, "%d %s"])
def test_an_id_comes_back_as_it_went(client: TestClient, name: str) -> None:
    response = client.post("/predict", json={**WOMAN, "passenger_id": name})
    assert response.json()["passenger_id"] == name


@pytest.mark.parametrize(
    "other",
    [
        b'{"passenger_id": "1-42", "age": 29, "sex": "FEMALE", "class": 1}',
        b'{"passenger_id": "1-42", "age": 29.0, "sex": "female", "pclass": 1.0, "deck": "B"}',
    ],
)
def test_what_the_contract_calls_the_same_passenger_gets_the_same_answer(
    client: TestClient, other: bytes
) -> None:
    same = client.post("/predict", json=WOMAN)
    assert client.post("/predict", content=other, headers=JSON).content == same.content


@pytest.mark.parametrize(
    ("body", "status", "fault", "says"),
    [
        (b"", 400, (None, "empty"), "a JSON object is expected"),
        (b"{", 400, (None, "not_json"), "EOF while parsing"),
        (b'{"sex": "\xff"}', 400, (None, "not_json"), "not UTF-8 (byte 10)"),
        (b"[" * 60_000, 400, (None, "not_json"), "recursion limit"),
        (b"[]", 422, (None, "not_an_object"), "the value is an array"),
        (b'{"sex": "male"}', 422, ("pclass", "missing_field"), "1, 2 or 3 is required"),
        (b'{"sex": 1, "pclass": 1}', 422, ("sex", "wrong_type"), '"female" or "male"'),
        (b'{"sex": "male", "pclass": true}', 422, ("pclass", "wrong_type"), "true is a boolean"),
        (b'{"sex": "male", "pclass": "1"}', 422, ("pclass", "wrong_type"), '"1" is a string'),
        (b'{"sex": "male", "pclass": 1, "age": "29"}', 422, ("age", "wrong_type"), '"29" is a'),
        (b'{"sex": "male", "pclass": 1, "age": NaN}', 422, ("age", "out_of_range"), "NaN"),
        (b'{"sex": "male", "pclass": 1, "age": 101}', 422, ("age", "out_of_range"), "0 to 100"),
        (b'{"sex": "man", "pclass": 1}', 422, ("sex", "out_of_range"), '"man" is out of range'),
    ],
)
def test_a_refusal_names_the_field_what_came_and_what_is_allowed(
    client: TestClient, body: bytes, status: int, fault: tuple[str | None, str], says: str
) -> None:
    response = client.post("/predict", content=body, headers=JSON)
    problem = response.json()
    assert response.status_code == problem["status"] == status
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["type"] == f"urn:titanic:problem:{fault[1]}"
    assert problem["instance"] == "/predict"
    [error] = problem["errors"]
    assert (error["field"], error["reason"]) == fault
    assert says in error["message"]
    assert error["message"] in problem["detail"]


def test_a_refusal_lists_everything_that_is_wrong(client: TestClient) -> None:
    problem = client.post("/predict", json={"age": -1, "sex": "x"}).json()
    assert [error["field"] for error in problem["errors"]] == ["age", "sex", "pclass"]


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "application/vnd.titanic.v1+json",
    ],
)
def test_json_is_taken_by_any_of_its_names(client: TestClient, content_type: str) -> None:
    body = json.dumps(WOMAN)
    response = client.post("/predict", content=body, headers={"content-type": content_type})
    assert response.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "text/plain"},
        {"content-type": "image/svg+json"},
        {"content-type": "application/json; charset=latin-1"},
        {"content-type": "application/jsonp"},
        {"content-type": "\xff"},
        {"content-type": ";;=,"},
    ],
)
def test_what_is_not_said_to_be_json_is_refused_with_the_header_to_add(
    client: TestClient, headers: dict[str, str]
) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    response = client.post("/predict", content=json.dumps(WOMAN), headers=raw)
    assert response.status_code == 415
    assert response.headers["accept"] == "application/json"
    assert "-H 'content-type: application/json'" in response.json()["detail"]


def test_a_compressed_body_is_refused(client: TestClient) -> None:
    response = client.post("/predict", content=b"x", headers={**JSON, "content-encoding": "gzip"})
    assert response.status_code == 415
    assert response.headers["accept-encoding"] == "identity"


def test_a_body_of_the_limit_is_taken_and_one_byte_more_is_not(client: TestClient) -> None:
    body = json.dumps(WOMAN).encode().ljust(MAX_BODY_BYTES)
    assert client.post("/predict", content=body, headers=JSON).status_code == 200
    response = client.post("/predict", content=body + b" ", headers=JSON)
    assert response.status_code == 413
    assert "65,536" in response.json()["detail"]


def exchange(app: Any, receive: Callable[[], Any], *headers: tuple[bytes, bytes]) -> list[Any]:
    """What the application sends for a request whose body `receive` delivers."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive_on() -> Any:
        return receive()

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/predict",
        "headers": [(b"content-type", b"application/json"), *headers],
    }
    asyncio.run(app(scope, receive_on, send))
    return sent


def test_an_endless_body_is_read_up_to_the_limit_and_no_further(releases: Releases) -> None:
    read = 0

    def receive() -> dict[str, Any]:
        nonlocal read
        read += 1024
        return {"type": "http.request", "body": b" " * 1024, "more_body": True}

    start, _ = exchange(create_app(releases), receive)
    assert start["status"] == 413
    assert read == MAX_BODY_BYTES + 1024


def test_a_body_announced_as_too_large_is_not_read_at_all(releases: Releases) -> None:
    def receive() -> dict[str, Any]:
        raise AssertionError("read")

    start, _ = exchange(create_app(releases), receive, (b"content-length", b"65537"))
    assert start["status"] == 413


def test_a_client_that_has_gone_is_sent_nothing(releases: Releases) -> None:
    assert exchange(create_app(releases), lambda: {"type": "http.disconnect"}) == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "BREW"])
def test_another_method_is_told_the_right_one(client: TestClient, method: str) -> None:
    response = client.request(method, "/predict")
    assert response.status_code == 405
    assert response.headers["allow"] == "OPTIONS, POST"


def test_options_says_what_there_is(client: TestClient) -> None:
    response = client.options("/predict")
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["allow"] == "OPTIONS, POST"


def test_before_there_is_a_release_it_says_when_to_come_back(empty: TestClient) -> None:
    response = empty.post("/predict", json=WOMAN)
    assert response.status_code == 503
    assert response.headers["retry-after"] == "2"
    assert response.json()["type"] == "urn:titanic:problem:no_release"


def test_before_there_is_a_release_a_bad_body_is_not_told_to_come_back(empty: TestClient) -> None:
    assert empty.post("/predict", json={}).status_code == 422


def test_a_fault_of_ours_is_a_500_that_tells_nothing_of_the_inside(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("at /srv/secret.py")

    monkeypatch.setattr(Scorer, "answer", fail)
    response = client.post("/predict", json=WOMAN)
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["title"] == "Internal Server Error"
    for inside in ("secret", "Runtime", "Traceback", ".py"):
        assert inside not in response.text


def test_version_and_probability_are_of_one_release_while_it_changes(
    releases: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = [releases.load(publish(releases, (p,) * DOMAIN_SIZE)) for p in (0.25, 0.75)]
    right = {(pair[0][0].id, 0.25, 0), (pair[1][0].id, 0.75, 1)}

    def refresh(follower: Follower) -> bool:
        follower._serving = pair[0]
        pair.reverse()
        return False

    monkeypatch.setattr(Follower, "refresh", refresh)
    seen = set()
    with TestClient(create_app(releases, follow_every_s=0.0001)) as client:
        for _ in range(300):
            answer = client.post("/predict", json=WOMAN).json()
            seen.add((answer["model_version"], answer["probability"], answer["survived"]))
    assert seen == right
