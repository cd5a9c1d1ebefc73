"""Releases in a folder: what is particular to that. The rest is in `tests/contract`."""

from pathlib import Path

import pytest

from tests.synthetic import make, publish
from titanic_model.manifest import MANIFEST
from titanic_model.releases import TABLE, NoRelease, ReleaseRefused, Releases, release_id
from titanic_model.scorer import DOMAIN_SIZE
from titanic_model.store import Store

OLD, OLD_FILES = make([0.25] * DOMAIN_SIZE)
NEW, NEW_FILES = make([0.75] * DOMAIN_SIZE)


@pytest.fixture
def store(tmp_path: Path) -> Releases:
    return Releases(str(tmp_path / "releases"))


@pytest.mark.parametrize("as_url", [False, True])
def test_a_folder_may_be_named_as_a_path_or_as_a_url(tmp_path: Path, as_url: bool) -> None:
    folder = tmp_path / "with a space" / "releases"
    releases = Releases(folder.as_uri() if as_url else str(folder))
    publish(releases)
    assert Releases(str(folder)).champion() == releases.champion()


def test_a_relative_path_is_one_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    publish(Releases("releases"))
    assert (tmp_path / "releases/champion/00000001.json").is_file()


def test_a_release_is_written_once(store: Releases) -> None:
    store.publish(OLD, OLD_FILES)
    table = Path(store.location) / OLD.id / TABLE
    written = table.stat().st_mtime_ns
    assert not store.publish(OLD, OLD_FILES)
    assert table.stat().st_mtime_ns == written


def test_what_another_publisher_spoiled_meanwhile_is_not_said_to_be_published(
    store: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Store.write

    def and_another_one(to: Store, name: str, content: bytes) -> None:
        write(to, name, content)
        if name.endswith(MANIFEST):
            write(to, f"{OLD.id}/{TABLE}", NEW_FILES[TABLE])

    monkeypatch.setattr(Store, "write", and_another_one)
    with pytest.raises(ReleaseRefused, match=f"release {OLD.id}: {TABLE} is damaged"):
        store.publish(OLD, OLD_FILES)


def test_the_same_inputs_give_the_same_id_and_others_another() -> None:
    table = OLD_FILES[TABLE]
    same = release_id(table, "data", {"a": 1, "b": 2})
    assert same == release_id(table, "data", {"b": 2, "a": 1})
    assert same != release_id(table, "other data", {"a": 1, "b": 2})
    assert same != release_id(table, "data", {"a": 1, "b": 3})
    assert same != release_id(table, "data", {"a": 1, "b": 2}, "it is fine")
    assert same != release_id(NEW_FILES[TABLE], "data", {"a": 1, "b": 2})


@pytest.mark.parametrize("value", [1, 1.0, 1e-05, 1e22, 0.1, "1", 2**60])
def test_a_parameter_gives_the_same_id_when_it_is_read_back(
    store: Releases, value: str | float
) -> None:
    parameters = {"p": value}
    identity = release_id(OLD_FILES[TABLE], "0" * 64, parameters)
    made = OLD.model_copy(update={"id": identity, "parameters": parameters})
    store.publish(made, OLD_FILES)
    assert store.manifest(identity).parameters == parameters


def test_where_there_is_no_folder_there_is_no_release(tmp_path: Path) -> None:
    with pytest.raises(NoRelease, match="run 'titanic train'"):
        Releases(str(tmp_path / "nothing/here")).champion()


def test_looking_for_a_release_creates_no_store(store: Releases) -> None:
    with pytest.raises(NoRelease):
        store.champion()
    assert not Path(store.location).exists()


@pytest.mark.parametrize("name", ["manifest.json", TABLE])
def test_a_folder_in_a_files_place_is_no_file(store: Releases, name: str) -> None:
    publish(store)
    file = Path(store.location) / store.champion() / name
    file.unlink()
    file.mkdir()
    with pytest.raises((NoRelease, ReleaseRefused)):
        store.load_champion()


def test_a_huge_file_is_refused_by_its_size(store: Releases) -> None:
    publish(store)
    with (Path(store.location) / store.champion() / TABLE).open("r+b") as file:
        file.truncate(10**10)  # sparse: it takes no room
    with pytest.raises(ReleaseRefused, match=r"it has 10,000,000,000 bytes, not 480,096"):
        store.load_champion()
