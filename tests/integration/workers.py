"""Real workers on a real Kafka: each scene has its own topics, group, state and release store."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from confluent_kafka import KafkaError, Message, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.integration import programs
from tests.integration.answers import Answers, read

READY_WITHIN_S: Final = 60.0
STOPPED_WITHIN_S: Final = 40.0
ANSWERED_WITHIN_S: Final = 60.0
LOOK_EVERY_S: Final = 0.05
# The shortest that a broker allows, so that a dead member's partitions move on soon.
SHORT_TIMEOUTS: Final = {"KAFKA_SESSION_TIMEOUT_MS": "6000", "KAFKA_TRANSACTION_TIMEOUT_MS": "4000"}
# Many small transactions, so that a stop finds one open.
SMALL_BATCHES: Final = {"TITANIC_BATCH_SIZE": "200"}


def until(holds: Callable[[], bool], what: str, within_s: float) -> None:
    """Wait for a condition, or fail by name."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, f"not within {within_s:g} s: {what}"
        time.sleep(LOOK_EVERY_S)


class Event(NamedTuple):
    """A record to produce."""

    value: bytes | None
    key: bytes | None = None
    headers: list[tuple[str, bytes | None]] | None = None
    timestamp_ms: int = 0


def passenger(number: int, key: str = "key") -> Event:
    """A valid event; each number has an age, a sex and a class of its own."""
    fields = {
        "passenger_id": f"{key}-{number}",
        "age": number % 10_001 / 100,
        "sex": ("female", "male")[number % 2],
        "pclass": number % 3 + 1,
    }
    return Event(json.dumps(fields).encode(), f"{key}-{number % 16}".encode())


