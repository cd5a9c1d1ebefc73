"""Following the champion: what is said of it, and that nothing ends it."""

import logging
from pathlib import Path

import pytest

from tests.synthetic import publish
from titanic_model.follower import Follower
from titanic_model.following import Following
from titanic_model.releases import Releases

log = logging.getLogger("test")


@pytest.fixture
def releases(tmp_path: Path) -> Releases:
    return Releases(str(tmp_path / "releases"))


def test_what_is_wrong_with_the_release_is_logged_once(
    releases: Releases, caplog: pytest.LogCaptureFixture
) -> None:
    following = Following(Follower(releases), every_s=60, log=log)
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            following.look()
        release = publish(releases)
        for _ in range(3):
            following.look()
    first, second = caplog.records
    assert (first.levelname, second.levelname) == ("WARNING", "INFO")
    assert first.message.startswith("not ready: no release in ")
    assert second.message == f"release {release} is in service (made 2026-11-23 12:00 UTC)"


def test_a_store_that_fails_in_a_way_nobody_foresaw_does_not_end_the_following(
    releases: Releases, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    following = Following(Follower(releases), every_s=60, log=log)
    with monkeypatch.context() as patch:
        patch.setattr(Follower, "refresh", lambda _: 1 / 0)
        following.look()
    publish(releases)
    with caplog.at_level(logging.INFO):
        following.look()
    assert "ZeroDivisionError" in caplog.records[0].message
    assert "is in service" in caplog.records[1].message
