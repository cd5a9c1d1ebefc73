"""`make bench`: how many events a second, next to bytes that are only passed through.

All contestants read the same cold topic on the same broker, in rounds A B C A B C …, so that what
the machine does meanwhile hits all of them; what counts is the ratio within a round.
"""

import signal
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer
from confluent_kafka import KafkaException
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from benchmarks import answers, contestants, events, result
from benchmarks.contestants import ENTRIES, Course
from benchmarks.machine import commit, machine, versions
from benchmarks.result import Result, Run, Spread
from cli import probe
from cli.broker import Broker, Origin, find_or_start
from cli.embedded.kafka_lock import KAFKA_VERSION
from cli.unavailable import BrokerUnavailable
from titanic_model.releases import Releases
from titanic_model.settings import BadSetting, given_bootstrap_servers, kafka_settings
from training.train import train

PARTITIONS: Final = 4
SEED: Final = 1912
# The table's, where no terminal tells its own.
PIPE_COLUMNS: Final = 160


class Failed(Exception):
    """No result came of it; the message says why."""


def _in_a_folder(file: Path | None) -> Path | None:
    """Seen before the minutes that a benchmark takes, not after."""
    if file and not file.absolute().parent.is_dir():
        raise typer.BadParameter(f"{file.parent} is no folder")
    return file


def main(
    *,
    count: Annotated[
        int, typer.Option("--events", min=10_000, help="Events that each contestant reads.")
    ] = 1_000_000,
    rounds: Annotated[
        int, typer.Option(min=1, help="Each contestant runs once in each; a median needs 3.")
    ] = 3,
    json: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False,
            callback=_in_a_folder,
            help="Write the result there, too; benchmarks.trend reads it.",
        ),
    ] = None,
) -> None:
    """Measure the worker's throughput against bytes that are only passed through.

    On the Kafka of KAFKA_BOOTSTRAP_SERVERS, in topics that are removed again; without one, on an
    empty one of its own. Close what else is running: the rounds even out what comes and goes,
    not what stays.

        python -m benchmarks.throughput --events 100000 --rounds 1
        python -m benchmarks.throughput --json result.json
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        found = _measure(count, rounds)
        Console(width=None if sys.stdout.isatty() else PIPE_COLUMNS).print(table(found))
        if json:
            result.write(found, json)
    except KeyboardInterrupt:
        _end("stopped; there is no result", 130)
    except KafkaException as error:
        _end(f"Kafka: {error.args[0].str()}", 1)
    except (Failed, BrokerUnavailable, BadSetting, events.NotSent, OSError) as reason:
        _end(str(reason), 1)


def _end(reason: str, code: int) -> None:
    typer.echo(f"benchmark: {reason}", err=True)
    raise typer.Exit(code)


def _measure(count: int, rounds: int) -> Result:
    at, made_by = datetime.now(UTC).isoformat(timespec="seconds"), commit()
    with tempfile.TemporaryDirectory(prefix="titanic-benchmark-") as name:
        folder = Path(name)
        with find_or_start(given_bootstrap_servers(), data=folder / "kafka") as broker:
            kafka = KAFKA_VERSION if broker.origin is Origin.EMBEDDED else "given"
            known = {**versions(), "kafka": kafka}
            typer.echo(_first_line(known, made_by))
            with _course(broker, folder, count) as course, progress() as shown:
                _send(course, shown)
                runs = _rounds(course, rounds, shown)
    return Result(
        schema=result.SCHEMA,
        at=at,
        commit=made_by,
        machine=machine(),
        versions=known,
        broker=broker.origin.value,
        events=count,
        partitions=PARTITIONS,
        seed=SEED,
        rounds=rounds,
        contestants=[result.contestant(name, of) for name, of in runs.items()],
    )


def _first_line(known: dict[str, str], made_by: str | None) -> str:
    here = machine()
    told = ", ".join(f"{name} {version}" for name, version in known.items())
    at = f"commit {made_by}" if made_by else "no checkout"
    return f"{here.processor}, {here.cores} cores, {here.system}; {told}; {at}"


@contextmanager
def _course(broker: Broker, folder: Path, count: int) -> Iterator[Course]:
    """Topics and a release of its own; the topics are gone afterwards."""
    servers = broker.bootstrap_servers
    own = f"titanic-benchmark-{uuid.uuid4().hex[:8]}"
    releases = folder / "releases"
    train(Releases(str(releases)))
    admin = probe.client({**kafka_settings(), "bootstrap.servers": servers})
    try:
        answers.create(admin, own, PARTITIONS)
        yield Course(servers, admin, own, count, PARTITIONS, str(releases), folder)
    finally:
        there = admin.list_topics(timeout=answers.REQUEST_TIMEOUT_S).topics
        if left := [name for name in there if name.startswith(own)]:
            for deleted in admin.delete_topics(left).values():
                deleted.result()


def progress() -> Progress:
    """Bars on a terminal, nothing into a pipe."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )


def _send(course: Course, shown: Progress) -> None:
    task = shown.add_task("sending the events", total=course.events)
    for sent in events.send(events.draw(course.events, SEED), course.servers, course.events_topic):
        shown.update(task, completed=sent)


def _rounds(course: Course, rounds: int, shown: Progress) -> dict[str, list[Run]]:
    """All contestants in turn, so many times."""
    runs: dict[str, list[Run]] = {entry.name: [] for entry in ENTRIES}
    for number in range(1, rounds + 1):
        for place, entry in enumerate(ENTRIES):
            task = shown.add_task(f"round {number}: {entry.name}", total=course.events)
            topic = f"{course.events_topic}-{number}-{place}"
            show = partial(_show, shown, task)
            try:
                time = contestants.run(entry, course, topic, show)
            except answers.NotAnswered as reason:
                raise Failed(f"round {number}, {entry.name}: {reason}") from None
            rate = course.events / time.answers_s
            first = runs[ENTRIES[0].name]
            limit = first[-1].events_per_s if place else rate
            runs[entry.name].append(
                Run(number, rate, time.answers_s, time.startup_s, ratio=rate / limit)
            )
    return runs


def _show(shown: Progress, task: TaskID, count: int) -> None:
    shown.update(task, completed=count)


def table(found: Result) -> Table:
    """The result for people: medians of the rounds, each with its range."""
    shown = Table(
        title=f"{found.events:,} events, {found.partitions} partitions, rounds: {found.rounds}",
        title_justify="left",
    )
    limit = found.contestants[0].name
    shown.add_column("contestant", no_wrap=True)
    for name in ("events/s", "range", f"of {limit}", "range", "start-up, s"):
        shown.add_column(name, justify="right", no_wrap=True)
    for one in found.contestants:
        shown.add_row(
            one.name,
            *_told(one.events_per_s, ",.0f"),
            *_told(one.ratio, ".2f"),
            f"{one.startup_s.median:.1f}",
        )
    return shown


def _told(figure: Spread, form: str) -> tuple[str, str]:
    return f"{figure.median:{form}}", f"{figure.lowest:{form}} - {figure.highest:{form}}"


if __name__ == "__main__":
    typer.run(main)
