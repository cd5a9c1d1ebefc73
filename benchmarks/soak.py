"""One worker under load for long: `python -m benchmarks.soak --events 20000000`.

Events are sent while the worker answers them; nobody reads the answers. Its memory, threads, file
descriptors and transactions are sampled every second, see `benchmarks.soaked`.
"""

import re
import signal
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from typing import Annotated, Final

import psutil
import typer
from confluent_kafka import KafkaException, TopicPartition

from benchmarks import answers, contestants, curves, soaked
from benchmarks.contestants import Course, Entry
from benchmarks.events import NotSent, draw, queue
from benchmarks.machine import commit, machine, versions
from benchmarks.soaked import Soaked
from benchmarks.throughput import progress
from benchmarks.watched import Watched, transactions
from cli import kafka, ports, probe
from cli.broker import Broker, find_or_start
from cli.events import Event
from cli.unavailable import BrokerUnavailable
from stream.topics import OUTPUT_LIMIT
from titanic_model.releases import Releases
from titanic_model.settings import BadSetting, given_bootstrap_servers, kafka_settings
from training.train import train

PARTITIONS: Final = 4
SEED: Final = 1912
# Different events; they are sent again and again.
DIFFERENT: Final = 100_000
# Of each partition, on the broker's disk: many times what is sent ahead, and no more than it has.
KEPT: Final = {"retention.bytes": str(256 * 2**20), "segment.bytes": str(64 * 2**20)}
# How long the worker may go on without a commit.
STUCK_AFTER_S: Final = 120.0
LOOK_EVERY_S: Final = 0.05
# Events from one look at the answers to the next.
LOOK_EVERY: Final = 1_000
STARTS_WITHIN_S: Final = 60.0


@dataclass(frozen=True)
class Way:
    """How events come: which, how many are sent ahead of the answers, and as what."""

    events: Callable[[], Iterator[Event]]
    ahead: int | None
    worker: Mapping[str, str] = field(default_factory=dict)
    producer: Mapping[str, str] = field(default_factory=lambda: {"compression.type": "lz4"})


def _real() -> Iterator[Event]:
    return cycle(list(draw(DIFFERENT, SEED)))


def _spaces() -> Iterator[Event]:
    return cycle([Event(b"%d" % number, b" " * 100_000) for number in range(100)])


WAYS: Final = {
    # As fast as they are answered: the soak.
    "paced": Way(_real, ahead=400_000),
    # As fast as they can be sent, to a worker that pauses after each batch.
    "fast": Way(_real, ahead=None, worker={"TITANIC_BATCH_WAIT_MS": "500"}),
    # 100 KB each that are next to nothing on the topic; each becomes a dead letter.
    "expanding": Way(_spaces, ahead=None, producer={"compression.type": "zstd"}),
}


ENTRY: Final = Entry("soak", contestants.WORKER)


class Failed(Exception):
    """No result came of it; the message says why."""


