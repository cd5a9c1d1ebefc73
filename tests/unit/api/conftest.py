from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.service import create_app
from tests.synthetic import publish
from titanic_model.releases import Releases


@pytest.fixture
def releases(tmp_path: Path) -> Releases:
    """A release store with nothing in it."""
    return Releases(str(tmp_path / "releases"))


@pytest.fixture
def champion(releases: Releases) -> str:
    """The id of the release in service."""
    return publish(releases)


@pytest.fixture
def client(releases: Releases, champion: str) -> Iterator[TestClient]:
    """The service with a release, as a client sees it: a fault is a 500."""
    app = create_app(releases, follow_every_s=0.01)
    with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as client:
        yield client


@pytest.fixture
def empty(releases: Releases) -> Iterator[TestClient]:
    """The service before there is a release."""
    with TestClient(create_app(releases, follow_every_s=0.01)) as client:
        yield client
