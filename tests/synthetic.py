"""Releases for the API's tests, of a made-up table: no scikit-learn, some milliseconds."""

from datetime import UTC, datetime

from titanic_model.releases import TABLE, Manifest, Releases, describe, release_id
from titanic_model.scorer import DOMAIN_SIZE, encode_table

# Neighbours differ, and inputs of different sex or class as well (997 divides no distance between
# them), so that an answer from the wrong place is seen; and few enough values to load quickly.
DISTINCT = tuple(i % 997 / 996 for i in range(DOMAIN_SIZE))


def publish(releases: Releases, probabilities: tuple[float, ...] = DISTINCT) -> str:
    """Publish a release with these probabilities, make it the champion, return its id."""
    table = encode_table(list(probabilities))
    release = release_id(table, "0" * 64, {"k": 5})
    manifest = Manifest(
        id=release,
        created_at=datetime(2026, 11, 23, 12, tzinfo=UTC),
        files={TABLE: describe(table)},
        data={"name": "synthetic", "rows": 1309},
        parameters={"k": 5},
        metrics={"knn": {"accuracy": 0.78}},
        versions={"python": "3.11"},
    )
    releases.publish(manifest, {TABLE: table})
    releases.promote(release)
    return release
