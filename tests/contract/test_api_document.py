"""The OpenAPI document is valid, and what it says is what happens."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.testclient import TestClient

from api.document import PASSENGERS
from api.service import create_app
from tests.synthetic import publish
from titanic_model.passenger import PassengerEvent
from titanic_model.releases import Releases

JSON = {"content-type": "application/json"}
SAMPLES = [sample["value"] for sample in PASSENGERS.values()]


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Releases:
    releases = Releases(str(tmp_path_factory.mktemp("api") / "releases"))
    publish(releases)
    return releases


@pytest.fixture(scope="module")
def client(releases: Releases) -> Iterator[TestClient]:
    with TestClient(create_app(releases), follow_redirects=False) as client:
        yield client


@pytest.fixture(scope="module")
def document(client: TestClient) -> dict[str, Any]:
    document: dict[str, Any] = client.get("/openapi.json").json()
    return document


def assert_as_documented(document: dict[str, Any], response: Any) -> None:
    """The response's status, content type and body are ones that the operation promises."""
    operation = document["paths"][response.request.url.path][response.request.method.lower()]
    responses = operation["responses"]
    promised = responses.get(str(response.status_code)) or responses["default"]
    media_type = response.headers["content-type"].partition(";")[0]
    schema = {**promised["content"][media_type]["schema"], "components": document["components"]}
    if media_type.endswith("json"):
        OAS31Validator(schema).validate(response.json())


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(document).validate()


def test_the_document_lists_every_operation_of_the_contract_so_far(
    document: dict[str, Any],
) -> None:
    operations = {(path, method) for path, item in document["paths"].items() for method in item}
    assert operations == {
        ("/predict", "post"),
        ("/model", "get"),
        ("/livez", "get"),
        ("/readyz", "get"),
        ("/metrics", "get"),
    }
    names = [
        operation["operationId"] for i in document["paths"].values() for operation in i.values()
    ]
    assert len(set(names)) == len(names)


def test_every_operation_promises_a_problem_for_whatever_goes_wrong(
    document: dict[str, Any],
) -> None:
    for item in document["paths"].values():
        for operation in item.values():
            for status, response in operation["responses"].items():
                if not status.startswith("2"):
                    assert list(response["content"]) == ["application/problem+json"]
            assert "default" in operation["responses"]


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_documented_examples_are_accepted_as_they_stand(
    client: TestClient, document: dict[str, Any], sample: Any
) -> None:
    response = client.post("/predict", json=sample)
    assert response.status_code == 200
    assert_as_documented(document, response)


def test_the_examples_of_the_schema_are_accepted_as_they_stand(
    client: TestClient, document: dict[str, Any]
) -> None:
    schema = document["components"]["schemas"]["PassengerEvent"]
    for sample in schema["examples"]:
        assert client.post("/predict", json=sample).status_code == 200
        OAS31Validator(schema).validate(sample)


def test_the_document_s_example_of_an_answer_is_one(document: dict[str, Any]) -> None:
    content = document["paths"]["/predict"]["post"]["responses"]["200"]["content"]
    schema = {**content["application/json"]["schema"], "components": document["components"]}
    OAS31Validator(schema).validate(content["application/json"]["example"])


def test_the_document_s_example_of_a_problem_is_what_comes(
    client: TestClient, document: dict[str, Any]
) -> None:
    [example] = document["components"]["schemas"]["Problem"]["examples"]
    assert client.post("/predict", json={"sex": "male", "pclass": 4}).json() == example


def test_the_schemas_are_the_judge_s_own(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    judge = PassengerEvent.model_json_schema()
    del judge["properties"]["passenger_id"]["default"]  # None, which as JSON's null is refused
    assert schemas["PassengerEvent"] == judge
    assert schemas["Prediction"]["required"] == [
        "passenger_id",
        "survived",
        "probability",
        "model_version",
    ]
    assert "event" not in schemas["Prediction"]["properties"]


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"", JSON, 400),
        (b"{", JSON, 400),
        (b" " * 70_000, JSON, 413),
        (b"{}", {"content-type": "text/plain"}, 415),
        (b"[]", JSON, 422),
        (json.dumps({"age": "29", "sex": 1}).encode(), JSON, 422),
    ],
)
def test_a_refusal_is_as_documented_under_its_own_status(
    client: TestClient,
    document: dict[str, Any],
    content: bytes,
    headers: dict[str, str],
    status: int,
) -> None:
    response = client.post("/predict", content=content, headers=headers)
    assert response.status_code == status
    assert str(status) in document["paths"]["/predict"]["post"]["responses"]
    assert_as_documented(document, response)


@pytest.mark.parametrize("path", ["/model", "/livez", "/readyz", "/metrics"])
def test_the_pages_answer_as_documented(
    client: TestClient, document: dict[str, Any], path: str
) -> None:
    response = client.get(path)
    assert response.status_code == 200
    assert_as_documented(document, response)


def test_without_a_release_the_answers_are_as_documented(
    tmp_path_factory: pytest.TempPathFactory, document: dict[str, Any]
) -> None:
    nothing = Releases(str(tmp_path_factory.mktemp("api") / "nothing"))
    with TestClient(create_app(nothing)) as client:
        for response in (
            client.post("/predict", json=SAMPLES[0]),
            client.get("/model"),
            client.get("/readyz"),
        ):
            assert response.status_code == 503
            assert_as_documented(document, response)
