"""A promotion while another release is judged: told, and never written over."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.synthetic import make
from titanic_model.champion import Superseded
from titanic_model.manifest import Manifest
from titanic_model.releases import Releases
from titanic_model.scorer import DOMAIN_SIZE
from training.gates import admit

CHAMPION, JUDGED, OTHER = (make([share] * DOMAIN_SIZE) for share in (0.1, 0.2, 0.3))


@pytest.fixture
def store(tmp_path: Path) -> Releases:
    """A store with CHAMPION in service and the others beside it."""
    releases = Releases(str(tmp_path))
    for manifest, files in (CHAMPION, JUDGED, OTHER):
        releases.publish(manifest, files)
    releases.promote(CHAMPION[0].id)
    return releases


def promoted_meanwhile(store: Releases, release: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the gates have looked at the champion, somebody else puts this one into service."""
    verify = store.verify

    def slowly(judged: str) -> Manifest:
        Releases(store.location).promote(release.id)
        return verify(judged)

    monkeypatch.setattr(store, "verify", slowly)


def test_what_was_promoted_meanwhile_stays_and_the_other_promoter_is_told(
    store: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    promoted_meanwhile(store, OTHER[0], monkeypatch)
    with pytest.raises(Superseded, match=f"{JUDGED[0].id} was not .*meanwhile {OTHER[0].id} was"):
        admit(store, JUDGED[0].id, force="a race")
    assert store.champion() == OTHER[0].id
    assert store.log.numbers() == [2, 1]


def test_a_first_promotion_meanwhile_counts_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Releases(str(tmp_path))
    for manifest, files in (JUDGED, OTHER):
        store.publish(manifest, files)
    promoted_meanwhile(store, OTHER[0], monkeypatch)
    with pytest.raises(Superseded):
        admit(store, JUDGED[0].id, force="a race")
    assert store.champion() == OTHER[0].id


def test_who_is_slower_with_the_same_release_has_it_in_service(
    store: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    promoted_meanwhile(store, JUDGED[0], monkeypatch)
    assert admit(store, JUDGED[0].id, force="a race") == store.entry()
    assert store.log.numbers() == [2, 1]


def promote(store: str, release: str, *more: str) -> str:
    """What the command says, as it ends with 0."""
    done = CliRunner().invoke(
        app, ["releases", "promote", release, "--releases", store, *more], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_command_says_that_it_is_in_service_whoever_was_faster(
    store: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, verify = JUDGED[0].id, Releases.verify

    def slowly(judging: Releases, judged: str) -> Manifest:
        Releases(store.location).promote(release, forced="faster")
        return verify(judging, judged)

    monkeypatch.setattr(Releases, "verify", slowly)
    told = promote(store.location, release, "--force", "a race")
    assert told.startswith(f"release {release} is in service, instead of {CHAMPION[0].id}")
    assert store.log.numbers() == [2, 1]


def test_the_command_says_that_it_was_in_service_already(release_store: str) -> None:
    releases = Releases(release_store)
    champion, before = releases.champion(), releases.log.numbers()
    told = promote(release_store, champion)
    assert told == f"release {champion} is in service already\n"
    assert releases.log.numbers() == before