class Worker:
    """A worker that runs, its pages and its log."""

    def __init__(self, environment: Mapping[str, str], log: Path, program: str = "worker") -> None:
        self._log = log
        self._url: str | None = None
        # A store that is not there yet is made in the log's folder, in the tests that have none.
        store = Path(environment["TITANIC_RELEASES"])
        self.process = programs.start(program, environment=environment, log=log, folders=[store])

    @property
    def log(self) -> str:
        """All that it said until now."""
        return self._log.read_text()

    @property
    def url(self) -> str:
        """Where its pages are, as its log says."""
        if self._url is None:
            self.says("pages at http")
            self._url = re.findall(r"pages at (http://\S+)/livez", self.log)[0]
        return self._url

    def until(self, holds: Callable[[], bool], what: str, within_s: float = READY_WITHIN_S) -> None:
        """Wait for a condition while the worker lives."""

        def or_ended() -> bool:
            assert self.process.poll() is None, f"the worker ended:\n{self.log}"
            return holds()

        try:
            until(or_ended, what, within_s)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log}") from None

    def says(self, text: str, within_s: float = READY_WITHIN_S) -> None:
        """Wait until its log holds a text."""
        self.until(lambda: text in self.log, f"{text!r} in the log", within_s)

    def page(self, path: str) -> tuple[int, str]:
        """Status and text of one of its pages; 0 when nothing answers."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:  # noqa: S310
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def ready(self) -> "Worker":
        """Wait until it reads."""
        self.becomes(200)
        return self

    def becomes(self, status: int, within_s: float = READY_WITHIN_S) -> None:
        """Wait until /readyz has a status."""
        self.until(lambda: self.page("/readyz")[0] == status, f"/readyz {status}", within_s)

    def metric(self, name: str, **labels: str) -> float:
        """A metric's value; 0 when it is not shown yet."""
        wanted = ",".join(f'{k}="{v}"' for k, v in labels.items())
        line = f"{name}{{{wanted}}} " if wanted else f"{name} "
        found = [t for t in self.page("/metrics")[1].splitlines() if t.startswith(line)]
        return float(found[0].removeprefix(line)) if found else 0.0

    def reads(self, partitions: int) -> None:
        """Wait until it has that many partitions."""
        self.until(
            lambda: self.metric("titanic_assigned_partitions") == partitions,
            f"{partitions} partitions",
        )

    def reads_some(self) -> None:
        """Wait until it is ready, and not as a spare one."""

        def reads() -> bool:
            status, page = self.page("/readyz")
            return status == 200 and bool(json.loads(page)["partitions"])

        self.until(reads, "partitions to read")

    def has_answered(self, count: int) -> None:
        """Wait until it has committed that many events."""
        self.until(
            lambda: self.metric("titanic_events_total") >= count,
            f"{count} events committed",
            ANSWERED_WITHIN_S,
        )

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop; its exit code."""
        self.send(number)
        return self.ended()

    def ended(self) -> int:
        """Wait for its end; its exit code."""
        try:
            return self.process.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the worker goes on:\n{self.log}") from None

    def kill(self) -> None:
        """End it as a power cut would, by signal 9."""
        self.process.kill()
        self.process.wait()


@dataclass
class Scene:
    """A group of workers with their topics, on one broker."""

    servers: str
    folder: Path
    releases: str
    name: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    started: list[Worker] = field(default_factory=list)

    @property
    def group(self) -> str:
        """The workers' consumer group."""
        return f"group-{self.name}"

    @property
    def passengers(self) -> str:
        """The topic of the events."""
        return f"passengers-{self.name}"

    @property
    def predictions(self) -> str:
        """The topic of the answers."""
        return f"predictions-{self.name}"

    @property
    def dead_letters(self) -> str:
        """The topic of what was refused."""
        return f"passengers-{self.name}.dlq"

    def environment(self, **settings: str) -> dict[str, str]:
        """A worker's: nothing of ours but what it needs to run; an empty setting is unset."""
        inherited = {
            k: v for k, v in os.environ.items() if not k.startswith(("KAFKA_", "TITANIC_"))
        }
        own = {
            "KAFKA_BOOTSTRAP_SERVERS": self.servers,
            "KAFKA_GROUP_ID": self.group,
            "TITANIC_RELEASES": self.releases,
            "TITANIC_PASSENGERS_TOPIC": self.passengers,
            "TITANIC_PREDICTIONS_TOPIC": self.predictions,
            "TITANIC_DEAD_LETTERS_TOPIC": self.dead_letters,
            "TITANIC_OUTCOMES_TOPIC": f"outcomes-{self.name}",
            "TITANIC_WEB_PORT": "0",
            "XDG_STATE_HOME": str(self.folder / "state"),
        }
        return {k: v for k, v in {**inherited, **own, **settings}.items() if v}

    def worker(self, program: str = "worker", **settings: str) -> Worker:
        """Start one; it ends with the scene at the latest."""
        log = self.folder / f"worker-{len(self.started)}.log"
        self.started.append(Worker(self.environment(**settings), log, program))
        return self.started[-1]

    def end(self) -> None:
        """End what still runs."""
        for worker in self.started:
            if worker.process.poll() is None:
                worker.kill()

    def create_topics(self, partitions: int = 4, outputs: int | None = None) -> None:
        """Make the topics before a worker does, those of answers of `outputs` partitions."""
        answers = outputs or partitions
        names = {self.passengers: partitions, self.predictions: answers, self.dead_letters: answers}
        admin = AdminClient({"bootstrap.servers": self.servers})
        for made in admin.create_topics([NewTopic(*topic) for topic in names.items()]).values():
            made.result(READY_WITHIN_S)

    def produce(self, events: Iterable[Event]) -> list[str]:
        """Produce events; their ids (topic/partition/offset), in the same order."""
        producer = Producer(
            {
                "bootstrap.servers": self.servers,
                "partitioner": "murmur2_random",
                "linger.ms": 5,
                "queue.buffering.max.messages": 1_000_000,
                "message.max.bytes": 2_000_000,
            }
        )
        events = list(events)
        ids = [""] * len(events)

        def taken(number: int) -> Callable[[KafkaError | None, Message], None]:
            def note(error: KafkaError | None, message: Message) -> None:
                assert error is None, error
                ids[number] = f"{message.topic()}/{message.partition()}/{message.offset()}"

            return note

        for number, event in enumerate(events):
            producer.produce(
                self.passengers,
                event.value,
                event.key,
                headers=event.headers or [],  # type: ignore[arg-type] # None is a header's value, too
                timestamp=event.timestamp_ms,
                on_delivery=taken(number),
            )
        assert producer.flush(ANSWERED_WITHIN_S) == 0
        assert all(ids)
        return ids

    def answers(self, count: int, within_s: float = ANSWERED_WITHIN_S) -> Answers:
        """All that is on both topics, once at least that many records are there."""
        records = read(self.servers, [self.predictions, self.dead_letters], count, within_s)
        return Answers(
            [m for m in records if m.topic() == self.predictions],
            [m for m in records if m.topic() == self.dead_letters],
        )


@contextmanager
def scene(servers: str, folder: Path, releases: str) -> Iterator[Scene]:
    """A scene of one's own, whose workers do not outlive it."""
    made = Scene(servers, folder, releases)
    try:
        yield made
    finally:
        made.end()
