"""Where releases are kept: a folder, S3, Google Cloud Storage, Azure or memory, by one setting.

Bytes under names, read whole, and the one operation that two writers can't both win: `create`.
What a name means is for others. Every failure is a `StoreUnavailable` of one line, soon.
"""

import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, cast

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from titanic_model.location import BadLocation, parse
from titanic_model.unavailable import StoreUnavailable, why

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

# What a cloud's store is given for one request. obstore's own limits (30 s a request, 3 minutes of
# retries) would leave a command, or who looks for a new champion, without a word for that long.
CLIENT: Final["ClientConfig"] = {"connect_timeout": "3s", "read_timeout": "5s", "timeout": "12s"}
# No retry begins later than this after the first try: what fails at once ends after 8 s, what gets
# no answer after 10 s, and only an answer that drips in takes longer, 20 s.
RETRY: Final["RetryConfig"] = {
    "max_retries": 10,
    "retry_timeout": timedelta(seconds=8),
    "backoff": {
        "init_backoff": timedelta(milliseconds=250),
        "max_backoff": timedelta(seconds=2),
        "base": 2,
    },
}

# What a cloud's variables may say of the way there; obstore leaves them out where CLIENT is given.
CLIENT_VARIABLES: Final = (
    "ALLOW_HTTP",
    "ALLOW_INVALID_CERTIFICATES",
    "CONNECT_TIMEOUT",
    "PROXY_CA_CERTIFICATE",
    "PROXY_EXCLUDES",
    "PROXY_URL",
    "READ_TIMEOUT",
    "TIMEOUT",
)

SAME_NAME_TWICE: Final = (
    "it lets two writers create the same name (If-None-Match: * has no effect), so that two "
    "promotions at once could both succeed"
)


