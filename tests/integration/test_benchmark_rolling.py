"""The benchmarks of several workers on a real Kafka, short: what they print, no figures."""

import subprocess
import sys

import pytest

from tests.integration.test_benchmark import environment, its_topics

pytestmark = [pytest.mark.broker, pytest.mark.timeout(300)]


@pytest.mark.parametrize(
    ("benchmark", "arguments", "rows"),
    [
        ("rolling", ["--rate", "300", "--way", "cooperative, static"], 1),
        ("scaling", ["--events", "20000"], 3),
    ],
)
def test_it_ends_with_a_table_and_no_topic_is_left(
    kafka: str, benchmark: str, arguments: list[str], rows: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{benchmark}", "--rounds", "1", *arguments],
        env=environment(kafka),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2 + rows
    assert not its_topics(kafka)
