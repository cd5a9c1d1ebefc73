"""What a store holds, and what of it nobody needs any more."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final, NamedTuple

from titanic_model.manifest import MANIFEST
from titanic_model.releases import Entry, Manifest, NoRelease, ReleaseRefused, Releases
from titanic_model.store import Stored

# What has no manifest yet may be a release that is being written, by a slow line from afar.
BEING_WRITTEN: Final = timedelta(days=1)


class Found(NamedTuple):
    """A release in the store, whole, damaged or half-written: its manifest, or why there is none.

    `refused` is why it must not be served, as far as it was looked at.
    """

    id: str
    manifest: Manifest | None
    refused: str | None
    written_at: datetime
    files: tuple[Stored, ...]

    @property
    def made_at(self) -> datetime:
        """When it was made; as long as nothing says that, when it was written."""
        return self.manifest.created_at if self.manifest else self.written_at

    @property
    def has_manifest(self) -> bool:
        """Whether its writing came to an end, and its deleting did not begin."""
        return f"{self.id}/{MANIFEST}" in {file.name for file in self.files}

    @property
    def size_bytes(self) -> int:
        """What it takes in the store."""
        return sum(file.size_bytes for file in self.files)


def survey(
    releases: Releases, champion: Entry | None = None, *, verify: bool = False
) -> list[Found]:
    """All releases, the newest first. Their manifests are read, of their files but the sizes.

    That of the `champion` is to be the one that was put into service. With `verify` every byte is
    read and its hash checked.
    """
    pinned = {champion.release: champion.manifest_sha256} if champion else {}
    files: dict[str, list[Stored]] = {release: [] for release in releases.ids()}
    for stored in releases.store.names():
        folder = stored.name.partition("/")[0]
        if folder in files:
            files[folder].append(stored)
    found = [
        _look(releases, release, pinned.get(release), tuple(its), verify=verify)
        for release, its in files.items()
    ]
    return sorted(found, key=lambda one: (one.made_at, one.id), reverse=True)


def history(releases: Releases) -> Iterable[Entry]:
    """What was in service, the latest first; entries that can't be read are left out."""
    for number in releases.log.numbers():
        try:
            yield releases.log.entry(number)
        except ReleaseRefused:
            continue


def unneeded(releases: Releases, found: Iterable[Found], keep: int, now: datetime) -> list[Found]:
    """Those that may go: neither the champion, nor among the `keep` newest whole ones, nor among
    the `keep` that roll backs would come to next, nor perhaps being written just now.

    Raises `ReleaseRefused` when it can't be told which release is in service.
    """
    found = list(found)
    whole = (one.id for one in found if not one.refused)
    damaged = {one.id for one in found if one.refused}
    needed = {*islice(whole, keep), *_way_back(releases, keep, damaged)}
    return [
        one
        for one in found
        if one.id not in needed and (one.has_manifest or now - one.written_at > BEING_WRITTEN)
    ]


def remove(releases: Releases, found: Found) -> None:
    """Delete a release, unless it went into service since. Raises `ReleaseRefused` then.

    The manifest goes first: what is left, if this is cut short, is no release.
    """
    entry = releases.entry()
    if entry and entry.release == found.id:
        raise ReleaseRefused(f"release {found.id} went into service meanwhile, and stays")
    for file in sorted(found.files, key=lambda file: not file.name.endswith(f"/{MANIFEST}")):
        releases.store.delete(file.name)


def _look(
    releases: Releases, release: str, sha256: str | None, files: tuple[Stored, ...], *, verify: bool
) -> Found:
    written_at = max((file.written_at for file in files), default=datetime.now(UTC))
    manifest, refused = None, None
    try:
        manifest = releases.manifest(release, sha256)
        if verify:
            releases.verify(release)
        else:
            refused = _by_size(manifest, files)
    except NoRelease:
        refused = f"release {release}: it has no {MANIFEST}: it is being written, or never was"
    except ReleaseRefused as reason:
        refused = str(reason)
    return Found(release, manifest, refused, written_at, files)


def _by_size(manifest: Manifest, files: Iterable[Stored]) -> str | None:
    """What is wrong as far as the sizes tell."""
    sizes = {file.name.partition("/")[2]: file.size_bytes for file in files}
    for name, expected in manifest.files.items():
        if name not in sizes:
            return f"release {manifest.id}: {name} is missing"
        if sizes[name] != expected.size_bytes:
            told = f"it has {sizes[name]:,} bytes, not {expected.size_bytes:,}"
            return f"release {manifest.id}: {name} is damaged: {told}"
    return None


def _way_back(releases: Releases, steps: int, damaged: set[str]) -> set[str]:
    """The champion, and the releases that this many roll backs would come to.

    As a roll back does, it passes over what is damaged: that is no step.
    """
    entry = releases.entry()
    there = releases.log.numbers()
    needed: set[str] = set()
    place = entry.number if entry else 0
    while place and len(needed - damaged) <= steps:
        earlier = max((one for one in there if one < place), default=0)
        try:
            passed = releases.log.entry(place)
        except ReleaseRefused:
            place = earlier
            continue
        needed.add(passed.release)
        place = passed.before
    return needed
