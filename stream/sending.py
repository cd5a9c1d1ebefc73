"""The producer's queue: a batch goes in, and what Kafka did not take of it is told."""

import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from stream.batch import Outcome
from stream.clients import build
from titanic_model.settings import Settings

# How long a full queue is given to drain, in steps of the pause.
DRAINS_WITHIN_S: Final = 10.0
QUEUE_PAUSE_S: Final = 0.05
PURGED: Final = {KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT}


class QueueStuck(TimeoutError):
    """The producer's queue did not drain before its deadline."""


class Refused:
    """The first record of a batch that Kafka did not take; hears of failed deliveries only."""

    error: KafkaError | None = None
    text: str | None = None

    def clear(self) -> None:
        """A new batch."""
        self.error = self.text = None

    def __call__(self, error: KafkaError | None, record: Message) -> None:
        """What a producer tells of a record."""
        # Those that an abort or `drop` purges were given up by us.
        if error is None or self.error or error.code() in PURGED:
            return
        self.error = error
        size = len(record.value() or b"")
        self.text = f"{record.topic()} did not take a record of {size:,} bytes: {error.str()}"
        if error.code() == KafkaError.INVALID_RECORD:
            self.text += "; is its time more than an hour ahead of Kafka's (date -u)?"


def producer(
    properties: Mapping[str, str], refused: Refused, on_error: Callable[[KafkaError], None]
) -> Producer:
    """A producer that tells of failed deliveries alone."""
    more: dict[str, Any] = {"delivery.report.only.error": True, "on_delivery": refused}
    return build(Producer, {**properties, **more}, on_error)


def drop(one: Producer) -> None:
    """Give up what is queued and on its way, so that the producer's end waits for none of it."""
    with contextlib.suppress(KafkaException):  # a producer that failed for good says so once more
        one.purge()
        one.flush(0)


def send(to: Producer, outcome: Outcome, settings: Settings) -> None:
    """Queue every record. Raises `QueueStuck`."""
    topic = settings.predictions_topic
    produce = to.produce
    for one in outcome.predictions:
        try:
            # Headers, even none, cost the client as much again as the record: most have none.
            if one.headers is None:
                produce(topic, one.value, one.key)
            else:
                produce(topic, one.value, one.key, headers=one.headers)  # type: ignore[arg-type]
        except BufferError:
            _queue(to, topic, one.value, one.key, headers=one.headers or [])
    topic = settings.dead_letters_topic
    for key, original, headers, timestamp_ms in outcome.dead_letters:
        # A timestamp of 0 is the time it is sent.
        _queue(to, topic, original, key, headers=headers, timestamp=timestamp_ms or 0)


def _queue(to: Producer, *record: Any, **more: Any) -> None:
    """Queue a record, waiting where the queue is full. Raises `QueueStuck`."""
    deadline: float | None = None
    while True:
        try:
            return to.produce(*record, **more)
        except BufferError:
            deadline = deadline or time.monotonic() + DRAINS_WITHIN_S
            if time.monotonic() > deadline:
                raise QueueStuck("the producer's queue stays full") from None
            to.poll(QUEUE_PAUSE_S)


def text_of(error: BaseException) -> str:
    """What is wrong, in Kafka's words where it has some."""
    return error.args[0].str() if isinstance(error, KafkaException) else str(error)
