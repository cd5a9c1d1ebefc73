"""Which jars are Apache Kafka: `kafka.lock` holds their coordinates, sizes and hashes.

The lock names no registry's host. `python -m cli.embedded.kafka_lock` resolves it anew, with jgo.
"""

import hashlib
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

KAFKA_VERSION: Final = "4.3.1"
PATH: Final = Path(__file__).with_name("kafka.lock")
# Kafka's jars bring no logger; slf4j-simple writes to stderr and wants no configuration file.
ROOTS: Final = (f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}", "org.slf4j:slf4j-simple:1.7.36")


@dataclass(frozen=True, slots=True)
class Jar:
    """A line of the lock."""

    coordinate: str
    size_bytes: int
    sha256: str

    @property
    def filename(self) -> str:
        """As in a Maven repository."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"

    def is_at(self, path: Path) -> bool:
        """Whether the file there is this jar, to the last bit."""
        if not path.is_file() or path.stat().st_size != self.size_bytes:
            return False
        return _sha256(path) == self.sha256


def jars() -> tuple[Jar, ...]:
    """What the lock names."""
    rows = [line.split() for line in PATH.read_text().splitlines()]
    return tuple(Jar(coordinate, int(size), sha256) for coordinate, size, sha256 in rows)


def fingerprint() -> str:
    """Changes when the lock does."""
    return f"{KAFKA_VERSION}-{_sha256(PATH)[:8]}"


def _resolved() -> tuple[Jar, ...]:
    from jgo.maven import MavenContext  # noqa: PLC0415 - of the extra `broker`

    with tempfile.TemporaryDirectory() as folder:
        context = MavenContext(repo_cache=Path(folder))
        roots = [context.create_dependency(root) for root in ROOTS]
        found, needed = context.resolver.resolve(roots)
        found += [jar for jar in needed if jar.scope in {"compile", "runtime"}]
        paths = {f"{jar.groupId}:{jar.artifactId}:{jar.version}": jar.artifact for jar in found}
        return tuple(
            Jar(coordinate, path.stat().st_size, _sha256(path))
            for coordinate, path in sorted((c, artifact.resolve()) for c, artifact in paths.items())
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    resolved = _resolved()
    PATH.write_text(
        "".join(f"{jar.coordinate} {jar.size_bytes} {jar.sha256}\n" for jar in resolved)
    )
    sys.stderr.write(f"{PATH.name}: {len(resolved)} jars\n")
