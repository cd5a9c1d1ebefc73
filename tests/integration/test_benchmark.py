"""The benchmark on a real Kafka, short: who takes part and what is left, never how fast it was."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from benchmarks import result
from benchmarks.contestants import ENTRIES
from tests.integration.workers import until

pytestmark = [pytest.mark.broker, pytest.mark.timeout(600)]

BENCHMARK = [sys.executable, "-m", "benchmarks.throughput"]
WITHIN_S = 240


def environment(kafka: str) -> dict[str, str]:
    own = {k: v for k, v in os.environ.items() if not k.startswith(("KAFKA_", "TITANIC_"))}
    return own | {"KAFKA_BOOTSTRAP_SERVERS": kafka}


def its_topics(kafka: str) -> set[str]:
    topics = AdminClient({"bootstrap.servers": kafka}).list_topics(timeout=10).topics
    return {name for name in topics if name.startswith("titanic-benchmark-")}


def contestants(topics: str) -> int:
    """How many processes were told to answer on a topic of such a name."""
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            count += f"KAFKA_GROUP_ID={topics}".encode() in (process / "environ").read_bytes()
        except OSError:  # ended meanwhile, or of another user
            continue
    return count


def test_every_contestant_answers_all_and_no_topic_is_left(kafka: str, tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    done = subprocess.run(
        [*BENCHMARK, "--events", "10000", "--rounds", "1", "--json", str(file)],
        env=environment(kafka),
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = result.read(file)
    assert [one.name for one in found.contestants] == [entry.name for entry in ENTRIES]
    assert found.contestants[0].ratio.median == 1
    assert found.broker == "given"
    assert all(entry.name in done.stdout for entry in ENTRIES)
    assert re.search(r"\d cores, .*librdkafka", done.stdout.splitlines()[0])
    assert not its_topics(kafka)


def test_ctrl_c_ends_what_the_benchmark_has_started(kafka: str) -> None:
    running = subprocess.Popen(
        [*BENCHMARK, "--events", "50000"],
        env=environment(kafka),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    with running:
        assert running.stderr is not None
        until(lambda: bool(its_topics(kafka)), "its topic is there", WITHIN_S)
        own = its_topics(kafka).pop()
        until(lambda: contestants(own) > 0, "a contestant runs", WITHIN_S)
        running.send_signal(signal.SIGINT)
        assert running.wait(WITHIN_S) == 130
        assert running.stderr.read() == b"benchmark: stopped; there is no result\n"
    assert contestants(own) == 0
    assert not its_topics(kafka)
