"""Replayed events and the note that they were, in one transaction."""

from typing import Any, Final, NoReturn

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from cli.dlq.ledger import Replayed
from cli.dlq.options import Desk
from stream.clients import build, producer_properties
from stream.dead_letters import Letter, Origin, replayed
from stream.record import size_bytes

# What a transaction has at the most; the second holds for large ones, but for its last event.
TRANSACTION_EVENTS: Final = 1_000
TRANSACTION_BYTES: Final = 16_000_000
CALL_TIMEOUT_S: Final = 30.0
BY_KEY: Final = -1
FENCED: Final = {
    KafkaError._FENCED,
    KafkaError.PRODUCER_FENCED,
    KafkaError.INVALID_PRODUCER_EPOCH,
}
PURGED: Final = {KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT}


class NotReplayed(Exception):
    """Not everything was sent; the message says how much was, and why no more."""


class Sender:
    """Sends events by the thousand, each thousand and its notes all or not at all.

    There is one transactional id for a topic of letters: a new sender ends what an earlier one left
    open, and the earlier one can send nothing more. Raises `KafkaException` until it is there.
    """

    def __init__(self, opened: Desk, done: Replayed) -> None:
        self._done = done
        self._refused: str | None = None
        self._open = self._open_bytes = self._sent = 0
        topic = opened.topic
        self._partitions = {
            name: len(known.partitions)
            for name, known in opened.admin.list_topics(timeout=CALL_TIMEOUT_S).topics.items()
        }
        properties: dict[str, Any] = {
            **producer_properties(),
            "bootstrap.servers": opened.properties["bootstrap.servers"],
            "client.id": "titanic-dlq-replay",
            "transactional.id": f"titanic-dlq-replay-{topic}",
            "on_delivery": self._hear,
        }
        self._producer = build(Producer, properties, _ignore)
        self._producer.init_transactions(CALL_TIMEOUT_S)

    def send(self, place: Origin, letter: Letter) -> None:
        """Send the event of the letter at a place. Raises `NotReplayed`."""
        topic, partition, _ = letter.origin
        try:
            if not self._open:
                self._producer.begin_transaction()
            self._open += 1
            self._producer.produce(
                topic,
                letter.value,
                letter.key,
                # Where its key's other events are, whoever chose it; unless it is there no more.
                partition=partition if partition < self._partitions.get(topic, 0) else BY_KEY,
                headers=replayed(letter),  # type: ignore[arg-type] # None is a header's value, too
                timestamp=letter.timestamp_ms or 0,
            )
            note = self._done.value(place, letter)
            self._producer.produce(self._done.topic, note, self._done.key(place))
            self._producer.poll(0)
        except KafkaException as error:
            self._fail(error)
        self._open_bytes += size_bytes(letter.key, letter.value, letter.headers)
        if self._open == TRANSACTION_EVENTS or self._open_bytes > TRANSACTION_BYTES:
            self._commit()

    def finish(self) -> int:
        """Commit what is open; how many events were sent in all. Raises `NotReplayed`."""
        if self._open:
            self._commit()
        return self._sent

    def _commit(self) -> None:
        try:
            self._producer.commit_transaction(CALL_TIMEOUT_S)
        except KafkaException as error:
            if error.args[0].retriable():
                raise NotReplayed(
                    f"{self._sent:,} events were sent, of {self._open:,} it is not known "
                    f"({error.args[0].str()}); run it again, none is sent twice"
                ) from None
            self._fail(error)
        self._sent += self._open
        self._open = self._open_bytes = 0

    def _fail(self, failure: KafkaException) -> NoReturn:
        error: KafkaError = failure.args[0]
        why = self._refused or error.str()
        if error.code() in FENCED:
            why = "another replay has begun"
        elif error.txn_requires_abort() or not error.fatal():
            try:
                self._producer.abort_transaction(CALL_TIMEOUT_S)
            except KafkaException as second:
                why = f"{why}; {second.args[0].str()}"
        raise NotReplayed(f"{self._sent:,} events were sent, no more: {why}") from None

    def _hear(self, error: KafkaError | None, record: Message) -> None:
        if error and not self._refused and error.code() not in PURGED:
            size = len(record.value() or b"")
            self._refused = f"{record.topic()} did not take {size:,} bytes: {error.str()}"


def _ignore(_: KafkaError) -> None:
    """The calls that fail say what is wrong."""
