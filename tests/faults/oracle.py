"""What must be true at the end: predictions and dead letters together are the inputs, once each.

It is that of Kafka's own transaction tests, asked twice: by counting, here, and by the project's
own `titanic reconcile`, which also compares every answer with what its release says.
"""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import KafkaError, Message, TopicPartition

from tests.faults.watch import Tally, consumer

READ_WITHIN_S: Final = 120.0
RECONCILED_WITHIN_S: Final = 300.0

# What is to be 0.
FAULTY: Final = (
    "lost",
    "duplicated",
    "invented",
    "out_of_order",
    "wrong",
    "lag",
    "readers_differ",
)
SHOWN: Final = 5


@dataclass(frozen=True)
class Verdict:
    """What was found: the `FAULTY` counts are to be 0.

    `aborted` records are those that only a `read_uncommitted` reader sees.
    """

    events: int
    predictions: int
    dead_letters: int
    aborted: int
    producers_aborted: int
    lost: int
    duplicated: int
    invented: int
    out_of_order: int
    wrong: int
    lag: int
    # Partitions of which the live and the final reader did not see the same.
    readers_differ: int
    # The first places of each of them, and what `titanic reconcile` told.
    differences: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether the promise held."""
        return not any(getattr(self, name) for name in FAULTY) and not self.differences


def judge(
    servers: str,
    *,
    environment: Mapping[str, str],
    source: Sequence[TopicPartition],
    places: Sequence[TopicPartition],
    sent: Mapping[int, Sequence[int]],
    begin: Mapping[int, int],
    producers_aborted: int,
    live: Tally,
    dead_letters: str,
) -> Verdict:
    """Read everything once more. The stream is at rest, and the live reader has seen its end.

    The events are what is on their topic, also where their own producer's client has put one there
    twice, and what Kafka confirmed of those `sent`: the offsets by partition. What is before
    `begin` is left aside.
    """
    final = Tally(dead_letters)
    _read(servers, places, final)
    uncommitted = Tally(dead_letters)
    _read(servers, places, uncommitted, "read_uncommitted")
    told = _reconcile(environment, begin)
    counts = told["counts"]
    there = {(p, o) for p, offsets in sent.items() for o in offsets}
    there |= {
        (m.partition() or 0, m.offset() or 0) for m in _records(servers, source, "read_committed")
    }
    expected = Counter(place for place in there if place[1] >= begin.get(place[0], 0))
    answered = Counter(
        {(p, o): count for (p, o), count in final.answers.items() if o >= begin.get(p, 0)}
    )
    differ = [
        place
        for place in {*final.seen, *live.seen}
        if final.seen.get(place) != live.seen.get(place)
    ]
    lost = sorted(expected.keys() - answered.keys())
    twice = sorted(e for e in expected.keys() & answered.keys() if answered[e] > 1)
    invented = sorted(answered.keys() - expected.keys())
    differences = [
        f"{what}: {', '.join(f'{p}/{o}' for p, o in places[:SHOWN])}"
        for what, places in (("lost", lost), ("twice", twice), ("invented", invented))
        if places
    ] + [f"reconcile: {one}" for one in told["differences"][:SHOWN]]
    return Verdict(
        events=expected.total(),
        predictions=sum(told["predictions"].values()),
        dead_letters=sum(told["dead_letters"].values()),
        aborted=uncommitted.answers.total() - final.answers.total(),
        producers_aborted=producers_aborted,
        lost=max(len(lost), counts["lost"] + counts["waiting"]),
        duplicated=max(sum(answered[event] - 1 for event in twice), counts["duplicated"]),
        invented=max(len(invented), counts["invented"]),
        out_of_order=max(final.out_of_order, counts["out_of_order"]),
        wrong=counts["wrong"]
        + counts["altered"]
        + counts["unknown_version"]
        + counts["unreadable"],
        lag=counts["not_committed"],
        readers_differ=len(differ),
        differences=tuple(differences),
    )


def _read(
    servers: str, places: Sequence[TopicPartition], tally: Tally, isolation: str = "read_committed"
) -> None:
    """All there is."""
    for message in _records(servers, places, isolation):
        tally.take(message)


def _records(servers: str, places: Sequence[TopicPartition], isolation: str) -> Iterator[Message]:
    """All records of the partitions, from their beginnings to their ends."""
    reader = consumer(servers, isolation)
    at_end: set[tuple[str | None, int | None]] = set()
    deadline = time.monotonic() + READ_WITHIN_S
    with closing(reader):
        reader.assign([TopicPartition(p.topic, p.partition, 0) for p in places])
        while len(at_end) < len(places):
            assert time.monotonic() < deadline, f"{len(at_end)} of {len(places)} partitions read"
            for message in reader.consume(10_000, 0.2):
                if (error := message.error()) is None:
                    yield message
                elif error.code() == KafkaError._PARTITION_EOF:
                    at_end.add((message.topic(), message.partition()))


def _reconcile(environment: Mapping[str, str], begin: Mapping[int, int]) -> dict[str, Any]:
    """What `titanic reconcile` says."""
    since = [part for p, offset in begin.items() for part in ("--from", f"{p}/{offset}")]
    done = subprocess.run(
        [sys.executable, "-c", "from cli.main import app; app()", "reconcile", "--json", *since],
        env=environment,
        capture_output=True,
        text=True,
        timeout=RECONCILED_WITHIN_S,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told
