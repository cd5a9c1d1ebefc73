"""Where releases are kept: what a path or a URL names, and what can't be meant."""

from pathlib import Path

import pytest

from titanic_model.location import KINDS, BadLocation, parse
from titanic_model.settings import BadSetting, settings
from titanic_model.store import Store
from titanic_model.unavailable import StoreUnavailable


@pytest.mark.parametrize(
    ("location", "kind", "folder"),
    [
        ("/a/b", "file", "/a/b"),
        ("file:///a/b%20c", "file", "/a/b c"),
        ("file://localhost/a", "file", "/a"),
        ("file:/a", "file", "/a"),
        ("FILE:///a", "file", "/a"),
        ("s3://bucket", "s3", None),
        ("gs://bucket/a/prefix", "gs", None),
        ("az://container/prefix", "az", None),
        ("memory:///", "memory", None),
    ],
)
def test_a_folder_is_known_from_a_cloud(location: str, kind: str, folder: str | None) -> None:
    assert parse(location) == (kind, Path(folder) if folder else None)


@pytest.mark.parametrize("path", ["releases", "s3", "memory", "a:b/c"])
def test_what_is_no_url_is_a_path_from_the_working_folder(path: str) -> None:
    assert parse(path) == ("file", Path.cwd() / path)


WRONG = {
    "ftp://host/x": "no kind of store is called ftp",
    "s3a://bucket": "no kind of store is called s3a",
    "http://127.0.0.1:1/x": "no kind of store is called http",
    "file://releases": r"names no folder: write file:///folder, or only the path",
    "file://host/releases": "write file:///folder",
    "file:releases": "write file:///folder",
    "file://": "write file:///folder",
    "s3://": "it is incomplete: write s3://bucket/prefix",
    "s3:/bucket/x": "write s3://bucket/prefix",
    "gs:bucket": "write gs://bucket/prefix",
    "az:///container": "write az://container/prefix",
    "memory:": "write memory:///",
}


@pytest.mark.parametrize("location", WRONG)
def test_a_location_that_cannot_be_meant_is_said_at_once_and_how_it_is_written(
    location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadLocation, match=WRONG[location]):
        parse(location)
    with pytest.raises(StoreUnavailable, match=f"^release store {location}: .*{WRONG[location]}"):
        Store(location)
    monkeypatch.setenv("TITANIC_RELEASES", location)
    settings.cache_clear()
    with pytest.raises(BadSetting, match=f"^TITANIC_RELEASES={location}: .*{WRONG[location]}"):
        settings()
    settings.cache_clear()


def test_who_writes_an_unknown_kind_reads_all_that_are_known() -> None:
    with pytest.raises(BadLocation) as refusal:
        parse("ftp://host")
    assert all(written in str(refusal.value) for written in KINDS.values())
