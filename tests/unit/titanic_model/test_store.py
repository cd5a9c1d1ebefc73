"""What is particular to one kind of store, and whether one can be written. The rest: contract."""

import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests import s3
from titanic_model.store import Store
from titanic_model.unavailable import StoreUnavailable


def test_a_bucket_that_is_not_there_is_no_empty_store(bucket: str) -> None:
    store = Store(f"s3://{bucket}-gone/releases")
    for ask in (
        lambda: store.read("a", most_bytes=1),
        store.names,
        store.folders,
        lambda: store.write("a", b""),
        lambda: store.create("a", b""),
        store.probe,
    ):
        with pytest.raises(
            StoreUnavailable, match=f"^release store {store.location}: NoSuchBucket"
        ):
            ask()


@pytest.mark.parametrize("name", ["a-file", "a-file/below", "round", "x" * 300, "nul\0"])
def test_what_can_be_no_folder_is_not_an_empty_store(tmp_path: Path, name: str) -> None:
    (tmp_path / "a-file").touch()
    (tmp_path / "round").symlink_to(tmp_path / "round")
    store = Store(str(tmp_path / name))
    for ask in (
        lambda: store.read("a", most_bytes=1),
        store.names,
        store.folders,
        lambda: store.write("a", b""),
        lambda: store.delete("a"),
        store.probe,
    ):
        with pytest.raises(StoreUnavailable) as unavailable:
            ask()
        assert "\n" not in str(unavailable.value)


def test_a_folder_that_was_never_made_is_an_empty_store(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "a/b"))
    assert store.names() == []
    assert store.folders() == []
    store.delete("x")
    assert not (tmp_path / "a").exists()


NO_ROOM = """
import resource, sys
from titanic_model.store import Store
from titanic_model.unavailable import StoreUnavailable
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
try:
    Store(sys.argv[1]).probe()
except StoreUnavailable as reason:
    print(reason)
"""


def test_a_folder_that_takes_no_byte_is_found_out_before_the_work_and_left_as_it_was(
    tmp_path: Path,
) -> None:
    # As a full disk, for a process of its own.
    location = str(tmp_path / "a/b")
    done = subprocess.run(
        [sys.executable, "-c", NO_ROOM, location], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"release store {location}: ")
    assert done.stdout.count("File too large") == 1
    assert not (tmp_path / "a").exists()


class Careless(BaseHTTPRequestHandler):
    """A server that only resembles S3: it takes what it is given, whatever the conditions."""

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.send_response(200)
        self.send_header("etag", '"1"')
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Not on the tests' output."""


@pytest.fixture
def careless(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket of such a server's."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Careless) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        for name, value in s3.environment("127.0.0.1", server.server_port).items():
            monkeypatch.setenv(name, value)
        yield "s3://bucket/prefix"
        server.shutdown()


def test_a_store_where_two_promoters_could_both_win_is_found_out_before_the_work(
    careless: str,
) -> None:
    with pytest.raises(StoreUnavailable, match=r"two writers create the same name \(If-None-Match"):
        Store(careless).probe()
