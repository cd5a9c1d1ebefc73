"""What of a store may be deleted, and what may not, whoever promotes meanwhile."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.synthetic import MADE_AT, make
from titanic_model.housekeeping import remove, survey, unneeded
from titanic_model.manifest import MANIFEST, ReleaseRefused
from titanic_model.releases import TABLE, Releases
from titanic_model.scorer import DOMAIN_SIZE
from titanic_model.store import Store

OLD, OLD_FILES = make([0.25] * DOMAIN_SIZE)
NEW, NEW_FILES = make([0.75] * DOMAIN_SIZE)
LATER = MADE_AT + timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> Releases:
    """A store with OLD in service, and NEW beside it."""
    releases = Releases(str(tmp_path))
    for release, files in ((OLD, OLD_FILES), (NEW, NEW_FILES)):
        releases.publish(release, files)
    releases.promote(OLD.id)
    return releases


def test_what_went_into_service_since_it_was_looked_at_is_not_deleted(store: Releases) -> None:
    found = {one.id: one for one in survey(store)}
    store.promote(NEW.id)
    with pytest.raises(ReleaseRefused, match=f"{NEW.id} went into service meanwhile, and stays"):
        remove(store, found[NEW.id])
    assert store.verify(NEW.id) == NEW
    remove(store, found[OLD.id])
    assert store.ids() == [NEW.id]


def test_the_manifest_is_deleted_first_so_that_what_is_left_is_no_release(
    store: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    deleted: list[str] = []
    monkeypatch.setattr(Store, "delete", lambda _, name: deleted.append(name))
    (found,) = (one for one in survey(store) if one.id == NEW.id)
    remove(store, found)
    assert deleted == [f"{NEW.id}/{MANIFEST}", f"{NEW.id}/{TABLE}"]


def test_what_the_next_roll_back_comes_to_is_needed_besides_the_newest(store: Releases) -> None:
    store.promote(NEW.id)
    newer = [make([share] * DOMAIN_SIZE, made_at=LATER) for share in (0.3, 0.4)]
    for manifest, files in newer:
        store.publish(manifest, files)
    (old,) = unneeded(store, survey(store), 1, LATER)
    assert old.id in {manifest.id for manifest, _ in newer}


def test_a_champion_whose_manifest_was_changed_is_listed_as_refused(store: Releases) -> None:
    later = OLD.model_copy(update={"metrics": {}})
    store.store.write(f"{OLD.id}/{MANIFEST}", later.content())
    refused = {one.id: one.refused for one in survey(store, store.entry())}
    assert "not the one that was put into service" in str(refused[OLD.id])
    assert refused[NEW.id] is None
    assert [one.refused for one in survey(store)] == [None, None]


@pytest.mark.parametrize("damaged", ["champion/00000002.json", f"{NEW.id}/{TABLE}"])
def test_what_a_roll_back_comes_to_past_a_damaged_one_is_needed(
    damaged: str, store: Releases
) -> None:
    third, files = make([0.3] * DOMAIN_SIZE, made_at=LATER)
    store.publish(third, files)
    store.promote(NEW.id)
    store.promote(third.id)
    store.store.write(damaged, b"damaged")
    going = {one.id for one in unneeded(store, survey(store), 1, LATER)}
    assert OLD.id not in going
    assert store.rollback().entry.release == OLD.id
