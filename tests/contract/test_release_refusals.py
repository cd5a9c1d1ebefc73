"""What is refused, wherever it is kept: each in one readable line, before any of it is parsed."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.synthetic import make
from titanic_model.manifest import MANIFEST, own_id
from titanic_model.releases import (
    TABLE,
    Manifest,
    NoRelease,
    ReleaseRefused,
    Releases,
    describe,
)
from titanic_model.scorer import DOMAIN_SIZE, TABLE_BYTES, encode_table

OLD, OLD_FILES = make([0.25] * DOMAIN_SIZE, {"extra": b"an extra file"})
NEW, NEW_FILES = make([0.75] * DOMAIN_SIZE)


@pytest.fixture
def store(location: str) -> Releases:
    """A store with OLD in service."""
    releases = Releases(location)
    releases.publish(OLD, OLD_FILES)
    releases.promote(OLD.id)
    return releases


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "\0", "é", "x" * 300, "0" * 12])
def test_a_name_that_is_no_release_of_the_store_is_none(store: Releases, name: str) -> None:
    for what in (store.load, store.manifest, store.promote):
        with pytest.raises(NoRelease, match="no release"):
            what(name)
    assert store.champion() == OLD.id


def _truncate(content: bytes) -> bytes:
    return content[:-1]


def _flip_a_bit(content: bytes) -> bytes:
    return bytes([content[0] ^ 1]) + content[1:]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "truncated": _truncate,
    "longer": lambda content: content + b"x",
    "a bit flipped": _flip_a_bit,
    "empty": lambda _: b"",
    "another's": lambda _: NEW_FILES[TABLE],
    "HTML": lambda _: b"<!doctype html><html><body>Please log in</body></html>",
}


def damage(store: Releases, name: str, how: Callable[[bytes], bytes]) -> None:
    path = f"{OLD.id}/{name}"
    store.store.write(path, how(store.store.read(path, most_bytes=TABLE_BYTES)))


@pytest.mark.parametrize("how", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_table_is_neither_served_nor_promoted(
    store: Releases, how: Callable[[bytes], bytes]
) -> None:
    damage(store, TABLE, how)
    for what in (store.load, store.promote, store.verify):
        with pytest.raises(ReleaseRefused, match=rf"^release {OLD.id}: table.f64 is damaged: .*$"):
            what(OLD.id)


def test_a_missing_table_is_refused(store: Releases) -> None:
    store.store.delete(f"{OLD.id}/{TABLE}")
    with pytest.raises(ReleaseRefused, match=f"release {OLD.id}: table.f64 is missing"):
        store.load(OLD.id)


@pytest.mark.parametrize("how", DAMAGES.values(), ids=DAMAGES.keys())
@pytest.mark.parametrize("file", [TABLE, MANIFEST, "extra"])
def test_publishing_again_mends_what_is_damaged(
    store: Releases, how: Callable[[bytes], bytes], file: str
) -> None:
    damage(store, file, how)
    assert store.publish(OLD, OLD_FILES)
    assert store.load_champion()[0] == store.verify(OLD.id) == OLD


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "Invalid JSON"),
        (b"\xff\x00\x80" * 1000, "Invalid JSON"),
        (b"<!doctype html><html>", "Invalid JSON"),
        (b"[]", "should be an object"),
        (b"{}", "format: Field required"),
        (b'{"format": "2"}', "format: Input should be a valid integer"),
        (b"[" * 100_000, "recursion limit"),
        (b'{"format": 2}', "id: Field required"),
    ],
)
def test_a_foreign_manifest_is_refused_in_one_line(
    store: Releases, content: bytes, why: str
) -> None:
    store.store.write(f"{OLD.id}/{MANIFEST}", content)
    for what in (store.manifest, store.promote):
        with pytest.raises(ReleaseRefused, match=rf"^.*is no manifest of titanic's \(.*{why}.*$"):
            what(OLD.id)


def change(store: Releases, **fields: Any) -> None:
    """Change the manifest's fields as they are in the store."""
    path = f"{OLD.id}/{MANIFEST}"
    told = json.loads(store.store.read(path, most_bytes=100_000))
    store.store.write(path, json.dumps({**told, **fields}).encode())


def test_a_later_format_asks_for_a_newer_version(store: Releases) -> None:
    change(store, format=3, of_a_new_kind=True)
    with pytest.raises(ReleaseRefused, match=r"format 3, .* reads format 2: update titanic"):
        store.load(OLD.id)


def test_an_earlier_format_asks_for_a_training(store: Releases) -> None:
    change(store, format=1)
    with pytest.raises(ReleaseRefused, match=r"older version \(format 1\): run 'titanic train'"):
        store.load(OLD.id)


