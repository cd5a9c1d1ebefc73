import hashlib
import re
from pathlib import Path

from cli.embedded.kafka_lock import KAFKA_VERSION, PATH, ROOTS, Jar, jars


def test_the_lock_holds_versions_and_hashes_and_no_address() -> None:
    assert "//" not in PATH.read_text()
    assert all(re.fullmatch("[0-9a-f]{64}", jar.sha256) for jar in jars())
    assert set(ROOTS) <= {jar.coordinate for jar in jars()}


def test_all_of_kafka_is_of_one_version() -> None:
    kafka = {jar for jar in jars() if jar.coordinate.startswith("org.apache.kafka:")}
    assert {jar.coordinate.rpartition(":")[2] for jar in kafka} == {KAFKA_VERSION}


def test_no_two_jars_have_one_filename() -> None:
    assert len({jar.filename for jar in jars()}) == len(jars())


def test_another_file_is_not_the_jar(tmp_path: Path) -> None:
    right = b"right"
    jar = Jar("group:thing:1.0", len(right), hashlib.sha256(right).hexdigest())
    path = tmp_path / jar.filename
    assert path.name == "thing-1.0.jar"
    assert not jar.is_at(path)
    path.write_bytes(b"wrong")
    assert not jar.is_at(path)
    path.write_bytes(right)
    assert jar.is_at(path)
