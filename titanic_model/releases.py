"""The release store: immutable releases by id, and `champion`, the name of the one in service.

A release is a folder of files under its id. Its manifest is written last and names every file
with its SHA-256, so that what is half written is no release, and what is damaged is refused
before it is parsed. To serve, only the manifest and the table are read: never a pickle, nor
scikit-learn's own file.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from titanic_model.scorer import BadTable, Scorer

MANIFEST: Final = "manifest.json"
TABLE: Final = "table.f64"
PIPELINE: Final = "pipeline.skops"
CHAMPION: Final = "champion.json"


_ID: Final = r"^[0-9a-f]{12}$"


class NoRelease(LookupError):
    """There is nothing to serve yet; the message says where it was looked for and what to do."""


class ReleaseRefused(ValueError):
    """A release that must not be served: damaged, foreign, or of another format."""


class StoreUnavailable(OSError):
    """The release store did not answer."""


class StoredFile(BaseModel):
    """A file of a release, as its manifest vouches for it."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    size_bytes: int


class Manifest(BaseModel):
    """What a release is: its files, the data and the settings it came from, how good it is."""

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = 1
    id: str = Field(pattern=_ID)
    created_at: datetime
    files: dict[str, StoredFile]
    data: dict[str, str | int]
    parameters: dict[str, str | int | float]
    metrics: dict[str, dict[str, float]]
    versions: dict[str, str]


