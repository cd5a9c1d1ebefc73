"""What more workers bring: `python -m benchmarks.scaling`.

Events a second of 1, 2 and 3 workers on 12 partitions, as ratios to one. The workers are frozen
while the events are sent, so that all begin at once on all of them; the time is from the first
answer to the last, by the broker's clock. A round fails unless each event has one answer and each
worker has given some.

On the Kafka of KAFKA_BOOTSTRAP_SERVERS, in topics that are removed again; else on an embedded one
in the temporary folder.
"""

import argparse
import signal
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from confluent_kafka import TopicPartition

from benchmarks import answers, events
from benchmarks.fleet import environment, fleet, own_topics, spread
from cli import probe
from cli.broker import find_or_start
from titanic_model.releases import Releases
from titanic_model.settings import given_bootstrap_servers, kafka_settings
from training.train import train

PARTITIONS: Final = 12
SEED: Final = 1912
WORKERS: Final = (1, 2, 3)
# To send the events takes seconds, in which a frozen worker is to stay in the group.
SESSION: Final = {"KAFKA_SESSION_TIMEOUT_MS": "120000"}


class Idle(Exception):
    """A worker had no part in the answers; the message says which."""


def run(workers: int, servers: str, own: str, folder: Path, count: int) -> float:
    """Events a second. Raises `Idle`, `answers.NotAnswered`, `fleet.NotReady`."""
    settings = {**environment(servers, own, folder), **SESSION}
    with fleet([settings] * workers, folder / own) as members:
        spread(members, PARTITIONS)
        for member in members:
            member.send(signal.SIGSTOP)
        for _ in events.send(events.draw(count, SEED), servers, own):
            pass
        for member in members:
            member.send(signal.SIGCONT)
        places = [TopicPartition(f"{own}-predictions", number) for number in range(PARTITIONS)]
        seconds = answers.read(servers, places, count)
        if idle := [str(n) for n, member in enumerate(members) if not member.answered]:
            raise Idle(f"of {workers} workers these had no part: {', '.join(idle)}")
    return count / seconds


def lines(rounds: int, count: int) -> Iterator[str]:
    """The table, line by line: medians of the rounds, and of the ratios within a round."""
    found: dict[int, list[float]] = {workers: [] for workers in WORKERS}
    with tempfile.TemporaryDirectory(prefix="titanic-benchmark-") as name:
        folder = Path(name)
        train(Releases(str(folder / "releases")))
        with find_or_start(given_bootstrap_servers(), data=folder / "kafka") as broker:
            servers = broker.bootstrap_servers
            admin = probe.client({**kafka_settings(), "bootstrap.servers": servers})
            for _ in range(rounds):
                for workers in WORKERS:
                    with own_topics(admin, PARTITIONS) as own:
                        found[workers].append(run(workers, servers, own, folder, count))
    yield "| workers | partitions each | events/s | of one worker's | range |"
    yield "|---:|---:|---:|---:|---:|"
    for workers, rates in found.items():
        yield _line(workers, rates, found[WORKERS[0]])


def _line(workers: int, rates: Sequence[float], of_one: Sequence[float]) -> str:
    ratios = [rate / one for rate, one in zip(rates, of_one, strict=True)]
    return (
        f"| {workers} | {PARTITIONS // workers} | {statistics.median(rates):,.0f} "
        f"| {statistics.median(ratios):.2f} | {min(ratios):.2f} - {max(ratios):.2f} |"
    )


def main() -> None:
    """Print the table."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--events", type=int, default=500_000)
    given = arguments.parse_args()
    for line in lines(given.rounds, given.events):
        print(line, flush=True)  # noqa: T201 - what it is for


if __name__ == "__main__":
    main()
