"""Where faults happen: three brokers, two workers that each reach them over a line, a producer that
never stops and a reader that never stops.
"""

import random
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from confluent_kafka import TopicCollection, TopicPartition

from tests import synthetic
from tests.faults.brokers import Brokers
from tests.faults.network import Line
from tests.faults.oracle import Verdict, judge
from tests.faults.source import Source
from tests.faults.watch import Watch
from tests.integration.topics import committed, nothing_open, written
from tests.integration.workers import Scene, Worker, until
from titanic_model.releases import Releases

WORKERS: Final = 2
PARTITIONS: Final = 4
RATE: Final = 600
RECOVERED_WITHIN_S: Final = 120.0
AT_REST_WITHIN_S: Final = 120.0
LOOK_EVERY_S: Final = 0.05
# With all well again, a stream that is silent for so long has nothing more to say.
QUIET_S: Final = 10.0
# Many transactions, and the broker's word on a dead worker sooner than by default, so that more
# faults find time: a session of 15 s, a transaction of 10 s, a minute between two polls.
SETTINGS: Final = {
    "KAFKA_MAX_POLL_INTERVAL_MS": "30000",
    "KAFKA_SESSION_TIMEOUT_MS": "3000",
    "KAFKA_HEARTBEAT_INTERVAL_MS": "1000",
    "KAFKA_TRANSACTION_TIMEOUT_MS": "2000",
    # A full batch is committed while the next is read: so that many are full, also in the calm.
    "TITANIC_BATCH_SIZE": "20",
    "TITANIC_FOLLOW_EVERY_S": "0.2",
}
# Two releases that differ everywhere.
FIRST: Final = synthetic.make()
SECOND: Final = synthetic.make(synthetic.DISTINCT[::-1])