def test_a_release_under_anothers_id_is_refused(store: Releases) -> None:
    for name, content in [*OLD_FILES.items(), (MANIFEST, OLD.content())]:
        store.store.write(f"{'0' * 12}/{name}", content)
    with pytest.raises(ReleaseRefused, match=f"its manifest is that of {OLD.id}"):
        store.load("0" * 12)


def test_a_table_that_was_changed_together_with_its_hash_is_another_release(
    store: Releases,
) -> None:
    table = NEW_FILES[TABLE]
    store.store.write(f"{OLD.id}/{TABLE}", table)
    change(store, files={TABLE: describe(table).model_dump()})
    for what in (store.load, store.promote):
        with pytest.raises(ReleaseRefused, match="it was tampered with"):
            what(OLD.id)


@pytest.mark.parametrize(
    "fields", [{"parameters": {"k": 6}}, {"data": {"sha256": "f" * 64}}, {"accepted": "fine"}]
)
def test_what_a_release_came_from_cannot_be_changed(
    store: Releases, fields: dict[str, Any]
) -> None:
    change(store, **fields)
    with pytest.raises(ReleaseRefused, match="it was tampered with"):
        store.load(OLD.id)


def test_a_champions_manifest_is_the_one_that_was_promoted(store: Releases) -> None:
    change(store, metrics={"knn": {"accuracy": 1.0}})
    store.load(OLD.id)
    with pytest.raises(ReleaseRefused, match=r"not the one that was put into service"):
        store.load_champion()
    again = store.promote(OLD.id)
    assert again.number == 2
    assert store.load_champion()[0].metrics["knn"]["accuracy"] == 1.0


def publish_unchecked(store: Releases, table: bytes, **size: int) -> Manifest:
    """A release as an attacker would make one: all hashes are right."""
    file = describe(table).model_copy(update=size)
    made = OLD.model_copy(update={"files": {TABLE: file}})
    made = made.model_copy(update={"id": own_id(made)})
    store.store.write(f"{made.id}/{TABLE}", table)
    store.store.write(f"{made.id}/{MANIFEST}", made.content())
    return made


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (b"", "has 0 bytes; 480,096 are expected"),
        (b"not a table", "has 11 bytes; 480,096 are expected"),
        (encode_table([0.5] * (DOMAIN_SIZE + 1)), "has 480,104 bytes; 480,096 are expected"),
        (encode_table([float("nan")] * DOMAIN_SIZE), "no probability"),
        (encode_table([0.5] * (DOMAIN_SIZE - 1) + [1.0000001]), "no probability"),
        (encode_table([-1e-300] + [0.5] * (DOMAIN_SIZE - 1)), "no probability"),
        (encode_table([float("inf")] + [0.5] * (DOMAIN_SIZE - 1)), "no probability"),
        (b"\xff" * TABLE_BYTES, "no probability"),
    ],
)
def test_a_table_that_is_none_is_refused_though_all_hashes_are_right(
    store: Releases, table: bytes, why: str
) -> None:
    made = publish_unchecked(store, table)
    for what in (store.load, store.promote):
        with pytest.raises(ReleaseRefused, match=f"^release {made.id}: .*{why}"):
            what(made.id)


def test_a_file_that_says_to_be_huge_is_not_read(store: Releases) -> None:
    made = publish_unchecked(store, b"x", size_bytes=10**13)
    with pytest.raises(ReleaseRefused, match="10,000,000,000,000 bytes"):
        store.load(made.id)
    with pytest.raises(ReleaseRefused, match="too large"):
        store.file(made, TABLE)


def test_a_huge_manifest_is_not_read(store: Releases) -> None:
    store.store.write(f"{OLD.id}/{MANIFEST}", b" " * 2_000_000)
    with pytest.raises(ReleaseRefused, match=r"its manifest.json has 2,000,000 bytes"):
        store.load(OLD.id)


def test_a_release_without_a_table_is_not_published(store: Releases) -> None:
    with pytest.raises(ReleaseRefused, match=r"has no table\.f64"):
        store.publish(OLD.model_copy(update={"files": {}}), {})


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "a b", "x" * 200])
def test_a_file_name_that_leads_elsewhere_is_refused(store: Releases, name: str) -> None:
    change(
        store,
        files={TABLE: describe(OLD_FILES[TABLE]).model_dump(), name: describe(b"").model_dump()},
    )
    with pytest.raises(ReleaseRefused, match="no manifest of titanic's"):
        store.load(OLD.id)


def test_what_is_half_written_is_no_release(store: Releases) -> None:
    store.store.write(f"{NEW.id}/{TABLE}", NEW_FILES[TABLE])
    with pytest.raises(NoRelease):
        store.promote(NEW.id)
