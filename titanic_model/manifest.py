"""A release's manifest: what the release is, and which bytes are its own. Pure: it reads nothing.

The id is a fingerprint of what the release answers and came from, so that a manifest that was
changed together with its files names another release than the one it is kept under.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, ValidationError

FORMAT: Final = 2
MANIFEST: Final = "manifest.json"
TABLE: Final = "table.f64"
PIPELINE: Final = "pipeline.skops"
HELD_OUT: Final = "held_out.csv"
ID: Final = r"^[0-9a-f]{12}$"
SHA256: Final = r"^[0-9a-f]{64}$"

ReleaseId = Annotated[str, Field(pattern=ID)]
# Of one folder, the release's own.
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$")]


class ReleaseRefused(ValueError):
    """A release that must not be served: damaged, tampered with, foreign, or of another format."""


class StoredFile(BaseModel):
    """A file of a release, as its manifest vouches for it."""

    model_config = ConfigDict(frozen=True)

    sha256: str = Field(pattern=SHA256)
    size_bytes: int = Field(ge=0)


class Manifest(BaseModel):
    """What a release is: its files, the data and the settings it came from, how good it is.

    `metrics` are those of each contender on the held-out data. `accepted` is the reason that was
    given for training on data that had been questioned.
    """

    model_config = ConfigDict(frozen=True)

    format: Literal[2] = FORMAT
    id: ReleaseId
    created_at: datetime
    files: dict[FileName, StoredFile]
    data: dict[str, str | int]
    parameters: dict[str, str | int | float]
    metrics: dict[str, dict[str, float]]
    versions: dict[str, str]
    accepted: str | None = None

    def content(self) -> bytes:
        """The bytes that a store keeps."""
        return self.model_dump_json(indent=2).encode()


class _OfSomeFormat(BaseModel):
    format: StrictInt


def release_id(
    table: bytes,
    data_sha256: str,
    parameters: Mapping[str, str | int | float],
    accepted: str | None = None,
    held_out: bytes | None = None,
) -> str:
    """The id of a release: the same data and settings that give the same table give the same id.

    `held_out` is the file that the next release is compared on. What differs from one training to
    the next without changing an answer (the time, the memory addresses that skops writes) has no
    part in it.
    """
    measured_on = None if held_out is None else fingerprint(held_out)
    return _id(fingerprint(table), data_sha256, parameters, accepted, measured_on)


def describe(content: bytes) -> StoredFile:
    """What a manifest says of a file."""
    return StoredFile(sha256=fingerprint(content), size_bytes=len(content))


def fingerprint(content: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def parse(content: bytes, release: str) -> Manifest:
    """The manifest that is kept for a release. Raises `ReleaseRefused`."""
    try:
        found = _OfSomeFormat.model_validate_json(content).format
        if found > FORMAT:
            raise ReleaseRefused(
                f"release {release}: it is of format {found}, and this version reads format "
                f"{FORMAT}: update titanic"
            )
        if found < FORMAT:
            raise ReleaseRefused(
                f"release {release}: it was made by an older version (format {found}): "
                "run 'titanic train'"
            )
        manifest = Manifest.model_validate_json(content)
    except ValidationError as refusal:
        first = refusal.errors()[0]
        where = "".join(f"{part}: " for part in first["loc"])
        raise ReleaseRefused(
            f"release {release}: its {MANIFEST} is no manifest of titanic's ({where}{first['msg']})"
        ) from None
    if TABLE not in manifest.files:
        raise ReleaseRefused(f"release {release}: it has no {TABLE}")
    if manifest.id != release:
        raise ReleaseRefused(f"release {release}: its manifest is that of {manifest.id}")
    if (own := own_id(manifest)) != release:
        raise ReleaseRefused(
            f"release {release}: it was tampered with: what its manifest tells of is release {own}"
        )
    return manifest


def own_id(manifest: Manifest) -> str:
    """The id that follows from what a manifest says."""
    data_sha256 = str(manifest.data.get("sha256", ""))
    table = manifest.files[TABLE].sha256
    held_out = manifest.files.get(HELD_OUT)
    measured_on = held_out.sha256 if held_out else None
    return _id(table, data_sha256, manifest.parameters, manifest.accepted, measured_on)


def _id(
    table_sha256: str,
    data_sha256: str,
    parameters: Mapping[str, str | int | float],
    accepted: str | None,
    held_out_sha256: str | None,
) -> str:
    identity = {
        "format": FORMAT,
        "table": table_sha256,
        "data": data_sha256,
        "parameters": dict(parameters),
        "accepted": accepted,
        "held_out": held_out_sha256,
    }
    return fingerprint(json.dumps(identity, sort_keys=True).encode())[:12]
