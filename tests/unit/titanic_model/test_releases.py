"""The release store: what it keeps, what it refuses, and that the old one goes on serving."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from titanic_model.releases import (
    CHAMPION,
    MANIFEST,
    TABLE,
    Follower,
    Manifest,
    NoRelease,
    ReleaseRefused,
    Releases,
    StoreUnavailable,
    describe,
    release_id,
)
from titanic_model.scorer import DOMAIN_SIZE, encode_table


def release(probability: float, **more: bytes) -> tuple[Manifest, dict[str, bytes]]:
    table = encode_table([probability] * DOMAIN_SIZE)
    files = {TABLE: table, **more}
    manifest = Manifest(
        id=release_id(table, "data", {"seed": 0}),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        files={name: describe(content) for name, content in files.items()},
        data={"sha256": "data"},
        parameters={"seed": 0},
        metrics={},
        versions={},
    )
    return manifest, files


OLD, OLD_FILES = release(0.25, extra=b"an extra file")
NEW, NEW_FILES = release(0.75)


@pytest.fixture
def store(tmp_path: Path) -> Releases:
    """A store in a folder, OLD in service."""
    releases = Releases(str(tmp_path / "releases"))
    releases.publish(OLD, OLD_FILES)
    releases.promote(OLD.id)
    return releases


def path(store: Releases, *parts: str) -> Path:
    return Path(store.location).joinpath(*parts)


@pytest.mark.parametrize("location", ["folder", "deep/er/folder", "url", "memory:///"])
def test_what_was_published_and_promoted_is_served(location: str, tmp_path: Path) -> None:
    if location == "url":
        location = tmp_path.as_uri()
    elif "://" not in location:
        location = str(tmp_path / location)
    releases = Releases(location)
    assert releases.publish(OLD, OLD_FILES)
    releases.promote(OLD.id)
    manifest, scorer = releases.load(releases.champion())
    assert manifest == OLD
    assert scorer.version == OLD.id
    assert scorer.answers[0].probability == 0.25
    assert releases.file(manifest, "extra") == b"an extra file"


def test_a_release_is_written_once(store: Releases) -> None:
    written = path(store, OLD.id, MANIFEST).stat().st_mtime_ns
    assert not store.publish(OLD, OLD_FILES)
    assert path(store, OLD.id, MANIFEST).stat().st_mtime_ns == written


def test_the_same_inputs_give_the_same_id_and_others_another() -> None:
    table = OLD_FILES[TABLE]
    same = release_id(table, "data", {"a": 1, "b": 2})
    assert same == release_id(table, "data", {"b": 2, "a": 1})
    assert same != release_id(table, "other data", {"a": 1, "b": 2})
    assert same != release_id(table, "data", {"a": 1, "b": 3})
    assert same != release_id(NEW_FILES[TABLE], "data", {"a": 1, "b": 2})


def test_publishing_puts_nothing_into_service(store: Releases) -> None:
    store.publish(NEW, NEW_FILES)
    assert store.champion() == OLD.id


def test_a_roll_back_is_a_promotion_of_the_older(store: Releases) -> None:
    store.publish(NEW, NEW_FILES)
    store.promote(NEW.id)
    store.promote(OLD.id)
    assert store.champion() == OLD.id


@pytest.mark.parametrize("location", ["nothing/here", "a-file"])
def test_an_empty_place_says_what_to_do(tmp_path: Path, location: str) -> None:
    (tmp_path / "a-file").write_text("x")
    with pytest.raises(NoRelease, match=r"run 'titanic train', or name .* TITANIC_RELEASES"):
        Releases(str(tmp_path / location)).champion()


def test_looking_for_a_release_creates_no_store(tmp_path: Path) -> None:
    with pytest.raises(NoRelease):
        Releases(str(tmp_path / "releases")).champion()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "\0", "é", "x" * 300, "0" * 12])
def test_a_name_that_is_no_release_of_the_store_is_none(store: Releases, name: str) -> None:
    for what in (store.load, store.manifest, store.promote):
        with pytest.raises(NoRelease, match="no release"):
            what(name)
    assert store.champion() == OLD.id


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"{}", b"null", b"\xff", b'{"id": 1}', b'{"id": "../x"}', b'{"id": "champion"}'],
)
def test_a_damaged_champion_is_refused(store: Releases, content: bytes) -> None:
    path(store, CHAMPION).write_bytes(content)
    with pytest.raises(ReleaseRefused, match=r"champion\.json names no release"):
        store.champion()


def _truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def _flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[0] ^= 1
    file.write_bytes(content)


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _swap(file: Path) -> None:
    file.write_bytes(NEW_FILES[TABLE])


DAMAGES: dict[str, Callable[[Path], None]] = {
    "truncated": _truncate,
    "a bit flipped": _flip_a_bit,
    "empty": _empty,
    "gone": Path.unlink,
    "another's": _swap,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_table_is_neither_served_nor_promoted(
    store: Releases, damage: Callable[[Path], None]
) -> None:
    damage(path(store, OLD.id, TABLE))
    for what in (store.load, store.promote):
        with pytest.raises(
            ReleaseRefused, match=f"release {OLD.id}: table.f64 is (damaged|missing)"
        ):
            what(OLD.id)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
@pytest.mark.parametrize("file", [TABLE, MANIFEST])
def test_publishing_again_mends_what_is_damaged(
    store: Releases, damage: Callable[[Path], None], file: str
) -> None:
    damage(path(store, OLD.id, file))
    assert store.publish(OLD, OLD_FILES)
    assert store.load(OLD.id)[0] == OLD


def test_publishing_again_mends_a_file_that_serving_never_reads(store: Releases) -> None:
    path(store, OLD.id, "extra").write_bytes(b"tampered")
    with pytest.raises(ReleaseRefused, match="extra is damaged"):
        store.file(OLD, "extra")
    assert store.publish(OLD, OLD_FILES)
    assert store.file(OLD, "extra") == OLD_FILES["extra"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "Invalid JSON"),
        (b"\xff", "Invalid JSON"),
        (b"[]", "should be an object"),
        (b"{}", "id: Field required"),
        (b"[" * 100_000, "recursion limit"),
    ],
)
def test_a_foreign_manifest_is_refused(store: Releases, content: bytes, why: str) -> None:
    path(store, OLD.id, MANIFEST).write_bytes(content)
    with pytest.raises(ReleaseRefused, match=f"is not one of format 1 .*{why}"):
        store.load(OLD.id)


def test_a_later_format_is_refused(store: Releases) -> None:
    file = path(store, OLD.id, MANIFEST)
    file.write_text(file.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(ReleaseRefused, match="not one of format 1"):
        store.load(OLD.id)


def test_a_release_under_anothers_id_is_refused(store: Releases) -> None:
    shutil.copytree(path(store, OLD.id), path(store, "0" * 12))
    with pytest.raises(ReleaseRefused, match=f"its manifest is that of {OLD.id}"):
        store.load("0" * 12)


def test_a_release_without_a_table_is_refused(store: Releases) -> None:
    bare = OLD.model_copy(update={"id": "0" * 12, "files": {}})
    store.publish(bare, {})
    with pytest.raises(ReleaseRefused, match=r"has no table\.f64"):
        store.promote(bare.id)


def test_a_table_that_is_none_is_refused_though_its_hash_is_right(store: Releases) -> None:
    files = {TABLE: b"not a table"}
    manifest = OLD.model_copy(
        update={"id": "0" * 12, "files": {n: describe(c) for n, c in files.items()}}
    )
    store.publish(manifest, files)
    with pytest.raises(ReleaseRefused, match="11 bytes; 480,096 are expected"):
        store.load(manifest.id)


def test_what_is_half_written_is_no_release(store: Releases) -> None:
    path(store, NEW.id).mkdir()
    path(store, NEW.id, TABLE).write_bytes(NEW_FILES[TABLE])
    with pytest.raises(NoRelease):
        store.promote(NEW.id)


@pytest.mark.parametrize("location", ["foo://bar", "s3://", "http://127.0.0.1:1/x"])
def test_a_store_that_does_not_answer_is_said_to_in_one_line(location: str) -> None:
    store = Releases(location)
    for what in (store.champion, lambda: store.publish(OLD, OLD_FILES)):
        with pytest.raises(StoreUnavailable) as unavailable:
            what()
        message = str(unavailable.value)
        assert message.startswith(f"release store {location}: ")
        assert message.count("release store") == 1
        assert "\n" not in message


def test_a_store_where_nothing_can_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "a-file").write_text("x")
    with pytest.raises(StoreUnavailable):
        Releases(str(tmp_path / "a-file")).publish(OLD, OLD_FILES)


def test_a_follower_serves_nothing_until_there_is_a_release(tmp_path: Path) -> None:
    follower = Follower(Releases(str(tmp_path)))
    assert not follower.refresh()
    assert follower.serving is None
    assert follower.scorer is None
    assert "titanic train" in str(follower.problem)
    with pytest.raises(NoRelease):
        follower.in_service()


def test_a_follower_takes_up_the_champion_once(store: Releases) -> None:
    follower = Follower(store)
    assert follower.refresh()
    assert not follower.refresh()
    assert follower.in_service().version == OLD.id
    store.publish(NEW, NEW_FILES)
    store.promote(NEW.id)
    assert follower.refresh()
    assert follower.in_service().version == NEW.id
    assert follower.problem is None


def test_the_old_release_goes_on_serving_when_the_new_one_is_refused(store: Releases) -> None:
    follower = Follower(store)
    follower.refresh()
    store.publish(NEW, NEW_FILES)
    store.promote(NEW.id)
    _truncate(path(store, NEW.id, TABLE))
    assert not follower.refresh()
    assert follower.in_service().version == OLD.id
    assert f"release {NEW.id}: table.f64 is damaged" in str(follower.problem)


def test_a_follower_outlives_its_store(store: Releases) -> None:
    follower = Follower(store)
    follower.refresh()
    gone = path(store).rename(path(store).with_name("away"))
    assert not follower.refresh()
    assert follower.problem is not None
    assert follower.in_service().version == OLD.id
    gone.rename(path(store))
    assert not follower.refresh()
    assert follower.problem is None
