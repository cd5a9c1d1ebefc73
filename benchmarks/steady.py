"""Events at a steady rate, and when each was answered, as a `read_committed` reader sees it.

Sender and reader are threads of one process, so that one clock tells how long an answer took; an
event's number is its passenger's id, and each partition gets every so-manieth of them.
"""

import itertools
import statistics
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Final, NamedTuple

import msgspec
from confluent_kafka import KafkaException, Producer, TopicPartition

from benchmarks import events
from cli import kafka

SEED: Final = 1912
TICK_S: Final = 0.005
AT_ONCE: Final = 10_000
ANSWERED_WITHIN_S: Final = 120.0


class Wrong(Exception):
    """Not every event has exactly one answer; the message says how many have not."""


class Answer(msgspec.Struct, frozen=True):
    """What is read of a prediction."""

    passenger_id: str
    event: str


class Seen(NamedTuple):
    """An answer as it came: which event's, of which partition; both times by `time.monotonic`."""

    number: int
    partition: int
    sent_at: float
    at: float


class Figures(NamedTuple):
    """What a span of time was like for who waits for answers; all in seconds.

    A gap is between two answers, one after the other: the longest of the whole stream, and of all
    partitions' longest the worst and the median.
    """

    stream_gap: float
    worst_gap: float
    usual_gap: float
    p50: float
    p99: float
    longest: float


def figures(seen: Iterable[Seen], since: float, until: float) -> Figures:
    """Of the events that were sent in a span of time, of which each partition has some."""
    whole = list(seen)
    by_partition: dict[int, list[Seen]] = defaultdict(list)
    for one in whole:
        by_partition[one.partition].append(one)

    def gap(answers: Iterable[Seen]) -> float:
        pairs = itertools.pairwise(sorted(one.at for one in answers))
        return max(later - at for at, later in pairs if later >= since and at <= until)

    gaps = [gap(answers) for answers in by_partition.values()]
    waits = sorted(one.at - one.sent_at for one in whole if since <= one.sent_at <= until)
    return Figures(
        gap(whole),
        max(gaps),
        statistics.median(gaps),
        statistics.median(waits),
        waits[int(0.99 * (len(waits) - 1))],
        waits[-1],
    )


class Steady:
    """Traffic that runs until `stop`: from `events_topic` to `answers_topic`."""

    def __init__(
        self, servers: str, events_topic: str, answers_topic: str, partitions: int, rate: int
    ) -> None:
        self._servers = servers
        self._topics = events_topic, answers_topic
        self._partitions = partitions
        self._rate = rate
        self._sent_at: list[float] = []
        self._seen: list[Seen] = []
        self._failure: BaseException | None = None
        self._silent, self._over = threading.Event(), threading.Event()
        self._threads = [
            threading.Thread(target=self._kept, args=(part,), daemon=True)
            for part in (self._send, self._read)
        ]

    @property
    def seen(self) -> Sequence[Seen]:
        """The answers until now, in the order they came."""
        return self._seen[:]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def catch_up(self) -> None:
        """Wait until what was sent before now is answered. Raises `Wrong`."""
        self._await(len(self._sent_at))

    def stop(self) -> None:
        """Send no more and wait for the last answer. Raises `Wrong` unless each event has one."""
        self._silent.set()
        self._threads[0].join()
        self._await(len(self._sent_at))
        self._over.set()
        self._threads[1].join()
        counts = Counter(one.number for one in self._seen)
        if more := sum(count > 1 for count in counts.values()):
            raise Wrong(f"{more:,} of {len(counts):,} events have more than one answer")

    def end(self) -> None:
        """Leave it as it is."""
        self._silent.set()
        self._over.set()

    def _await(self, count: int) -> None:
        """Until the first so many events are answered."""
        deadline = time.monotonic() + ANSWERED_WITHIN_S
        wanted = set(range(count))
        read = 0
        while wanted:
            new = self._seen[read:]
            read += len(new)
            wanted.difference_update(one.number for one in new)
            if self._failure:
                raise self._failure
            if time.monotonic() > deadline:
                raise Wrong(f"{len(wanted):,} of {count:,} events are not answered")
            time.sleep(TICK_S)

    def _kept(self, part: Callable[[], None]) -> None:
        try:
            part()
        except BaseException as error:  # raised where it is waited for
            self._failure = error

    def _send(self) -> None:
        producer = kafka.producer(self._servers, **{"linger.ms": "0"})
        drawn = [event.value for event in events.draw(1_000, SEED)]
        begun = time.monotonic()
        while not self._silent.is_set():
            due = int((time.monotonic() - begun) * self._rate)
            for number in range(len(self._sent_at), due):
                self._produce(producer, number, drawn[number % len(drawn)])
            producer.poll(TICK_S)
        kafka.flush(producer)

    def _produce(self, producer: Producer, number: int, drawn: bytes) -> None:
        fields = msgspec.json.decode(drawn) | {"passenger_id": str(number)}
        key, partition = str(number).encode(), number % self._partitions
        self._sent_at.append(time.monotonic())
        producer.produce(self._topics[0], msgspec.json.encode(fields), key, partition)

    def _read(self) -> None:
        decode = msgspec.json.Decoder(Answer).decode
        topic = self._topics[1]
        with closing(kafka.consumer(self._servers, "titanic-benchmark")) as reader:
            reader.assign([TopicPartition(topic, p, 0) for p in range(self._partitions)])
            while not self._over.is_set():
                messages = reader.consume(AT_ONCE, TICK_S)
                at = time.monotonic()
                for message in messages:
                    if error := message.error():
                        raise KafkaException(error)
                    answer = decode(message.value() or b"")
                    number = int(answer.passenger_id)
                    partition = int(answer.event.split("/")[1])
                    self._seen.append(Seen(number, partition, self._sent_at[number], at))


@contextmanager
def traffic(
    servers: str, events_topic: str, answers_topic: str, partitions: int, rate: int
) -> Iterator[Steady]:
    """Steady traffic, started; it ends with this context."""
    made = Steady(servers, events_topic, answers_topic, partitions, rate)
    made.start()
    try:
        yield made
    finally:
        made.end()
