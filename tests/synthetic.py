"""Releases for tests, of a made-up table: no scikit-learn, some milliseconds."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from titanic_model.champion import Entry
from titanic_model.manifest import MANIFEST, fingerprint
from titanic_model.releases import TABLE, Manifest, Releases, describe, release_id
from titanic_model.scorer import DOMAIN_SIZE, encode_table

# Neighbours differ, and inputs of different sex or class as well (997 divides no distance between
# them), so that an answer from the wrong place is seen; and few enough values to load quickly.
DISTINCT = tuple(i % 997 / 996 for i in range(DOMAIN_SIZE))
MADE_AT = datetime(2026, 11, 23, 12, tzinfo=UTC)


def make(
    probabilities: Sequence[float] = DISTINCT,
    more: Mapping[str, bytes] | None = None,
    *,
    made_at: datetime = MADE_AT,
) -> tuple[Manifest, dict[str, bytes]]:
    """A release with these probabilities and further files: its manifest, and all its files."""
    table = encode_table(list(probabilities))
    files = {TABLE: table, **(more or {})}
    manifest = Manifest(
        id=release_id(table, "0" * 64, {"k": 5}),
        created_at=made_at,
        files={name: describe(content) for name, content in files.items()},
        data={"name": "synthetic", "sha256": "0" * 64, "rows": 1309},
        parameters={"k": 5},
        metrics={"knn": {"accuracy": 0.78}},
        versions={"python": "3.11"},
    )
    return manifest, files


def publish(releases: Releases, probabilities: Sequence[float] = DISTINCT) -> str:
    """Publish a release with these probabilities, make it the champion, return its id."""
    manifest, files = make(probabilities)
    releases.publish(manifest, files)
    releases.promote(manifest.id)
    return manifest.id


def put_into_service(releases: Releases, release: str) -> Entry:
    """Make a release the champion without a look at it, as if it was damaged afterwards."""
    newest = releases.log.newest()
    entry = Entry(
        number=newest + 1,
        release=release,
        manifest_sha256=fingerprint(
            releases.store.read(f"{release}/{MANIFEST}", most_bytes=1_000_000)
        ),
        at=datetime(2026, 11, 24, 12, tzinfo=UTC),
        how="promoted",
        before=newest,
    )
    releases.log.add(entry)
    return entry
