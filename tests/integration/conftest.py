"""A scene for tests that want any release; others make one of their own under the same name."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import synthetic
from tests.integration.workers import Scene, scene
from titanic_model.releases import Releases


@pytest.fixture
def stage(kafka: str, tmp_path: Path) -> Iterator[Scene]:
    releases = str(tmp_path / "releases")
    synthetic.publish(Releases(releases))
    with scene(kafka, tmp_path, releases) as made:
        yield made
