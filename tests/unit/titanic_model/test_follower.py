"""Following the champion: a bad one never replaces a good one, and little is asked of the store."""

import shutil
from pathlib import Path

import pytest

from tests.synthetic import make, put_into_service
from titanic_model.follower import REFUSED_AGAIN_S, Follower, Trouble
from titanic_model.manifest import MANIFEST
from titanic_model.releases import TABLE, NoRelease, Releases
from titanic_model.scorer import DOMAIN_SIZE
from titanic_model.store import Store
from titanic_model.unavailable import StoreUnavailable

OLD, OLD_FILES = make([0.25] * DOMAIN_SIZE)
NEW, NEW_FILES = make([0.75] * DOMAIN_SIZE)


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Releases:
    """A store with OLD in service, and NEW beside it."""
    releases = Releases(str(tmp_path / "releases"))
    for release, files in ((OLD, OLD_FILES), (NEW, NEW_FILES)):
        releases.publish(release, files)
    releases.promote(OLD.id)
    return releases


@pytest.fixture
def follower(store: Releases, clock: Clock) -> Follower:
    """One that serves OLD."""
    made = Follower(store, clock)
    assert made.refresh()
    return made


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what is read."""
    seen: list[str] = []
    read = Store.read

    def noted(store: Store, name: str, *, most_bytes: int) -> bytes:
        seen.append(name)
        return read(store, name, most_bytes=most_bytes)

    monkeypatch.setattr(Store, "read", noted)
    return seen


def damage(store: Releases, release: str) -> None:
    store.store.write(f"{release}/{TABLE}", b"damaged")


def test_there_is_nothing_to_serve_until_there_is_a_release(tmp_path: Path) -> None:
    follower = Follower(Releases(str(tmp_path)))
    assert "no release read yet" in str(follower.problem)
    assert not follower.refresh()
    assert follower.serving is None
    assert follower.scorer is None
    assert follower.trouble is Trouble.NO_RELEASE
    assert "titanic train" in str(follower.problem)
    with pytest.raises(NoRelease):
        follower.in_service()


def test_the_champion_is_taken_up_once(store: Releases, follower: Follower) -> None:
    assert not follower.refresh()
    assert follower.in_service().version == OLD.id
    store.promote(NEW.id)
    assert follower.refresh()
    assert not follower.refresh()
    assert follower.in_service().version == NEW.id
    assert follower.problem is follower.trouble is None
    store.rollback()
    assert follower.refresh()
    assert follower.in_service().version == OLD.id


def test_while_nothing_changes_nothing_is_read(follower: Follower, reads: list[str]) -> None:
    for _ in range(3):
        follower.refresh()
    assert not reads


def test_the_same_release_promoted_again_is_not_loaded_again(
    store: Releases, follower: Follower, reads: list[str]
) -> None:
    store.promote(OLD.id, forced="once more")
    reads.clear()
    assert not follower.refresh()
    assert reads == ["champion/00000002.json"]
    assert follower.problem is None


def test_the_old_release_goes_on_serving_when_the_new_one_is_refused(
    store: Releases, follower: Follower
) -> None:
    store.promote(NEW.id)
    damage(store, NEW.id)
    assert not follower.refresh()
    assert follower.in_service().version == OLD.id
    assert follower.trouble is Trouble.REFUSED
    assert f"release {NEW.id}: {TABLE} is damaged" in str(follower.problem)


def test_a_champion_that_is_gone_leaves_the_old_one_serving(
    store: Releases, follower: Follower
) -> None:
    store.promote(NEW.id)
    for file in (Path(store.location) / NEW.id).iterdir():
        file.unlink()
    assert not follower.refresh()
    assert follower.trouble is Trouble.REFUSED
    assert follower.in_service().version == OLD.id


def test_a_refused_champion_is_not_read_at_each_look(
    store: Releases, follower: Follower, clock: Clock, reads: list[str]
) -> None:
    damage(store, NEW.id)
    put_into_service(store, NEW.id)
    follower.refresh()
    reads.clear()
    clock.now_s += REFUSED_AGAIN_S - 0.1
    assert not follower.refresh()
    assert not reads
    assert follower.trouble is Trouble.REFUSED


def test_a_refused_champion_is_read_again_each_time_that_it_is_due(
    store: Releases, follower: Follower, clock: Clock, reads: list[str]
) -> None:
    damage(store, NEW.id)
    put_into_service(store, NEW.id)
    follower.refresh()
    for _ in range(2):
        reads.clear()
        clock.now_s += REFUSED_AGAIN_S
        follower.refresh()
        assert f"{NEW.id}/{TABLE}" in reads
        reads.clear()
        follower.refresh()
        assert not reads
        assert follower.trouble is Trouble.REFUSED


def test_a_champion_with_another_manifest_is_loaded_and_is_no_swap(
    store: Releases, follower: Follower, reads: list[str]
) -> None:
    later = OLD.model_copy(update={"metrics": {"knn": {"accuracy": 0.9}}})
    store.store.write(f"{OLD.id}/{MANIFEST}", later.content())
    store.promote(OLD.id)
    assert not follower.refresh(), "the same release: its answers are the same"
    assert follower.serving is not None
    assert follower.serving[0] == later
    assert follower.problem is None
    reads.clear()
    assert not follower.refresh()
    assert not reads


def test_a_mended_champion_is_taken_up_within_half_a_minute(
    store: Releases, follower: Follower, clock: Clock
) -> None:
    damage(store, NEW.id)
    put_into_service(store, NEW.id)
    follower.refresh()
    store.publish(NEW, NEW_FILES)
    clock.now_s += REFUSED_AGAIN_S
    assert REFUSED_AGAIN_S < 28
    assert follower.refresh()
    assert follower.in_service().version == NEW.id
    assert follower.problem is None


def test_a_roll_back_from_a_refused_champion_is_seen_at_once(
    store: Releases, follower: Follower
) -> None:
    damage(store, NEW.id)
    put_into_service(store, NEW.id)
    follower.refresh()
    store.rollback()
    assert not follower.refresh()
    assert follower.problem is None
    assert follower.in_service().version == OLD.id


def test_a_folder_that_is_gone_is_told_as_that_and_the_release_goes_on_serving(
    store: Releases, follower: Follower
) -> None:
    folder = Path(store.location)
    gone = folder.rename(folder.with_name("away"))
    assert not follower.refresh()
    assert follower.trouble is Trouble.STORE_UNAVAILABLE
    assert follower.problem == f"release store {folder}: the folder is gone"
    assert follower.in_service().version == OLD.id
    gone.rename(folder)
    assert not follower.refresh()
    assert follower.problem is None


def test_a_folder_that_is_empty_again_as_when_unmounted_is_told_as_that(
    store: Releases, follower: Follower
) -> None:
    folder = Path(store.location)
    gone = folder.rename(folder.with_name("away"))
    folder.mkdir()
    for _ in range(2):
        assert not follower.refresh()
        assert follower.trouble is Trouble.STORE_UNAVAILABLE
        assert f"it is empty, though release {OLD.id} was in service" in str(follower.problem)
    folder.rmdir()
    gone.rename(folder)
    assert not follower.refresh()
    assert follower.problem is None


@pytest.mark.parametrize("seen", ["gone", "empty"])
def test_what_comes_back_is_judged_anew_though_its_numbers_are_the_same(
    store: Releases, follower: Follower, seen: str
) -> None:
    shutil.rmtree(store.location)
    if seen == "empty":
        Path(store.location).mkdir()
    follower.refresh()
    anew = Releases(store.location)
    anew.publish(NEW, NEW_FILES)
    assert anew.promote(NEW.id).number == 1
    assert follower.refresh()
    assert follower.in_service().version == NEW.id


def test_a_store_that_does_not_answer_makes_no_release_a_refused_one(
    store: Releases,
    follower: Follower,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> bytes:
        raise StoreUnavailable("the store is down")

    store.promote(NEW.id)
    with monkeypatch.context() as patch:
        patch.setattr(Store, "read", fail)
        assert not follower.refresh()
    assert follower.trouble is Trouble.STORE_UNAVAILABLE
    assert follower.problem == "the store is down"
    assert follower.refresh()
    assert follower.in_service().version == NEW.id


def test_a_refusal_is_not_forgotten_while_the_store_is_away(
    store: Releases, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> bytes:
        raise StoreUnavailable("the store is down")

    damage(store, NEW.id)
    put_into_service(store, NEW.id)
    follower.refresh()
    with monkeypatch.context() as patch:
        patch.setattr(Store, "names", fail)
        follower.refresh()
    assert follower.problem == "the store is down"
    follower.refresh()
    assert follower.trouble is Trouble.REFUSED


def test_a_store_that_was_set_up_anew_is_followed(store: Releases, follower: Follower) -> None:
    for _ in range(3):
        store.promote(NEW.id)
        store.promote(OLD.id)
    follower.refresh()
    for entry in (Path(store.location) / "champion").iterdir():
        entry.unlink()
    store.promote(NEW.id)
    assert follower.refresh()
    assert follower.in_service().version == NEW.id
