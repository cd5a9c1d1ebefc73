"""A trial of the stream: events sent, and what came of each of them, with the time it took."""

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec
from confluent_kafka import Message

from cli import kafka
from cli.events import Event
from cli.watch import assign
from stream.dead_letters import PREFIX
from titanic_model.settings import settings

# Marks the events of one trial; headers pass through to predictions and dead letters.
HEADER: Final = "titanic-trial"
ANSWERS_WITHIN_S: Final = 60.0
MAX_RECORDS: Final = 1_000


class Answer(msgspec.Struct):
    """A prediction as it was read."""

    passenger_id: str
    survived: int
    probability: float
    model_version: str
    event: str
    seconds: float = 0.0


class Refusal(NamedTuple):
    """A dead letter as it was read."""

    value: bytes | None
    reason: str
    message: str


@dataclass
class Trial:
    """Sends events and reads their outcome, each under its key, which must be its own."""

    servers: str
    on_prediction: Callable[[bytes], None]
    answers: dict[bytes, Answer] = field(default_factory=dict)
    refusals: dict[bytes, Refusal] = field(default_factory=dict)
    doubled: int = 0

    def __post_init__(self) -> None:
        self._mark = uuid.uuid4().bytes
        self._sent: dict[bytes, float] = {}
        self._producer = kafka.producer(self.servers, **{"linger.ms": "0"})
        self._reader = kafka.consumer(self.servers, f"titanic-trial-{uuid.uuid4()}")
        topics = (settings().predictions_topic, settings().dead_letters_topic)
        assign(self._reader, topics, beginning=False)

    def run(self, events: Sequence[Event], rate: float | None = None) -> float:
        """Send the events, at so many a second, and read until each has its outcome.

        Returns the seconds from the first one sent to the last outcome read. What has none after
        a minute stays without.
        """
        started = time.monotonic()
        expected = self._outcomes + len(events)
        for number, event in enumerate(events):
            while rate and time.monotonic() < started + number / rate:
                self._read(0.001)
            self._send(event)
        kafka.flush(self._producer)
        deadline = time.monotonic() + ANSWERS_WITHIN_S
        while self._outcomes < expected and time.monotonic() < deadline:
            self._read(0.1)
        return time.monotonic() - started

    def close(self) -> None:
        """Let go of the reader, after a last look for what comes twice."""
        self._read(0.5)
        self._reader.close()

    @property
    def _outcomes(self) -> int:
        return len(self.answers) + len(self.refusals)

    def _send(self, event: Event) -> None:
        key = event.key or b""
        self._sent[key] = time.monotonic()
        headers: list[tuple[str, str | bytes | None]] = [(HEADER, self._mark)]
        self._producer.produce(settings().passengers_topic, event.value, key, headers=headers)
        self._producer.poll(0)

    def _read(self, wait_s: float) -> None:
        first = self._reader.poll(wait_s)
        if first is None:
            return
        for message in [first, *self._reader.consume(MAX_RECORDS, 0)]:
            headers = dict(message.headers() or [])
            if message.error() is None and headers.get(HEADER) == self._mark:
                self._take(message, headers)  # type: ignore[arg-type]

    def _take(self, message: Message, headers: dict[str, bytes]) -> None:
        key = message.key() or b""
        self.doubled += key in self.answers or key in self.refusals
        if message.topic() == settings().dead_letters_topic:
            self.refusals[key] = Refusal(
                message.value(),
                headers[PREFIX + "exception.class.name"].decode(),
                headers[PREFIX + "exception.message"].decode(),
            )
            return
        raw = message.value() or b""
        answer = msgspec.json.decode(raw, type=Answer)
        answer.seconds = time.monotonic() - self._sent[key]
        self.answers[key] = answer
        self.on_prediction(raw)
