"""Where releases are kept, as a setting says it: a path, or a URL of a known kind. Pure."""

import re
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

# How each kind is written.
KINDS: Final = {
    "s3": "s3://bucket/prefix",
    "gs": "gs://bucket/prefix",
    "az": "az://container/prefix",
    "file": "file:///folder",
    "memory": "memory:///",
}
# What memory can't be used for, and what to do.
OWN_MEMORY: Final = (
    "memory:/// is the memory of one process, and what it holds ends with that: name a folder or a "
    "bucket with TITANIC_RELEASES"
)


class BadLocation(ValueError):
    """No store can be there; the message says what is wrong, and how it is written."""


class Location(NamedTuple):
    """A kind of store, and the folder if it is one."""

    kind: str
    folder: Path | None


def parse(location: str) -> Location:
    """What a path or a URL names. Raises `BadLocation`."""
    url = re.match(rf"([\w+.-]+)://|({'|'.join(KINDS)}):", location, re.IGNORECASE)
    if url is None:
        return Location("file", Path(location).absolute())
    kind = (url[1] or url[2]).lower()
    if kind not in KINDS:
        known = ", ".join(KINDS.values())
        raise BadLocation(f"no kind of store is called {kind}: it is a path, or one of {known}")
    parts = urlsplit(location)
    if kind == "file":
        if parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
            raise BadLocation(f"it names no folder: write {KINDS[kind]}, or only the path")
        return Location(kind, Path(unquote(parts.path)))
    if url[1] is None or not (parts.netloc or kind == "memory"):
        raise BadLocation(f"it is incomplete: write {KINDS[kind]}")
    return Location(kind, None)
