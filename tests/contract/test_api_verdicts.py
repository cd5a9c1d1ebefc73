"""The request's door and the event's door judge alike: the HTTP verdict is `parse`'s verdict."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.body import MAX_BODY_BYTES
from api.service import create_app
from tests.synthetic import publish
from titanic_model.passenger import Passenger, parse
from titanic_model.releases import Releases
from titanic_model.scorer import Scorer

JSON = {"content-type": "application/json"}

CORPUS = [
    b"",
    b" ",
    b"null",
    b"[]",
    b'"female"',
    b"{}",
    b"{",
    b'{"sex": "male", "pclass": 3}',
    b'{"sex": "male", "pclass": 3} ',
    b'{"sex": "male", "pclass": 3}{',
    b'{"sex": "male", "pclass": 3,}',
    b'{"sex": "MALE", "class": 3.0, "age": null, "deck": {"a": [1]}}',
    b'{"sex": "male", "pclass": 3, "class": 1}',
    b'{"sex": "male", "sex": "female", "pclass": 3}',
    b'{"sex": "male", "pclass": true}',
    b'{"sex": "male", "pclass": "3"}',
    b'{"sex": "male", "pclass": 3, "age": "29"}',
    b'{"sex": "male", "pclass": 3, "age": true}',
    b'{"sex": "male", "pclass": 3, "age": NaN}',
    b'{"sex": "male", "pclass": 3, "age": -Infinity}',
    b'{"sex": "male", "pclass": 3, "age": 1e999}',
    b'{"sex": "male", "pclass": 3, "age": -0.0}',
    b'{"sex": "male", "pclass": 3, "age": 1e-400}',
    b'{"sex": "male", "pclass": 3, "age": 100.00000000000001}',
    b'{"sex": "male", "pclass": 3, "age": 24.5}',
    b'{"sex": "male", "pclass": 3, "passenger_id": null}',
    b'{"sex": "male", "pclass": 3, "passenger_id": ""}',
    b'{"sex": "male", "pclass": 3, "passenger_id": "\\ud800"}',
    b'{"sex": "male", "pclass": 3, "passenger_id": "\\ud83d\\udea2"}',
    b'\xef\xbb\xbf{"sex": "male", "pclass": 3}',
    '{"sex": "male", "pclass": 3}'.encode("utf-16"),
    b'{"sex": "m\xff", "pclass": 3}',
    b'{"sex": ' + b"[" * 1_000 + b"]" * 1_000 + b', "pclass": 3}',
    b'{"sex": "male", "pclass": ' + b"9" * 5_000 + b"}",
]

values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 110) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=3,
)
# Passengers with something amiss: bodies at random would hardly ever get past the first check.
passengers = st.fixed_dictionaries(
    {},
    optional={
        "passenger_id": st.text(max_size=130) | values,
        "age": st.floats(-1, 101) | st.integers(-1, 101) | values,
        "sex": st.sampled_from(["female", "male", "Male", "man"]) | values,
        "pclass": st.integers(0, 4) | st.sampled_from([1.0, 2.5]) | values,
        "class": st.integers(0, 4),
        "deck": values,
    },
).map(lambda body: json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass"))


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Releases:
    return Releases(str(tmp_path_factory.mktemp("api") / "releases"))


@pytest.fixture(scope="module")
def scorer(releases: Releases) -> Scorer:
    return releases.load(publish(releases))[1]


@pytest.fixture(scope="module")
def client(releases: Releases, scorer: Scorer) -> Iterator[TestClient]:
    with TestClient(create_app(releases)) as client:
        yield client


def assert_one_verdict(client: TestClient, scorer: Scorer, body: bytes) -> None:
    verdict = parse(body)
    response = client.post("/predict", content=body, headers=JSON)
    if isinstance(verdict, Passenger):
        answer = scorer.answer(verdict)
        assert response.status_code == 200
        assert response.json() == {
            "passenger_id": verdict.passenger_id if isinstance(verdict.passenger_id, str) else None,
            "survived": answer.survived,
            "probability": answer.probability,
            "model_version": scorer.version,
        }
    else:
        problem = response.json()
        assert response.status_code in {400, 422}
        assert problem["type"].rpartition(":")[2] == verdict.reason
        assert problem["detail"] == verdict.message
        assert [(e["field"], e["reason"], e["message"]) for e in problem["errors"]] == [
            (fault.field, fault.reason, fault.message) for fault in verdict.faults
        ]


@pytest.mark.parametrize("body", CORPUS, ids=lambda body: repr(body[:40]))
def test_a_known_body_gets_the_same_verdict_at_both_doors(
    client: TestClient, scorer: Scorer, body: bytes
) -> None:
    assert_one_verdict(client, scorer, body)


@given(body=passengers)
def test_a_passenger_with_or_without_something_amiss_gets_the_same_verdict_at_both_doors(
    client: TestClient, scorer: Scorer, body: bytes
) -> None:
    assert_one_verdict(client, scorer, body)


@given(body=st.binary(max_size=200))
def test_any_bytes_get_the_same_verdict_at_both_doors(
    client: TestClient, scorer: Scorer, body: bytes
) -> None:
    assert len(body) <= MAX_BODY_BYTES
    assert_one_verdict(client, scorer, body)
