"""What a rolling restart costs who waits for answers: `python -m benchmarks.rolling`.

Three workers on 12 partitions, events at a steady rate. One worker after the other is stopped in
order and started anew; then one is killed, and started anew at once. What is measured is seen by a
`read_committed` reader. A round fails unless each event has exactly one answer.

On the Kafka of KAFKA_BOOTSTRAP_SERVERS, in topics that are removed again; else on an embedded one
in the temporary folder. `KAFKA_*` variables reach all workers; docs/rolling.md has the figures.
"""

import argparse
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks import steady
from benchmarks.fleet import Member, environment, fleet, own_topics, spread
from cli import probe
from cli.broker import find_or_start
from titanic_model.releases import Releases
from titanic_model.settings import given_bootstrap_servers, kafka_settings
from training.train import train

PARTITIONS: Final = 12
WORKERS: Final = 3
# Before the first restart, and after each, so that one does not run into the next.
CALM_S: Final = 3.0
RANGE: Final = {"KAFKA_PARTITION_ASSIGNMENT_STRATEGY": "range"}
STATIC: Final = {"TITANIC_STATIC_MEMBERSHIP": "true"}
BY_THE_BROKER: Final = {"KAFKA_GROUP_PROTOCOL": "consumer"}


class Way(NamedTuple):
    """A way to share partitions: its name and its settings."""

    name: str
    settings: Mapping[str, str]


# The first is by librdkafka's own defaults.
WAYS: Final = (
    Way("range, heartbeat 3 s", RANGE | {"KAFKA_HEARTBEAT_INTERVAL_MS": "3000"}),
    Way("range", RANGE),
    Way("cooperative (default)", {}),
    Way("cooperative, static", STATIC),
    Way("the broker's (KIP-848)", BY_THE_BROKER),
)


class Round(NamedTuple):
    """One way's figures in one round."""

    calm: steady.Figures
    rolled: steady.Figures
    restart_s: float
    killed: steady.Figures


def run(way: Way, servers: str, own: str, folder: Path, rate: int) -> Round:
    """One round. Raises `steady.Wrong`, `fleet.NotReady`."""
    settings = {**environment(servers, own, folder), **way.settings}
    with (
        fleet([settings] * WORKERS, folder / own) as workers,
        steady.traffic(servers, own, f"{own}-predictions", PARTITIONS, rate) as traffic,
    ):
        spread(workers, PARTITIONS)
        time.sleep(CALM_S)
        traffic.catch_up()
        begun = time.monotonic()
        time.sleep(CALM_S)
        rolling = time.monotonic()
        restart_s = statistics.median(_restarts(workers))
        rolled = time.monotonic()
        traffic.catch_up()
        killed = time.monotonic()
        workers[0].restart(signal.SIGKILL)
        traffic.catch_up()
        over = time.monotonic()
        traffic.stop()
        seen = traffic.seen
    return Round(
        steady.figures(seen, begun, rolling),
        steady.figures(seen, rolling, rolled),
        restart_s,
        steady.figures(seen, killed, over),
    )


def _restarts(workers: Sequence[Member]) -> Iterator[float]:
    for worker in workers:
        yield worker.restart()
        time.sleep(CALM_S)


def lines(ways: Sequence[Way], rounds: int, rate: int) -> Iterator[str]:
    """The table, line by line: medians of the rounds."""
    found: dict[str, list[Round]] = {way.name: [] for way in ways}
    with tempfile.TemporaryDirectory(prefix="titanic-benchmark-") as name:
        folder = Path(name)
        train(Releases(str(folder / "releases")))
        with find_or_start(given_bootstrap_servers(), data=folder / "kafka") as broker:
            servers = broker.bootstrap_servers
            admin = probe.client({**kafka_settings(), "bootstrap.servers": servers})
            for number in range(1, rounds + 1):
                for way in ways:
                    with own_topics(admin, PARTITIONS) as own:
                        one = run(way, servers, own, folder, rate)
                    found[way.name].append(one)
                    print(f"round {number}: {_line(way.name, [one])}", file=sys.stderr)  # noqa: T201
    yield (
        "| | calm: p50 / p99, ms | rolling: the stream's longest gap, s | a partition's, the worst "
        "/ the usual, s | p50 / p99 / max, s | a restart, s | killed: a partition's gap, the worst "
        "/ the usual, s |"
    )
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for name, of in found.items():
        yield _line(name, of)


def _line(name: str, rounds: Sequence[Round]) -> str:
    def middle(figures: Sequence[steady.Figures]) -> steady.Figures:
        return steady.Figures(*(statistics.median(of) for of in zip(*figures, strict=True)))

    calm, rolled, killed = (
        middle([getattr(one, span) for one in rounds]) for span in ("calm", "rolled", "killed")
    )
    restart_s = statistics.median(one.restart_s for one in rounds)
    return (
        f"| {name} | {1000 * calm.p50:.0f} / {1000 * calm.p99:.0f} | {rolled.stream_gap:.1f} "
        f"| {rolled.worst_gap:.1f} / {rolled.usual_gap:.1f} "
        f"| {rolled.p50:.2f} / {rolled.p99:.1f} / {rolled.longest:.1f} | {restart_s:.1f} "
        f"| {killed.worst_gap:.1f} / {killed.usual_gap:.1f} |"
    )


def main() -> None:
    """Print the table."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    names = [way.name for way in WAYS]
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--rate", type=int, default=2_000, help="events a second")
    arguments.add_argument("--way", action="append", choices=names, help="these alone")
    given = arguments.parse_args()
    ways = [way for way in WAYS if not given.way or way.name in given.way]
    for line in lines(ways, given.rounds, given.rate):
        print(line, flush=True)  # noqa: T201 - what it is for


if __name__ == "__main__":
    main()