class Champion(BaseModel):
    """The alias: which release is in service."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(pattern=_ID)


def release_id(table: bytes, data_sha256: str, parameters: Mapping[str, str | int | float]) -> str:
    """The id of a release: the same data and settings that give the same table give the same id.

    What differs from one training to the next without changing an answer (the time, the memory
    addresses that skops writes) has no part in it.
    """
    identity = {
        "table": hashlib.sha256(table).hexdigest(),
        "data": data_sha256,
        "parameters": dict(parameters),
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:12]


def describe(content: bytes) -> StoredFile:
    """What a manifest says of a file."""
    return StoredFile(sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content))


class Releases:
    """A release store at a path or a URL (`s3://…`, `gs://…`, `az://…`, `memory:///`)."""

    def __init__(self, location: str) -> None:
        self.location = location
        self._opened: ObjectStore | None = None

    def publish(self, manifest: Manifest, files: Mapping[str, bytes]) -> bool:
        """Write a release; False when the store has it already. `promote` puts it into service.

        One that is damaged in the store is written anew: its id says what it answers.
        """
        store = self._open(create=True)
        if self._is_whole(manifest.id):
            return False
        try:
            for name, content in files.items():
                obstore.put(store, f"{manifest.id}/{name}", content)
            text = manifest.model_dump_json(indent=2).encode()
            obstore.put(store, f"{manifest.id}/{MANIFEST}", text)
        except (OSError, BaseError) as error:
            raise self._unavailable(error) from None
        return True

    def promote(self, release: str) -> None:
        """Make a release of this store the champion. Raises as `load` does."""
        self.load(release)
        champion = Champion(id=release).model_dump_json().encode()
        store = self._open()
        try:
            obstore.put(store, CHAMPION, champion)
        except (OSError, BaseError) as error:
            raise self._unavailable(error) from None

    def champion(self) -> str:
        """The id of the release in service. Raises `NoRelease` when there is none."""
        try:
            content = self._read(CHAMPION)
        except FileNotFoundError:
            raise NoRelease(
                f"no release in {self.location}: run 'titanic train', or name the store that has "
                "one with TITANIC_RELEASES"
            ) from None
        try:
            return Champion.model_validate_json(content).id
        except ValidationError:
            raise ReleaseRefused(f"{self.location}/{CHAMPION} names no release") from None

    def manifest(self, release: str) -> Manifest:
        """What a release says of itself. Raises `NoRelease` and `ReleaseRefused`."""
        none = NoRelease(f"no release {release!r} in {self.location}")
        if not re.fullmatch(_ID, release):  # it becomes a path
            raise none
        try:
            content = self._read(f"{release}/{MANIFEST}")
        except FileNotFoundError:
            raise none from None
        try:
            manifest = Manifest.model_validate_json(content)
        except ValidationError as refusal:
            first = refusal.errors()[0]
            where = "".join(f"{part}: " for part in first["loc"])
            raise ReleaseRefused(
                f"release {release}: its manifest is not one of format 1 ({where}{first['msg']})"
            ) from None
        if manifest.id != release:
            raise ReleaseRefused(f"release {release}: its manifest is that of {manifest.id}")
        return manifest

    def file(self, manifest: Manifest, name: str) -> bytes:
        """A file of a release, its hash checked. Raises `ReleaseRefused`."""
        expected = manifest.files.get(name)
        if expected is None:
            raise ReleaseRefused(f"release {manifest.id} has no {name}")
        try:
            content = self._read(f"{manifest.id}/{name}")
        except FileNotFoundError:
            raise ReleaseRefused(f"release {manifest.id}: {name} is missing") from None
        if describe(content) != expected:
            raise ReleaseRefused(
                f"release {manifest.id}: {name} is damaged: {len(content):,} bytes, whose SHA-256 "
                "is not the manifest's"
            )
        return content

    def load(self, release: str) -> tuple[Manifest, Scorer]:
        """A release, verified. Raises `NoRelease`, `ReleaseRefused` and `StoreUnavailable`."""
        manifest = self.manifest(release)
        try:
            return manifest, Scorer(release, self.file(manifest, TABLE))
        except BadTable as error:
            raise ReleaseRefused(f"release {release}: {error}") from None

    def _is_whole(self, release: str) -> bool:
        """Whether the store has this release with every file that its manifest names."""
        try:
            manifest, _ = self.load(release)
            for name in manifest.files:
                self.file(manifest, name)
        except (NoRelease, ReleaseRefused):
            return False
        return True

    def _open(self, *, create: bool = False) -> ObjectStore:
        """The store, opened once: one pool of connections, and one memory where it is that."""
        if self._opened is None:
            try:
                if "://" in self.location:
                    self._opened = from_url(self.location)
                else:
                    self._opened = LocalStore(Path(self.location).absolute(), mkdir=create)
            except (OSError, ValueError, BaseError) as error:
                raise self._unavailable(error) from None
        return self._opened

    def _read(self, path: str) -> bytes:
        if "://" not in self.location and not Path(self.location).is_dir():
            raise FileNotFoundError(self.location)
        store = self._open()
        try:
            return bytes(obstore.get(store, path).bytes())
        except FileNotFoundError:
            raise
        except (OSError, BaseError) as error:
            raise self._unavailable(error) from None

    def _unavailable(self, error: Exception) -> StoreUnavailable:
        why = (str(error) or type(error).__name__).splitlines()[0]
        return StoreUnavailable(f"release store {self.location}: {why}")


class Follower:
    """The release in service, as one worker or one API process holds it.

    `refresh` looks whether the champion changed and swaps to it once it is loaded and verified;
    until then, and when the new one is refused, the old one goes on serving.
    """

    def __init__(self, releases: Releases) -> None:
        self._releases = releases
        self._serving: tuple[Manifest, Scorer] | None = None
        self.problem: str | None = f"no release read yet from {releases.location}"

    @property
    def serving(self) -> tuple[Manifest, Scorer] | None:
        """The manifest and the scorer in service, or None when none could be loaded yet."""
        return self._serving

    @property
    def scorer(self) -> Scorer | None:
        """The scorer in service."""
        return self._serving[1] if self._serving else None

    def in_service(self) -> Scorer:
        """The scorer in service. Raises `NoRelease` when there is none yet."""
        if self._serving is None:
            raise NoRelease(self.problem)
        return self._serving[1]

    def refresh(self) -> bool:
        """Follow the champion; True when another release went into service.

        Never raises for a store or a release: `problem` then says what is wrong.
        """
        try:
            champion = self._releases.champion()
            if self._serving is None or self._serving[0].id != champion:
                self._serving = self._releases.load(champion)
                self.problem = None
                return True
        except (NoRelease, ReleaseRefused, StoreUnavailable) as problem:
            self.problem = str(problem)
            return False
        self.problem = None
        return False