def main(
    *,
    count: Annotated[int, typer.Option("--events", min=1_000)] = 20_000_000,
    producer: Annotated[str, typer.Option(help=f"How events come: {', '.join(WAYS)}.")] = "paced",
    json: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write the samples there, too.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Draw the curve there, a PNG.")
    ] = None,
) -> None:
    """Watch one worker under load; the exit code is 1 where something grows.

    On the Kafka of KAFKA_BOOTSTRAP_SERVERS, in topics that are removed again; without one, on an
    empty one of its own.

        python -m benchmarks.soak --events 1000000
        python -m benchmarks.soak --producer fast --events 2000000 --picture fast.png
    """
    if producer not in WAYS:
        raise typer.BadParameter(f"--producer {producer}: it should be one of {', '.join(WAYS)}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        found = _soak(producer, count)
        if json:
            soaked.write(found, json)
        if picture:
            picture.write_bytes(curves.draw(found))
        typer.echo(curves.table([found]))
        growing = soaked.grows(found) if producer == "paced" else []
    except KeyboardInterrupt:
        _end("stopped; there is no result", 130)
    except KafkaException as error:
        _end(f"Kafka: {error.args[0].str()}", 1)
    except (Failed, NotSent, BrokerUnavailable, BadSetting, soaked.TooShort, OSError) as reason:
        _end(str(reason), 1)
    if growing:
        _end("; ".join(growing), 1)


def _end(reason: str, code: int) -> None:
    typer.echo(f"soak: {reason}", err=True)
    raise typer.Exit(code)


def _soak(name: str, count: int) -> Soaked:
    at, made_by, way = datetime.now(UTC).isoformat(timespec="seconds"), commit(), WAYS[name]
    with tempfile.TemporaryDirectory(prefix="titanic-benchmark-") as temporary:
        folder = Path(temporary)
        train(Releases(str(folder / "releases")))
        with (
            find_or_start(given_bootstrap_servers(), data=folder / "kafka") as broker,
            _course(broker, folder, count) as course,
        ):
            with _worker(course, way) as (process, metrics_url):
                with _watched(process, course) as watched:
                    _send(course, way, watched)
                counted = _counted(metrics_url)
            return Soaked(
                schema=soaked.SCHEMA,
                at=at,
                commit=made_by,
                machine=machine(),
                versions=versions(),
                broker=broker.origin.value,
                producer=name,
                events=count,
                counted=counted("titanic_events_total"),
                batches=counted("titanic_batch_events_count"),
                undone=counted("titanic_undone_batches_total"),
                transactions=transactions(course.servers, _answers_topics(course)[0]),
                peak_mib=watched.peak_mib,
                samples=watched.samples,
            )


@contextmanager
def _course(broker: Broker, folder: Path, count: int) -> Iterator[Course]:
    """Topics of its own; they are gone afterwards."""
    servers = broker.bootstrap_servers
    own = f"titanic-benchmark-{uuid.uuid4().hex[:8]}"
    admin = probe.client({**kafka_settings(), "bootstrap.servers": servers})
    course = Course(servers, admin, own, count, PARTITIONS, str(folder / "releases"), folder)
    try:
        answers.create(admin, own, PARTITIONS, **KEPT)
        for name in _answers_topics(course):
            answers.create(admin, name, PARTITIONS, **KEPT, **OUTPUT_LIMIT)
        yield course
    finally:
        there = admin.list_topics(timeout=answers.REQUEST_TIMEOUT_S).topics
        if left := [name for name in there if name.startswith(own)]:
            for deleted in admin.delete_topics(left).values():
                deleted.result()


def _answers_topics(course: Course) -> tuple[str, str]:
    """Of predictions, which is the group's name as well, and of dead letters."""
    return f"{course.events_topic}-answers", f"{course.events_topic}-dlq"


@contextmanager
def _worker(course: Course, way: Way) -> Iterator[tuple[psutil.Process, str]]:
    """Its process and where its metrics are."""
    port = next(ports.free())
    own = {**way.worker, "TITANIC_WEB_PORT": str(port)}
    entry = replace(ENTRY, settings=own)
    group, _ = _answers_topics(course)
    with contestants.process(entry, course.environment(entry, group)) as it:
        guard, deadline = psutil.Process(it.pid), time.monotonic() + STARTS_WITHIN_S
        while not (children := guard.children()):
            if time.monotonic() > deadline:
                raise Failed(f"the worker did not start; its log: {contestants.log(entry)}")
            time.sleep(LOOK_EVERY_S)
        yield children[0], f"http://{ports.HOST}:{port}/metrics"


def _watched(process: psutil.Process, course: Course) -> Watched:
    places = {
        name: [TopicPartition(name, number) for number in range(PARTITIONS)]
        for name in (course.events_topic, *_answers_topics(course))
    }
    group, dead_letters = _answers_topics(course)
    return Watched(
        process=process,
        servers=course.servers,
        group=group,
        events=places[course.events_topic],
        answers=places[group] + places[dead_letters],
        admin=course.admin,
    )


def _send(course: Course, way: Way, watched: Watched) -> None:
    """Send all and wait until they are answered. Raises `Failed`, `NotSent`."""
    deliveries = kafka.Deliveries()
    wanted = {"queue.buffering.max.messages": "100000", **way.producer}
    producer = kafka.producer(course.servers, on_delivery=deliveries, **wanted)
    topic = course.events_topic
    with progress() as shown:
        sending = shown.add_task("sent", total=course.events)
        answering = shown.add_task("answered", total=course.events)

        def look() -> None:
            shown.update(sending, completed=watched.sent)
            shown.update(answering, completed=watched.answered)

        patience = _Patience(watched)
        for event in islice(way.events(), course.events):
            queue(producer, topic, event)
            watched.sent += 1
            if watched.sent % LOOK_EVERY == 0:
                look()
                while way.ahead and watched.sent - watched.answered >= way.ahead:
                    producer.poll(LOOK_EVERY_S)
                    patience.check()
                    look()
        kafka.flush(producer)
        if lost := course.events - deliveries.count:
            raise NotSent(f"{lost:,} events were not delivered: {deliveries.failure}")
        while watched.answered < course.events:
            time.sleep(LOOK_EVERY_S)
            patience.check()
            look()
        look()


class _Patience:
    """Sees that a worker goes on."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._answered, self._at = 0, time.monotonic()

    def check(self) -> None:
        """Raises `Failed` where there is no progress any more, or nothing to watch."""
        answered, now = self._watched.answered, time.monotonic()
        if answered > self._answered:
            self._answered, self._at = answered, now
        if self._watched.gone or now > self._at + STUCK_AFTER_S:
            log = contestants.log(ENTRY)
            raise Failed(f"the worker went no further than {answered:,} events; its log: {log}")


def _counted(metrics_url: str) -> Callable[[str], int]:
    """A metric of the worker's, by its name. Raises `OSError`."""
    with urllib.request.urlopen(metrics_url, timeout=10) as page:  # noqa: S310 - our own worker's
        text = page.read().decode()

    def counted(name: str) -> int:
        found = re.search(rf"^{name} (\S+)$", text, re.MULTILINE)
        return int(float(found[1])) if found else 0

    return counted


if __name__ == "__main__":
    typer.run(main)
