"""A worker watched from outside: memory, threads, files, and what Kafka says of its work.

The samples are taken in a thread of their own, so that a producer that blocks misses none.
"""

import struct
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Final, Self

import psutil
from confluent_kafka import (
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import (  # type: ignore[attr-defined] # left out of its __all__
    AdminClient,
    OffsetSpec,
)

from benchmarks.answers import AT_ONCE, REQUEST_TIMEOUT_S
from benchmarks.soaked import Sample, Transactions
from cli import kafka

SAMPLE_EVERY_S: Final = 1.0
# Of the memory alone, which is a look into /proc.
PEAK_EVERY_S: Final = 0.02
MIB: Final = 2**20
LOG: Final = "__transaction_state"
# Of a record's value: version, producer id, its epoch, timeout, status.
STATUS: Final = struct.Struct(">hqhib")
# Empty, completed either way, and dead: as Kafka numbers them.
ENDED: Final = {0, 4, 5, 6}


class Watched:
    """Samples of a process until it is closed. `sent` is written by who produces."""

    def __init__(
        self,
        *,
        process: psutil.Process,
        servers: str,
        group: str,
        events: Sequence[TopicPartition],
        answers: Sequence[TopicPartition],
        admin: AdminClient,
    ) -> None:
        self.sent = 0
        self.peak_mib = 0.0
        self.samples: list[Sample] = []
        self._process = process
        self._events, self._answers, self._admin = list(events), list(answers), admin
        self._group = kafka.consumer(servers, group)
        self._begun = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._group.close()

    @property
    def answered(self) -> int:
        """How many events were committed when it was last looked."""
        return self.samples[-1].answered if self.samples else 0

    @property
    def gone(self) -> bool:
        """Whether nothing is watched any longer: the process or the broker went away."""
        return not self._thread.is_alive()

    def _watch(self) -> None:
        next_at = time.monotonic()
        while not self._ended.wait(PEAK_EVERY_S):
            try:
                self.peak_mib = max(self.peak_mib, self._process.memory_info().rss / MIB)
                if time.monotonic() >= next_at:
                    self.samples.append(self._sample())
                    next_at += SAMPLE_EVERY_S
            except (psutil.NoSuchProcess, KafkaException):
                return

    def _sample(self) -> Sample:
        with self._process.oneshot():
            rss, threads = self._process.memory_info().rss, self._process.num_threads()
        files = self._process.num_fds()
        told = self._group.committed(self._events, REQUEST_TIMEOUT_S)
        answered = sum(max(place.offset, 0) for place in told)
        uncommitted = self._ends(IsolationLevel.READ_UNCOMMITTED)
        uncommitted -= self._ends(IsolationLevel.READ_COMMITTED)
        at = time.monotonic() - self._begun
        # What is written between the two questions is in the second alone.
        return Sample(at, self.sent, answered, rss / MIB, threads, files, max(uncommitted, 0))

    def _ends(self, isolation: IsolationLevel) -> int:
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        told = self._admin.list_offsets(
            dict.fromkeys(self._answers, latest),
            isolation_level=isolation,
            request_timeout=REQUEST_TIMEOUT_S,
        )
        return sum(end.result().offset for end in told.values())


def transactions(servers: str, group: str) -> Transactions | None:
    """What Kafka's own log says of the group's transactional ids; None where it may not be read.

    Raises `TimeoutError`.
    """
    with closing(kafka.consumer(servers, group, **{"enable.partition.eof": "true"})) as reader:
        known = reader.list_topics(LOG, REQUEST_TIMEOUT_S).topics[LOG]
        if known.error:
            return None
        reader.assign([TopicPartition(LOG, number, 0) for number in known.partitions])
        states = _states(reader, len(known.partitions))
    own = [status for name, status in states.items() if name.startswith(group)]
    return Transactions(len(own), sum(status not in ENDED for status in own))


def _states(reader: Consumer, partitions: int) -> dict[str, int]:
    """The last status of each transactional id."""
    states: dict[str, int] = {}
    at_end: set[int | None] = set()
    deadline = time.monotonic() + REQUEST_TIMEOUT_S
    while len(at_end) < partitions:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{LOG}: {len(at_end)} of {partitions} partitions were read in time")
        for record in reader.consume(AT_ONCE, 0.1):
            if error := record.error():
                if error.code() != KafkaError._PARTITION_EOF:
                    raise KafkaException(error)
                at_end.add(record.partition())
            elif value := record.value():
                name = (record.key() or b"")[4:].decode()  # behind a version and a length
                states[name] = STATUS.unpack_from(value)[-1]
    return states
