"""A folder, memory and S3 keep the same promises."""

import threading

import pytest

from titanic_model.store import Store, TooLarge


@pytest.fixture
def store(location: str) -> Store:
    return Store(location)


def names(store: Store, folder: str | None = None, after: str | None = None) -> list[str]:
    return [stored.name for stored in store.names(folder, after=after)]


def test_what_was_written_is_read_and_can_be_written_anew(store: Store) -> None:
    for content in (b"x" * 1000, b"", b"other"):
        store.write("a/b.txt", content)
        assert store.read("a/b.txt", most_bytes=1000) == content


@pytest.mark.parametrize("name", ["a", "a/b", "a/b.txt/c"])
def test_what_is_not_there_is_not_found(store: Store, name: str) -> None:
    with pytest.raises(FileNotFoundError):
        store.read(name, most_bytes=10)
    store.write("a/b/c", b"")
    with pytest.raises(FileNotFoundError):
        store.read("a/b", most_bytes=10)


def test_what_is_larger_than_it_may_be_is_not_read(store: Store) -> None:
    store.write("a", b"x" * 11)
    with pytest.raises(TooLarge, match="11 bytes"):
        store.read("a", most_bytes=10)


def test_names_are_sorted_and_may_begin_after_one_or_be_of_one_folder(store: Store) -> None:
    assert names(store) == names(store, "n") == store.folders() == []
    for name in ("n/3", "n/1", "n/2", "nn/1", "top"):
        store.write(name, b"12")
    assert names(store) == ["n/1", "n/2", "n/3", "nn/1", "top"]
    assert names(store, "n") == ["n/1", "n/2", "n/3"]
    assert names(store, "n", after="n/1") == ["n/2", "n/3"]
    assert store.folders() == ["n", "nn"]
    assert {stored.size_bytes for stored in store.names()} == {2}


def test_what_is_deleted_is_gone_and_so_is_its_folder_and_twice_does_no_harm(store: Store) -> None:
    store.write("a/b", b"")
    store.write("c", b"")
    for _ in range(2):
        store.delete("a/b")
    assert names(store) == ["c"]
    assert store.folders() == []
    store.delete("never/was")


def test_only_a_free_name_can_be_created(store: Store) -> None:
    assert store.create("n/1", b"one")
    assert not store.create("n/1", b"two")
    assert not store.create("n/1", b"something longer")
    assert store.read("n/1", most_bytes=10) == b"one"


def test_to_create_the_same_again_counts_as_done(store: Store) -> None:
    assert store.create("n/1", b"one")
    assert store.create("n/1", b"one")


def test_of_many_who_create_at_once_one_does(store: Store) -> None:
    for number in range(20):
        won: list[bytes] = []
        together = threading.Barrier(4)

        def create(who: bytes, number: int = number, won: list[bytes] = won) -> None:
            together.wait()  # noqa: B023 - the threads end in this round
            if store.create(f"n/{number}", who):
                won.append(who)

        threads = [threading.Thread(target=create, args=(b"%d" % who,)) for who in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert won == [store.read(f"n/{number}", most_bytes=10)]


def test_a_probe_finds_that_it_can_be_written_and_leaves_nothing(store: Store) -> None:
    store.probe()
    assert names(store) == store.folders() == []
    assert not (store.folder and store.folder.exists())
    store.write("a/b", b"1")
    store.probe()
    assert names(store) == ["a/b"]
