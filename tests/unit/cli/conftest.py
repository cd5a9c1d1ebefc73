"""What the tests of `titanic releases` share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from titanic_model.releases import Releases
from titanic_model.settings import settings


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Releases]:
    """What TITANIC_RELEASES names, with nothing in it."""
    location = str(tmp_path / "releases")
    monkeypatch.setenv("TITANIC_RELEASES", location)
    settings.cache_clear()
    yield Releases(location)
    settings.cache_clear()
