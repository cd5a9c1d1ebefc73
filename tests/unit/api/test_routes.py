"""The pages about the service, and what holds for every response."""

import json
import re

import pytest
from starlette.testclient import TestClient

from api.edge import Edge
from api.service import create_app
from titanic_model.passenger import Reason
from titanic_model.releases import Manifest, Releases

WOMAN = {"age": 29.0, "sex": "female", "pclass": 1}
PAGES = ["/model", "/livez", "/readyz", "/metrics", "/docs", "/openapi.json", "/"]


def test_model_is_the_manifest_of_the_release_in_service(
    client: TestClient, releases: Releases, champion: str
) -> None:
    served = Manifest.model_validate_json(client.get("/model").content)
    assert served == releases.manifest(champion)


def test_ready_names_the_release(client: TestClient, champion: str) -> None:
    ready = {"status": "ready", "model_version": champion, "problem": None}
    assert client.get("/readyz").json() == ready


@pytest.mark.parametrize("path", [page for page in PAGES if page != "/metrics"])
def test_head_is_get_by_its_headers(client: TestClient, path: str) -> None:
    head, get = client.head(path), client.get(path)
    assert (head.status_code, head.headers) == (get.status_code, get.headers)


@pytest.mark.parametrize("path", [*PAGES, "/docs/files/swagger-ui.css"])
def test_a_wrong_method_is_told_the_right_ones(client: TestClient, path: str) -> None:
    response = client.post(path)
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, OPTIONS"
    assert response.headers["content-type"] == "application/problem+json"
    assert client.options(path).status_code == 204


@pytest.mark.parametrize("path", ["/nope", "/predict/", "/docs/files/nope", "/%ff", "/a%20b%22"])
def test_an_unknown_path_is_a_problem_that_points_to_the_docs(
    client: TestClient, path: str
) -> None:
    response = client.get(path)
    problem = json.loads(response.content)
    assert response.status_code == problem["status"] == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert "/docs" in problem["detail"]
    assert re.fullmatch(r"[!-~]+", problem["instance"])


def test_the_root_leads_to_the_docs(client: TestClient) -> None:
    response = client.get("/")
    assert response.headers["location"] == "docs"


def test_the_docs_load_nothing_from_another_host(client: TestClient) -> None:
    page = client.get("/docs").text
    assert "//" not in re.sub(r"<!--.*?-->|// .*", "", page)
    for name in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert client.get(f"/{name}").status_code == 200


@pytest.mark.parametrize("path", [*PAGES, "/predict", "/nope", "/docs/files/swagger-ui.css"])
def test_no_response_may_be_sniffed(client: TestClient, path: str) -> None:
    assert client.get(path).headers["x-content-type-options"] == "nosniff"


def test_a_page_that_fails_is_a_problem_without_the_inside(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("at /srv/secret.py")

    monkeypatch.setattr("api.metrics.Metrics.page", fail)
    response = client.get("/metrics")
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert "secret" not in response.text


def series(client: TestClient, name: str) -> dict[str, float]:
    """The samples of a metric, by their labels."""
    lines = client.get("/metrics").text.splitlines()
    found = (re.fullmatch(rf"{name}(\{{.*\}}) (.*)", line) for line in lines)
    return {match[1]: float(match[2]) for match in found if match}


def test_requests_are_counted_by_route_and_status(client: TestClient) -> None:
    client.post("/predict", json=WOMAN)
    client.post("/predict", json=WOMAN)
    client.post("/predict", json={})
    client.get("/predict")
    client.get("/livez")
    assert series(client, "titanic_http_requests_total") == {
        '{route="/predict",status="200"}': 2,
        '{route="/predict",status="422"}': 1,
        '{route="/predict",status="405"}': 1,
        '{route="/livez",status="200"}': 1,
    }
    assert series(client, "titanic_http_request_seconds_count")['{route="/predict"}'] == 4


def test_unknown_paths_and_methods_make_no_new_series(client: TestClient) -> None:
    for n in range(50):
        client.get(f"/nope/{n}")
        client.get(f"/docs/files/{n}")
        client.request(f"BREW{n}", "/livez")
    assert series(client, "titanic_http_requests_total") == {
        '{route="other",status="404"}': 100,
        '{route="/livez",status="405"}': 50,
    }


def test_predictions_and_refusals_are_counted_by_what_they_were(client: TestClient) -> None:
    client.post("/predict", json=WOMAN)
    client.post("/predict", json={"sex": "male", "pclass": 3})
    client.post("/predict", json={})
    assert series(client, "titanic_http_predictions_total") == {
        '{outcome="survived"}': 1,
        '{outcome="not_survived"}': 1,
    }
    refusals = series(client, "titanic_http_refusals_total")
    assert len(refusals) == len(Reason)
    assert refusals['{reason="missing_field"}'] == 1


def test_the_metrics_name_the_release_in_service(client: TestClient, champion: str) -> None:
    assert series(client, "titanic_model_info") == {f'{{version="{champion}"}}': 1}


def test_before_there_is_a_release_the_metrics_name_none(empty: TestClient) -> None:
    assert series(empty, "titanic_model_info") == {}


def problems(client: TestClient) -> dict[str, float]:
    return {
        reason.removeprefix('{reason="').removesuffix('"}'): value
        for reason, value in series(client, "titanic_release_problem").items()
    }


def test_the_metrics_have_every_reason_why_the_champion_may_not_be_served(
    client: TestClient,
) -> None:
    assert problems(client) == {"no_release": 0, "refused": 0, "store_unavailable": 0}


def test_that_there_is_no_release_yet_is_in_the_metrics(empty: TestClient) -> None:
    assert problems(empty) == {"no_release": 1, "refused": 0, "store_unavailable": 0}


def test_openmetrics_is_there_for_who_asks(client: TestClient) -> None:
    accept = {"accept": "application/openmetrics-text; version=1.0.0"}
    response = client.get("/metrics", headers=accept)
    assert response.headers["content-type"].startswith("application/openmetrics-text")
    assert response.text.endswith("# EOF\n")


def test_behind_a_proxy_with_a_prefix_all_is_where_it_was(
    releases: Releases, champion: str
) -> None:
    app: Edge = create_app(releases)
    with TestClient(app, root_path="/titanic") as client:
        assert client.post("/titanic/predict", json=WOMAN).status_code == 200
        assert client.get("/titanic/readyz").status_code == 200
        assert client.get("/titanic/docs/files/swagger-ui.css").status_code == 200
        assert client.get("/titanic/openapi.json").json()["servers"] == [{"url": "/titanic"}]
