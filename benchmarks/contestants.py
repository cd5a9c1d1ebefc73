"""Who takes part: each a process that reads one topic and answers every event on another.

To a contestant the environment tells all: `KAFKA_BOOTSTRAP_SERVERS` and `KAFKA_GROUP_ID`, and
`TITANIC_PASSENGERS_TOPIC` and `TITANIC_PREDICTIONS_TOPIC` for the two topics. It runs until it is
told to stop by SIGTERM.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from platformdirs import user_log_path

from benchmarks import answers
from cli import guard

WORKER: Final = ("-m", "faust", "-A", "stream.app", "worker", "-l", "info")
# The one whose trend is kept, by this name.
EXACTLY_ONCE: Final = "worker, exactly once"
# What a stop may take before it is forced.
GRACE_S: Final = 35.0
LOOK_EVERY_S: Final = 0.05


@dataclass(frozen=True)
class Entry:
    """A contestant: its name in the table, its arguments to Python, and settings of its own."""

    name: str
    arguments: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)


# The first is what the others are compared with.
ENTRIES: Final = (
    Entry("pass-through", ("-m", "benchmarks.passthrough")),
    Entry(EXACTLY_ONCE, WORKER),
    Entry("worker, at least once", WORKER, {"PROCESSING_GUARANTEE": "at_least_once"}),
)


@dataclass(frozen=True)
class Course:
    """What all contestants run on: the same events on the same broker."""

    servers: str
    admin: AdminClient
    events_topic: str
    events: int
    partitions: int
    releases: str
    folder: Path

    def environment(self, entry: Entry, answers_topic: str) -> dict[str, str]:
        """A contestant's: the settings by default but for what the benchmark must say."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TITANIC_", "PROCESSING_GUARANTEE"))
        }
        return {
            **inherited,
            "KAFKA_BOOTSTRAP_SERVERS": self.servers,
            "KAFKA_GROUP_ID": answers_topic,
            "TITANIC_RELEASES": self.releases,
            "TITANIC_PASSENGERS_TOPIC": self.events_topic,
            "TITANIC_PREDICTIONS_TOPIC": answers_topic,
            "TITANIC_DEAD_LETTERS_TOPIC": f"{self.events_topic}-dlq",
            "TITANIC_OUTCOMES_TOPIC": f"{self.events_topic}-outcomes",
            "TITANIC_WEB_PORT": "0",
            "XDG_STATE_HOME": str(self.folder / "state"),
            **entry.settings,
        }


@dataclass(frozen=True, slots=True)
class Time:
    """What a contestant took: from its start to the first answer, from there to the last."""

    startup_s: float
    answers_s: float


def run(entry: Entry, course: Course, name: str, answered: Callable[[int], None]) -> Time:
    """One run, to a new topic and as a new group of that name; tells meanwhile how many it has.

    Raises `NotAnswered` and `KafkaException`.
    """
    answers.create(course.admin, name, course.partitions, **answers.STAMPED_BY_THE_BROKER)
    places = [TopicPartition(name, number) for number in range(course.partitions)]
    started = time.monotonic()
    startup_s = 0.0
    with process(entry, course.environment(entry, name)) as running:
        deadline, count = started + answers.STUCK_AFTER_S, 0
        while count < course.events:
            if _ended(running) or time.monotonic() > deadline:
                raise answers.NotAnswered(
                    f"{count:,} of {course.events:,} events were answered; its log: {log(entry)}"
                )
            if (now := answers.committed(course.admin, places)) > count:
                startup_s = startup_s or time.monotonic() - started
                deadline, count = time.monotonic() + answers.STUCK_AFTER_S, now
                answered(count)
        answers_s = answers.read(course.servers, places, course.events)
    course.admin.delete_topics([name], request_timeout=answers.REQUEST_TIMEOUT_S)[name].result()
    return Time(startup_s, answers_s)


@contextmanager
def process(entry: Entry, environment: Mapping[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """It ends with this context, or with our own process however that ends."""
    command = [sys.executable, guard.__file__, str(GRACE_S), str(log(entry))]
    started = subprocess.Popen(
        [*command, sys.executable, *entry.arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,  # Ctrl-C is for us, who then stop it in order
    )
    try:
        yield started
    finally:
        if started.stdin is not None:
            started.stdin.close()
        started.wait()


def _ended(process: "subprocess.Popen[bytes]") -> bool:
    """Whether it has ended by itself; this is also the pause between two looks."""
    try:
        process.wait(LOOK_EVERY_S)
    except subprocess.TimeoutExpired:
        return False
    return True


def log(entry: Entry) -> Path:
    """What it says in its last run, for who wants to know why it failed. Raises `OSError`."""
    folder = user_log_path("titanic")
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"benchmark-{'-'.join(re.findall(r'[a-z]+', entry.name))}.log"