class TooLarge(ValueError):
    """Something is larger than it may be, and was not read. `size_bytes` is what it has."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__(f"{size_bytes:,} bytes")
        self.size_bytes = size_bytes


class Stored(NamedTuple):
    """Something in a store: its name (with its folders, by `/`), and when it was written."""

    name: str
    size_bytes: int
    written_at: datetime


class Store:
    """The store at a path, or at a URL.

    A URL is `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix` (the account by
    `AZURE_STORAGE_ACCOUNT_NAME`), `memory:///`, which is this process's alone, or `file:///…`.

    A cloud's own variables say how to get there. For S3: `AWS_ACCESS_KEY_ID`,
    `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION` (or `AWS_DEFAULT_REGION`),
    `AWS_ENDPOINT_URL` for a server that isn't Amazon's, and `AWS_ALLOW_HTTP=true` for one without
    TLS; without keys, the web identity or the role of the container or machine. Profiles in
    `~/.aws` are not read. `GOOGLE_*` and `AZURE_*` do the same for the others.

    Each method raises `StoreUnavailable`, for a cloud's store mostly within 10 s, and so does a
    location that can't be meant. A folder that is not there yet is an empty store, and made by the
    first write; one that was there and is gone is unavailable. `folder` is the one, if it is.
    """

    def __init__(self, location: str) -> None:
        self.location = location
        try:
            self._kind, self.folder = parse(location)
        except BadLocation as reason:
            raise self._unavailable(reason) from None
        self._opened: ObjectStore | None = None
        self._folder_seen = False

    @property
    def is_shared(self) -> bool:
        """Whether other processes see it, too: memory they don't."""
        return self._kind != "memory"

    def probe(self) -> None:
        """Ask whether releases can be kept here, before the work of making one; nothing stays.

        Raises `StoreUnavailable` for a store that is only read, and for one that lets two writers
        create the same name.
        """
        name = f"probe-{uuid.uuid4().hex}"
        absent = self._absent_folders()
        aside = Store(self.location)
        try:
            aside.create(name, b"1")
            twice = aside.create(name, b"2")
            with suppress(StoreUnavailable):  # who may write need not be allowed to delete
                aside.delete(name)
        finally:
            for folder in absent:
                with suppress(OSError):
                    folder.rmdir()
        if twice:
            raise self._unavailable(ValueError(SAME_NAME_TWICE))

    def read(self, name: str, *, most_bytes: int) -> bytes:
        """All bytes under a name. Raises `FileNotFoundError`, and `TooLarge` before it reads."""
        if not self._is_there():
            raise FileNotFoundError(name)
        try:
            found = obstore.get(self._open(), name)
            size = found.meta["size"]
            content = bytes(found.bytes()) if size <= most_bytes else None
        except (OSError, ValueError, BaseError) as error:
            if isinstance(error, FileNotFoundError) and "NoSuchBucket" not in str(error):
                raise FileNotFoundError(name) from None
            raise self._unavailable(error) from None
        if content is None:
            raise TooLarge(size)
        return content

    def write(self, name: str, content: bytes) -> None:
        """Put these bytes under a name, in place of what was there."""
        try:
            obstore.put(self._open(create=True), name, content)
        except (OSError, ValueError, BaseError) as error:
            raise self._unavailable(error) from None

    def create(self, name: str, content: bytes) -> bool:
        """Put these bytes under a free name: of two who try one does, the other gets False.

        Bytes that are this very content count as ours: a store may do what it was asked for and
        lose the answer, and is then asked again.
        """
        try:
            obstore.put(self._open(create=True), name, content, mode="create", use_multipart=False)
        except AlreadyExistsError:
            try:
                return self.read(name, most_bytes=len(content)) == content
            except (FileNotFoundError, TooLarge):
                return False
        except (OSError, ValueError, BaseError) as error:
            raise self._unavailable(error) from None
        return True

    def names(self, folder: str | None = None, *, after: str | None = None) -> list[Stored]:
        """What is in a folder and below it, or in all the store, by name; only what is `after`."""
        return sorted(self._names(folder, after))

    def folders(self) -> list[str]:
        """The names of the folders at the top, sorted."""
        if not self._is_there():
            return []
        try:
            return sorted(obstore.list_with_delimiter(self._open())["common_prefixes"])
        except (OSError, ValueError, BaseError) as error:
            raise self._unavailable(error) from None

    def delete(self, name: str) -> None:
        """Remove what is under a name, if there is something."""
        if not self._is_there():
            return
        try:
            obstore.delete(self._open(), name)
        except FileNotFoundError:
            pass
        except (OSError, ValueError, BaseError) as error:
            raise self._unavailable(error) from None

    def _names(self, folder: str | None, after: str | None) -> Iterator[Stored]:
        if not self._is_there():
            return
        try:
            for chunk in obstore.list(self._open(), folder, offset=after, chunk_size=1000):
                for found in chunk:
                    yield Stored(found["path"], found["size"], found["last_modified"])
        except (OSError, ValueError, BaseError) as error:
            raise self._unavailable(error) from None

    def _is_there(self) -> bool:
        """Whether there is anything to read: a folder may not have been made yet."""
        if self.folder is None:
            return True
        try:
            is_folder = stat.S_ISDIR(self.folder.stat().st_mode)
        except FileNotFoundError:
            if self._folder_seen:
                raise self._unavailable(ValueError("the folder is gone")) from None
            return False
        except (OSError, ValueError) as error:
            raise self._unavailable(error) from None
        if not is_folder:
            raise self._unavailable(ValueError("it is no folder"))
        self._folder_seen = True
        return True

    def _absent_folders(self) -> list[Path]:
        """The folders that a first write makes, the innermost first."""
        if self.folder is None or self._is_there():
            return []
        return [folder for folder in (self.folder, *self.folder.parents) if not folder.exists()]

    def _open(self, *, create: bool = False) -> ObjectStore:
        """The store, opened once: one pool of connections, and one memory where it is that."""
        if self._opened is None:
            if self.folder is None:
                self._opened = from_url(
                    self.location, client_options=_client(self._kind), retry_config=RETRY
                )
            else:
                self._opened = LocalStore(self.folder, mkdir=create, automatic_cleanup=True)
        elif create and self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)
        return self._opened

    def _unavailable(self, error: Exception) -> StoreUnavailable:
        if isinstance(error, StoreUnavailable):
            return error
        return StoreUnavailable(f"release store {self.location}: {why(error)}")


def _client(kind: str) -> "ClientConfig":
    """Our limits, and what the cloud's variables say instead or besides."""
    cloud = {"s3": "AWS", "gs": "GOOGLE", "az": "AZURE"}.get(kind, "")
    given = {name.lower(): os.environ.get(f"{cloud}_{name}") for name in CLIENT_VARIABLES}
    return cast("ClientConfig", {**CLIENT, **{k: v for k, v in given.items() if v}})
