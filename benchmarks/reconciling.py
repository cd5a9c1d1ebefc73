"""What `titanic reconcile` takes: `python -m benchmarks.reconciling --events 10000000`.

Events of the real passengers, one of a thousand invalid, are answered by a worker; then the command
runs as a process. Its seconds and its peak resident memory, in a Markdown table.

On the Kafka of KAFKA_BOOTSTRAP_SERVERS, in topics that are removed again; else on an embedded one
in the temporary folder (TMPDIR; a few GB), which is gone afterwards.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from confluent_kafka import IsolationLevel
from confluent_kafka.admin import AdminClient

from benchmarks import answers, events
from benchmarks.contestants import WORKER
from cli import kafka, probe, reading
from cli.broker import find_or_start
from cli.events import Event
from titanic_model.releases import Releases
from titanic_model.settings import given_bootstrap_servers, kafka_settings
from training.train import train

PARTITIONS: Final = 4
SEED: Final = 1912
INVALID_ONE_IN: Final = 1_000
ANSWERED_WITHIN_S: Final = 600.0
STOPPED_WITHIN_S: Final = 60.0
LOOK_EVERY_S: Final = 0.5
# Of a process that is started by a small one: a child's peak is never less than its parent's size.
MEASURE: Final = """
import resource, subprocess, sys
with open(sys.argv[1], "wb") as out:
    code = subprocess.run(sys.argv[2:], stdout=out).returncode
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
sys.exit(code)
"""
COMMAND: Final = ("-c", "from cli.main import app; app()", "reconcile", "--json")


class Taken(NamedTuple):
    """Wall-clock seconds, those of its processors, peak memory in MiB."""

    seconds: float
    processor_s: float
    peak_mib: float


def drawn(count: int) -> Iterator[Event]:
    """The events, one of a thousand with an age that nobody has."""
    for number, event in enumerate(events.draw(count, SEED)):
        if number % INVALID_ONE_IN:
            yield event
        else:
            yield Event(event.key, event.value.replace(b'"age":', b'"age":-1'))


def lines(count: int) -> Iterator[str]:
    """The table, line by line. Raises `RuntimeError` with what went wrong."""
    with tempfile.TemporaryDirectory(prefix="titanic-benchmark-") as name:
        folder = Path(name)
        train(Releases(str(folder / "releases")))
        with find_or_start(given_bootstrap_servers(), data=folder / "kafka") as broker:
            admin = probe.client(
                {**kafka_settings(), "bootstrap.servers": broker.bootstrap_servers}
            )
            with _topics(admin) as own:
                environment = _environment(broker.bootstrap_servers, own, folder)
                for _ in events.send(drawn(count), broker.bootstrap_servers, own):
                    pass
                begun = time.monotonic()
                with (folder / "worker.log").open("wb") as log:
                    worker = subprocess.Popen(
                        [sys.executable, *WORKER], env=environment, stdout=log, stderr=log
                    )
                try:
                    _await_answers(admin, broker.bootstrap_servers, own, count)
                finally:
                    worker.terminate()
                    worker.wait(STOPPED_WITHIN_S)
                answered_s = time.monotonic() - begun
                yield "| events | worker, s | s | s of processors | events/s | peak MiB |"
                yield "|---:|---:|---:|---:|---:|---:|"
                taken, found = _reconcile(environment, folder)
                yield (
                    f"| {found['events']:,} | {answered_s:.0f} | {taken.seconds:.1f} "
                    f"| {taken.processor_s:.1f} | {found['events'] / taken.seconds:,.0f} "
                    f"| {taken.peak_mib:,.0f} |"
                )


@contextmanager
def _topics(admin: AdminClient) -> Iterator[str]:
    own = f"titanic-benchmark-{uuid.uuid4().hex[:8]}"
    names = [own, f"{own}-predictions", f"{own}-dlq", f"{own}-outcomes"]
    try:
        for name in names:
            answers.create(admin, name, PARTITIONS)
        yield own
    finally:
        there = admin.list_topics(timeout=answers.REQUEST_TIMEOUT_S).topics
        if left := [name for name in names if name in there]:
            for deleted in admin.delete_topics(left).values():
                deleted.result()


def _environment(servers: str, own: str, folder: Path) -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("TITANIC_")}
    return inherited | {
        "KAFKA_BOOTSTRAP_SERVERS": servers,
        "KAFKA_GROUP_ID": own,
        "TITANIC_RELEASES": str(folder / "releases"),
        "TITANIC_PASSENGERS_TOPIC": own,
        "TITANIC_PREDICTIONS_TOPIC": f"{own}-predictions",
        "TITANIC_DEAD_LETTERS_TOPIC": f"{own}-dlq",
        "TITANIC_OUTCOMES_TOPIC": f"{own}-outcomes",
        "TITANIC_WEB_PORT": "0",
        "XDG_STATE_HOME": str(folder / "state"),
    }


def _await_answers(admin: AdminClient, servers: str, own: str, count: int) -> None:
    spans = reading.whole(admin, own, IsolationLevel.READ_COMMITTED)
    deadline = time.monotonic() + ANSWERED_WITHIN_S
    with closing(kafka.consumer(servers, own)) as reader:
        while sum(o or 0 for o in reading.committed(reader, spans).values()) < count:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the worker did not answer {count:,} events in time")
            time.sleep(LOOK_EVERY_S)


def _reconcile(environment: Mapping[str, str], folder: Path) -> tuple[Taken, dict[str, Any]]:
    """What it took and what it found. Raises `RuntimeError` unless all is reconciled."""
    found = folder / "found.json"
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(found), sys.executable, *COMMAND],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr + found.read_text())
    processor_s, peak = (float(number) for number in done.stdout.split())
    peak_mib = peak / (2**20 if sys.platform == "darwin" else 2**10)
    return Taken(time.perf_counter() - begun, processor_s, peak_mib), json.loads(found.read_text())


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=10_000_000)
    for line in lines(arguments.parse_args().events):
        print(line, flush=True)  # noqa: T201 - what it is for


if __name__ == "__main__":
    main()