@dataclass
class Stage:
    """A group of workers at work; a fault is done to it while it is."""

    brokers: Brokers
    scene: Scene
    source: Source
    watch: Watch
    places: list[TopicPartition]
    chance: random.Random
    workers: list[tuple[Worker, Line]] = field(default_factory=list)
    # By partition, the first event that is judged; all, where it does not say.
    begin: Mapping[int, int] = field(default_factory=dict)
    # What all of its workers have beside the usual.
    settings: Mapping[str, str] = field(default_factory=dict)
    # The longest recovery since somebody set it to 0, in seconds.
    longest_s: float = 0.0
    # From when a recovery counts, and by partition the first event that shows it.
    _since: float = 0.0
    _mark: Mapping[int, int] = field(default_factory=dict)

    @property
    def store(self) -> Releases:
        """The release store that the workers follow."""
        return Releases(self.scene.releases)

    def start(self, line: Line | None = None, program: str = "worker", **settings: str) -> Worker:
        """Start one more worker, on the line that fewer use unless it is told."""
        if line is None:
            busy = [used.name for _, used in self.workers]
            line = min(self.brokers.lines.values(), key=lambda one: busy.count(one.name))
        worker = self.scene.worker(
            program,
            **{**SETTINGS, **self.settings, "KAFKA_BOOTSTRAP_SERVERS": line.servers, **settings},
        )
        self.workers.append((worker, line))
        return worker

    def pick(self) -> tuple[Worker, Line]:
        """One that runs."""
        return self.chance.choice(self.workers)

    def forget(self, worker: Worker) -> None:
        """It has ended, or will."""
        self.workers = [(one, line) for one, line in self.workers if one is not worker]

    def stop(self, worker: Worker) -> None:
        """Stop it in order."""
        self.forget(worker)
        assert worker.stop() == 0, worker.log

    def kill(self, worker: Worker) -> None:
        """End it by signal 9."""
        self.forget(worker)
        worker.kill()

    def replace(self, worker: Worker, program: str = "worker", **settings: str) -> Worker:
        """Stop one in order and start another in its place."""
        line = next(line for one, line in self.workers if one is worker)
        self.stop(worker)
        return self.start(line, program, **settings)

    def from_now(self) -> None:
        """The recovery counts from now: what is sent from now on shows it."""
        self.watch.look()
        self._since, self._mark = time.monotonic(), self.source.mark()

    def recovered(self) -> None:
        """Wait until an event of each partition that was sent since then is answered."""
        deadline = self._since + RECOVERED_WITHIN_S
        while (at := self.watch.answered_after(self._mark, self._since)) is None:
            for fault in (self.source.fault, self.watch.fault):
                if fault:
                    raise fault
            if time.monotonic() > deadline:
                raise AssertionError(f"no recovery\n{self.outputs()}\nthe workers:\n{self.logs()}")
            time.sleep(LOOK_EVERY_S)
        self.longest_s = max(self.longest_s, at - self._since)

    def at_rest(self) -> None:
        """Send nothing more, and wait until all that was sent is answered."""
        self.source.pause()
        self.all_answered()

    def all_answered(self) -> None:
        """Wait until every event that is judged has an answer, or no more answers come."""
        sent = ((p, o) for p, offsets in self.source.offsets.items() for o in offsets)
        count = self.source.count - self._left_aside(sent)
        answers = self.watch.tally.answers
        came, quiet_at = -1, 0.0
        while (now := len(answers) - self._left_aside(answers)) < count:
            if now != came:
                came, quiet_at = now, time.monotonic() + QUIET_S
            if time.monotonic() > quiet_at or self.watch.fault:
                return
            time.sleep(LOOK_EVERY_S)

    def _left_aside(self, events: Iterable[tuple[int, int]]) -> int:
        """How many of these are not judged; all are, on most stages."""
        if not self.begin:
            return 0
        # A copy, since a reader may add to them.
        return sum(offset < self.begin.get(partition, 0) for partition, offset in list(events))

    def begin_anew(self, *gone: str) -> None:
        """Delete topics at rest: what is sent from now on is judged."""
        self.at_rest()
        self.begin = self.source.mark()
        were = self._ids(gone)
        self._delete(gone)
        for topic in gone:
            self.watch.begin_anew(topic)
        if self.scene.passengers in gone:  # a producer would give up events for a topic of no kind
            self._there_again(gone, were)
            self.begin = {}
            self.source.forget()
        self.source.resume()
        until(lambda: len(self.source.mark()) == PARTITIONS, "events everywhere", 30)
        self.from_now()

    def lose(self, topic: str) -> None:
        """Delete a topic of answers under load: what is sent once it is there again is judged.

        Of what was sent before, nobody can tell whether its answer was in it.
        """
        self._there_again([topic], ())  # which, of the dead letters', takes the first of them
        were = self._ids([topic])
        self._delete([topic])
        self._there_again([topic], were)
        self.watch.begin_anew(topic)
        until(lambda: not self.watch.is_to_begin_anew, "a reader of it", AT_REST_WITHIN_S)
        self.begin = self.source.mark()
        self.from_now()

    def _delete(self, topics: Sequence[str]) -> None:
        for deleted in self.brokers.admin.delete_topics(list(topics)).values():
            deleted.result(AT_REST_WITHIN_S)

    def _there_again(self, topics: Sequence[str], were: Collection[str]) -> None:
        def anew() -> bool:
            return len(self._ids(topics) - set(were)) == len(topics)

        until(anew, "new topics", AT_REST_WITHIN_S)

    def _ids(self, names: Collection[str]) -> set[str]:
        """Kafka's own of the topics of these names: those that are made anew have others."""
        found = self.brokers.admin.describe_topics(TopicCollection(list(names)))
        return {str(one.result().topic_id) for one in found.values() if one.exception() is None}

    def settle(self) -> None:
        """All as at the beginning: brokers in sync, lines well, two workers that read."""
        for line in self.brokers.lines.values():
            line.heal()
        self.brokers.heal()
        for worker, _ in self.workers:
            assert worker.process.poll() is None, f"a worker ended:\n{worker.log}"
        while len(self.workers) < WORKERS:
            self.start()
        for worker, _ in self.workers[WORKERS:]:
            self.stop(worker)
        for worker, _ in self.workers:
            worker.reads_some()

    def finish(self) -> Verdict:
        """Let the stream come to rest, and judge."""
        self.settle()
        self.source.stop()
        self.all_answered()
        outputs = self.scene.predictions, self.scene.dead_letters
        until(
            lambda: nothing_open(self.brokers.admin, *outputs),
            "the end of all transactions",
            AT_REST_WITHIN_S,
        )
        self.all_answered()
        self.watch.stop()
        return judge(
            self.brokers.cluster.bootstrap_servers,
            environment=self.scene.environment(),
            source=[TopicPartition(self.scene.passengers, p) for p in range(PARTITIONS)],
            places=self.places,
            sent=self.source.offsets,
            begin=self.begin,
            producers_aborted=self.source.aborted,
            live=self.watch.tally,
            dead_letters=self.scene.dead_letters,
        )

    def outputs(self) -> str:
        """How far events are sent, the topics of answers written and committed, the reader is."""
        lines = [f"sent to {self.source.mark()}, to be answered from {self._mark}"]
        for topic in (self.scene.predictions, self.scene.dead_letters):
            admin = self.brokers.admin
            for end, stable in zip(written(admin, topic), committed(admin, topic), strict=True):
                place = topic, end.partition
                lines.append(
                    f"{topic}/{end.partition}: {end.end} written, {stable.end} committed, "
                    f"read to {self.watch.read_to.get(place, 0)}"
                )
        return "\n".join(lines)

    def logs(self) -> str:
        """What each worker said last, and says of itself now."""
        return "\n".join(_told(worker) for worker in self.scene.started)


def _told(worker: Worker) -> str:
    lines = worker.log.splitlines()[-15:]
    if worker.process.poll() is None:
        committed = worker.metric("titanic_events_total")
        lines.append(f"{committed:,.0f} events committed; {worker.page('/readyz')[1]}")
    return "\n".join(lines)
