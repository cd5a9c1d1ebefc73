"""The soak on a real Kafka, short: what it leaves, never how the worker did."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import soaked
from tests.integration.test_benchmark import environment, its_topics

pytestmark = [pytest.mark.broker, pytest.mark.timeout(300)]

WITHIN_S = 240
EVENTS = 20_000
SOAK = [sys.executable, "-m", "benchmarks.soak", "--events", str(EVENTS), "--producer", "fast"]


def test_a_soak_samples_until_all_is_answered_and_leaves_no_topic(
    kafka: str, tmp_path: Path
) -> None:
    file, picture = tmp_path / "soak.json", tmp_path / "soak.png"
    done = subprocess.run(
        [*SOAK, "--json", str(file), "--picture", str(picture)],
        env=environment(kafka),
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = soaked.read(file)
    assert found.counted == found.events == found.samples[-1].answered == EVENTS
    assert found.transactions is not None
    assert (found.transactions.ids, found.transactions.open) == (1, 0)
    assert "| fast | 20,000 |" in done.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert not its_topics(kafka)
