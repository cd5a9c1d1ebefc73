"""The producer that never stops: numbered events, valid and invalid, at a steady rate."""

import json
import random
import threading
import time
from array import array
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

TICK_S: Final = 0.02
KEYS: Final = 97
CODECS: Final = ("none", "lz4", "zstd", "snappy", "gzip")
# What no passenger is; the values of numbered events that are refused, each for another reason.
POISONS: Final[tuple[bytes | None, ...]] = (
    b"no passenger",
    b"",
    None,
    b'{"sex": "male"}',
    b'{"sex": "male", "pclass": 7}',
    b'{"sex": "male", "pclass": 3, "age": "29"}',
    b'{"sex": "male", "pclass": 3, "age": -1}',
    b"\xff\xfe\x00",
    b"[" * 10_000,
)
POISONED: Final = 0.02
FLUSHED_WITHIN_S: Final = 120.0


class Source:
    """Sends events to `topic` from `start` to `stop`, and knows where Kafka put each.

    What was sent is what Kafka has confirmed: the producer repeats until it has, once each. What
    is sent in a transaction counts when that is committed.
    """

    def __init__(self, servers: str, topic: str, rate: int, chance: random.Random) -> None:
        self._servers = servers
        self._topic = topic
        self._rate = rate
        self._chance = chance
        self._number = 0
        self._lock = threading.Lock()
        self._codec = "none"
        self._producer = self._made()
        self._stopping = threading.Event()
        self._flows = threading.Event()
        self._thread = threading.Thread(target=self._run, name="source", daemon=True)
        self.fault: BaseException | None = None
        # By partition, the offsets that Kafka has confirmed, in the order of its confirmations.
        self.offsets: dict[int, array[int]] = {}
        self._next: dict[int, int] = {}
        # Confirmed as a repetition of what a broker had taken before it died: it doesn't say where.
        self.unplaced = 0
        self.aborted = 0

    def start(self) -> None:
        """Begin."""
        self._flows.set()
        self._thread.start()

    def pause(self) -> None:
        """Send nothing until `resume`; what was sent is confirmed."""
        with self._lock:
            self._flows.clear()
            self._flush(self._producer)

    def resume(self) -> None:
        """Go on."""
        self._flows.set()

    def stop(self) -> None:
        """End, once Kafka has confirmed all that was sent. Raises what went wrong."""
        self._stopping.set()
        self._thread.join()
        self._flush(self._producer)
        if self.fault:
            raise self.fault

    def end(self) -> None:
        """Send no more, and give up what is not confirmed."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._producer.purge()

    @property
    def count(self) -> int:
        """How many events were confirmed."""
        return self.unplaced + sum(len(offsets) for offsets in self.offsets.values())

    def mark(self) -> Mapping[int, int]:
        """By partition, an offset that no event has yet: what has it or more comes after now."""
        return dict(self._next)

    def forget(self) -> None:
        """The topic was made anew; what it held, and a producer that knew it, are gone."""
        self.offsets, self._next, self.unplaced, self.aborted = {}, {}, 0, 0
        self._producer = self._made()

    def speak(self, codec: str) -> None:
        """Compress by that codec from now on."""
        with self._lock:
            self._flush(self._producer)
            self._codec = codec
            self._producer = self._made()

    def burst(self, count: int, poison_at: int) -> None:
        """So many valid events at once, and one that is not among them."""
        with self._lock:
            for place in range(count):
                self._send(self._producer, POISONS[0] if place == poison_at else self._valid())

    def send_large(self, count: int, header_bytes: int) -> None:
        """Valid events with a header of that size."""
        with self._lock:
            for _ in range(count):
                headers: list[tuple[str, bytes | None]] = [
                    ("ce_data", self._chance.randbytes(header_bytes)),
                    ("traceparent", b"00-1-2-03"),
                ]
                self._send(self._producer, self._valid(), headers=headers)

    def send_aborted(self, count: int) -> None:
        """A transaction of another producer's that is aborted, and one that is committed."""
        producer = Producer(self._properties() | {"transactional.id": f"source-{self._topic}"})
        producer.init_transactions(FLUSHED_WITHIN_S)
        with self._lock:
            for keep in (False, True):
                kept: list[tuple[int, int]] = []
                producer.begin_transaction()
                for _ in range(count):
                    self._send(producer, self._valid(), taken=_note(kept))
                producer.flush(FLUSHED_WITHIN_S)
                if keep:
                    producer.commit_transaction(FLUSHED_WITHIN_S)
                    for place in kept:
                        self._confirmed(*place)
                else:
                    producer.abort_transaction(FLUSHED_WITHIN_S)
                    self.aborted += len(kept)

    def _run(self) -> None:
        try:
            due = time.monotonic()
            while not self._stopping.is_set():
                time.sleep(max(0.0, due - time.monotonic()))
                due = max(due, time.monotonic() - 1) + TICK_S
                with self._lock:
                    if not self._flows.is_set():
                        continue
                    for value in self._values(round(self._rate * TICK_S)):
                        self._send(self._producer, value)
                    self._producer.poll(0)
        except BaseException as fault:
            self.fault = fault

    def _values(self, count: int) -> Iterator[bytes | None]:
        for _ in range(count):
            poisoned = self._chance.random() < POISONED
            yield self._chance.choice(POISONS) if poisoned else self._valid()

    def _valid(self) -> bytes:
        """The next numbered event."""
        self._number += 1
        chance = self._chance
        fields = {
            "passenger_id": f"{self._topic}-{self._number}",
            "age": None if chance.random() < 0.2 else chance.randrange(10_001) / 100,
            "sex": chance.choice(("female", "male")),
            "pclass": chance.randint(1, 3),
        }
        return json.dumps(fields).encode()

    def _send(
        self,
        producer: Producer,
        value: bytes | None,
        *,
        headers: list[tuple[str, bytes | None]] | None = None,
        taken: Callable[[KafkaError | None, Message], None] | None = None,
    ) -> None:
        key = b"key-%d" % self._chance.randrange(KEYS)
        more: dict[str, Any] = {"headers": headers or [], "on_delivery": taken or self._taken}
        while True:
            try:
                return producer.produce(self._topic, value, key, **more)
            except BufferError:
                producer.poll(0.1)

    def _taken(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self.fault = self.fault or KafkaException(error)
            return
        partition, offset = message.partition(), message.offset()
        assert partition is not None
        if offset is None or offset < 0:
            self.unplaced += 1
        else:
            self._confirmed(partition, offset)

    def _confirmed(self, partition: int, offset: int) -> None:
        self.offsets.setdefault(partition, array("q")).append(offset)
        self._next[partition] = max(self._next.get(partition, 0), offset + 1)

    def _made(self) -> Producer:
        return Producer(self._properties())

    def _properties(self) -> dict[str, str | int | float | bool]:
        return {
            "bootstrap.servers": self._servers,
            "partitioner": "murmur2_random",
            "enable.idempotence": True,
            "linger.ms": 5,
            "compression.type": self._codec,
            "message.timeout.ms": 0,
            "queue.buffering.max.messages": 1_000_000,
            "reconnect.backoff.max.ms": 500,
            "log_level": 0,
        }

    @staticmethod
    def _flush(producer: Producer) -> None:
        left = producer.flush(FLUSHED_WITHIN_S)
        assert left == 0, f"{left} events are not confirmed"


def _note(kept: list[tuple[int, int]]) -> Callable[[KafkaError | None, Message], None]:
    def note(error: KafkaError | None, message: Message) -> None:
        assert error is None, error
        kept.append((message.partition() or 0, message.offset() or 0))

    return note
