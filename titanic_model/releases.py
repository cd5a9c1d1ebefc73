"""The releases of a store: immutable, each a folder under its id, and one of them in service.

A release's manifest is written last and names every file with its SHA-256, so that what is half
written is no release, and what is damaged is refused before it is parsed. To serve, only the
manifest and the table are read: never a pickle, nor scikit-learn's own file.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple

from titanic_model.champion import OLD_CHAMPION, Entry, Log, Superseded
from titanic_model.location import OWN_MEMORY
from titanic_model.manifest import (
    ID,
    MANIFEST,
    PIPELINE,
    TABLE,
    Manifest,
    ReleaseRefused,
    StoredFile,
    describe,
    fingerprint,
    parse,
    release_id,
)
from titanic_model.scorer import TABLE_BYTES, BadTable, Scorer
from titanic_model.store import Store, TooLarge
from titanic_model.unavailable import StoreUnavailable

__all__ = [
    "PIPELINE",
    "TABLE",
    "Entry",
    "Manifest",
    "NoRelease",
    "ReleaseRefused",
    "Releases",
    "RolledBack",
    "StoreUnavailable",
    "StoredFile",
    "Superseded",
    "describe",
    "release_id",
]

# What is larger is foreign. A manifest has some 4 kB; a pipeline of a million rows some 100 MB.
MAX_MANIFEST_BYTES: Final = 1_048_576
MAX_FILE_BYTES: Final = 536_870_912


class NoRelease(LookupError):
    """There is no such release, or none at all; the message says where it was looked for."""


class RolledBack(NamedTuple):
    """What a roll back did: the new entry, the one before it, and why others were passed over."""

    entry: Entry
    instead_of: Entry | None
    passed_over: tuple[str, ...]


class Releases:
    """The releases at a path or a URL (`s3://…`, `gs://…`, `az://…`, `memory:///`; see `Store`).

    Each method raises `StoreUnavailable`, and `ReleaseRefused` for what must not be served.
    """

    def __init__(self, location: str) -> None:
        self.location = location
        self.store = Store(location)
        self.log = Log(self.store)

    def probe(self) -> None:
        """Ask whether a release can be published here, before the work of making one."""
        self.store.probe()

    def publish(self, manifest: Manifest, files: Mapping[str, bytes]) -> bool:
        """Write a release; False when the store has it already. `promote` puts it into service.

        One that is damaged in the store is written anew: its id says what it answers.
        """
        content = manifest.content()
        parse(content, manifest.id)
        if self._is_whole(manifest.id):
            return False
        for name, bytes_ in files.items():
            self.store.write(f"{manifest.id}/{name}", bytes_)
        self.store.write(f"{manifest.id}/{MANIFEST}", content)
        self.verify(manifest.id)  # somebody else may have been publishing it at the same time
        return True

    def entry(self) -> Entry | None:
        """What the log says of the release in service; None when there never was one."""
        newest = self.log.newest()
        if newest:
            return self.log.entry(newest)
        try:
            self.store.read(OLD_CHAMPION, most_bytes=MAX_MANIFEST_BYTES)
        except FileNotFoundError:
            return None
        except TooLarge:
            pass
        raise ReleaseRefused(
            f"the releases in {self.location} were made by an older version: run 'titanic train'"
        )

    def champion(self) -> str:
        """The id of the release in service. Raises `NoRelease` when there is none."""
        return self._entry().release

    def load_champion(self) -> tuple[Manifest, Scorer]:
        """The release in service, as it was put there. Raises as `champion` and `load` do."""
        entry = self._entry()
        return self.load(entry.release, entry.manifest_sha256)

    def promote(
        self,
        release: str,
        *,
        after: Entry | Literal["now"] | None = "now",
        forced: str | None = None,
    ) -> Entry:
        """Put a release into service, unless it is; the entry that says so.

        `after` is the entry that the release was judged against (None: there was none), "now"
        whichever is in service. `forced` is the reason why it goes into service in spite of a gate.

        Raises `Superseded` when another release went into service since, and as `load` does. Who
        was faster with this very one has done what was asked for.
        """
        content = self._manifest(release)
        self.load(release, manifest_sha256 := fingerprint(content))
        newest = self.log.newest()
        current = self._readable(newest)
        superseded = after != "now" and newest != (after.number if after else 0)
        if current and current.is_of(release, manifest_sha256) and (superseded or not forced):
            return current
        if superseded:
            other = current.release if current else "another one"
            raise Superseded(f"release {release} was not put into service: meanwhile {other} was")
        entry = Entry(
            number=self.log.after(newest),
            release=release,
            manifest_sha256=manifest_sha256,
            at=datetime.now(UTC),
            how="promoted",
            forced=forced,
            before=current.before if current and current.release == release else newest,
        )
        try:
            self.log.add(entry)
        except Superseded:
            faster = self._readable(entry.number)
            if faster and faster.is_of(release, manifest_sha256):
                return faster
            raise
        return entry

    def rollback(self) -> RolledBack:
        """Put the release before the present one into service: undo the latest promotion.

        Once more undoes the one before that, and so on: a roll back is never itself undone by the
        next. Releases that are missing or refused are passed over.

        Raises `NoRelease` when there is none to go back to, and `Superseded`.
        """
        newest = self.log.newest()
        number = self.log.after(newest)
        current = self._readable(newest)
        passed_over: list[str] = []
        there = self.log.numbers()
        place = current.before if current else _below(newest, there)
        while place:
            earlier = _below(place, there)
            try:
                target = self.log.entry(place)
                earlier = target.before
                if current is None or target.release != current.release:
                    self.load(target.release, target.manifest_sha256)
                    entry = Entry(
                        number=number,
                        release=target.release,
                        manifest_sha256=target.manifest_sha256,
                        at=datetime.now(UTC),
                        how="rolled back",
                        before=target.before,
                    )
                    self.log.add(entry)
                    return RolledBack(entry, current, tuple(passed_over))
            except (NoRelease, ReleaseRefused) as reason:
                passed_over.append(str(reason))
            place = earlier
        none = "there is no earlier release to go back to"
        if not newest:
            none = f"no release was ever in service in {self.location}"
        raise NoRelease("; ".join([none, *passed_over]))

    def manifest(self, release: str, sha256: str | None = None) -> Manifest:
        """What a release says of itself; `sha256` is the only one that will do, if it's given.

        Raises `NoRelease`.
        """
        content = self._manifest(release)
        if sha256 and fingerprint(content) != sha256:
            raise ReleaseRefused(
                f"release {release}: its {MANIFEST} is not the one that was put into service"
            )
        return parse(content, release)

    def file(self, manifest: Manifest, name: str) -> bytes:
        """A file of a release, its hash checked."""
        expected = manifest.files.get(name)
        if expected is None:
            raise ReleaseRefused(f"release {manifest.id}: it has no {name}")
        wrong = f"release {manifest.id}: {name} is"
        if expected.size_bytes > MAX_FILE_BYTES:
            raise ReleaseRefused(f"{wrong} too large: {expected.size_bytes:,} bytes")
        try:
            content = self.store.read(f"{manifest.id}/{name}", most_bytes=expected.size_bytes)
        except FileNotFoundError:
            raise ReleaseRefused(f"{wrong} missing") from None
        except TooLarge as size:
            told = f"{expected.size_bytes:,}"
            raise ReleaseRefused(f"{wrong} damaged: it has {size}, not {told}") from None
        if describe(content) != expected:
            raise ReleaseRefused(
                f"{wrong} damaged: {len(content):,} bytes, whose SHA-256 is not the manifest's"
            )
        return content

    def load(self, release: str, manifest_sha256: str | None = None) -> tuple[Manifest, Scorer]:
        """A release, verified as far as it is served. Raises `NoRelease`."""
        manifest = self.manifest(release, manifest_sha256)
        size = manifest.files[TABLE].size_bytes
        if size != TABLE_BYTES:
            raise ReleaseRefused(
                f"release {release}: {TABLE} has {size:,} bytes; {TABLE_BYTES:,} are expected"
            )
        try:
            return manifest, Scorer(release, self.file(manifest, TABLE))
        except BadTable as error:
            raise ReleaseRefused(f"release {release}: {error}") from None

    def verify(self, release: str) -> Manifest:
        """A release whose every file is whole. Raises `NoRelease`."""
        manifest, _ = self.load(release)
        for name in manifest.files:
            self.file(manifest, name)
        return manifest

    def ids(self) -> list[str]:
        """The releases of the store, damaged and half-written ones, too."""
        return [name for name in self.store.folders() if re.fullmatch(ID, name)]

    def _entry(self) -> Entry:
        entry = self.entry()
        if entry is None and not self.store.is_shared:
            raise NoRelease(f"no release: {OWN_MEMORY}")
        if entry is None:
            raise NoRelease(
                f"no release in {self.location}: run 'titanic train', or name the store that has "
                "one with TITANIC_RELEASES"
            )
        return entry

    def _readable(self, number: int) -> Entry | None:
        try:
            return self.log.entry(number) if number else None
        except ReleaseRefused:
            return None

    def _manifest(self, release: str) -> bytes:
        none = NoRelease(f"no release {release!r} in {self.location}")
        if not re.fullmatch(ID, release):  # it becomes a path
            raise none
        try:
            return self.store.read(f"{release}/{MANIFEST}", most_bytes=MAX_MANIFEST_BYTES)
        except FileNotFoundError:
            raise none from None
        except TooLarge as size:
            raise ReleaseRefused(f"release {release}: its {MANIFEST} has {size}") from None

    def _is_whole(self, release: str) -> bool:
        """Whether the store has this release with every file that its manifest names."""
        try:
            self.verify(release)
        except (NoRelease, ReleaseRefused):
            return False
        return True


def _below(number: int, there: list[int]) -> int:
    """The highest of the numbers that are there below this one; 0 when there is none."""
    return max((one for one in there if one < number), default=0)
