"""Events into the ledger: what each is to be answered with."""

from collections.abc import Callable, Iterable
from typing import Final

from cli.reconcile.ledger import A_DEAD_LETTER, ANYWHERE, FIRST_EXPECTED, FIRST_INDEX, Sheet
from cli.reconcile.partitioner import partition_of
from stream.batch import verdict_of
from stream.dead_letters import event_time_ms
from stream.record import Headers, Record, size_bytes
from titanic_model.passenger import Passenger
from titanic_model.scorer import index

# What has neither headers nor this long a key or value is small on any topic.
SMALL_BYTES: Final = 512

Where = Callable[[bytes], int]


def answer_hash(passenger_id: object, headers: Headers | None) -> int:
    """Of what a prediction repeats of its event, beside the key."""
    return hash((passenger_id, tuple(headers))) if headers else hash(passenger_id)


def letter_hash(value: bytes | None, headers: Headers | None, time_ms: int | None) -> int:
    """Of what a dead letter repeats of its event, beside the key."""
    return hash((value, tuple(headers or ()), time_ms))


class Events:
    """The ledger: a sheet for each source partition.

    An event of `large_bytes` or more may be refused for its size alone. `expected` tells, where
    answers may have expired, on which output partition (by its number) that of a key is: the
    first for predictions, the second for dead letters.
    """

    def __init__(
        self,
        sheets: dict[int, Sheet],
        large_bytes: int,
        expected: tuple[Where, Where] | None = None,
    ) -> None:
        self.sheets = sheets
        # By partition and offset: the hash of what a dead letter of it repeats.
        self.large: dict[tuple[int, int], int] = {}
        self._large_bytes = large_bytes
        self._expected = expected

    def enter(self, records: Iterable[Record]) -> None:
        """Take note of events; those outside the sheets' ranges are left out."""
        sheets = self.sheets
        for record in records:
            partition, offset = record.partition(), record.offset()
            sheet = sheets[partition]
            if not sheet.start <= offset < sheet.end:
                continue
            key = record.key()
            try:
                headers = record.headers()
                verdict = verdict_of(record)
            except SystemError:  # a header's name that is not UTF-8; see `stream.batch`
                headers, verdict = None, None
            chunk, row = sheet.chunk(offset)
            if isinstance(verdict, Passenger):
                chunk.due[row] = FIRST_INDEX + index(verdict)
                chunk.content[row] = answer_hash(verdict.passenger_id, headers)
            else:
                chunk.due[row] = A_DEAD_LETTER
                chunk.content[row] = letter_hash(record.value(), headers, _time_ms(record))
            chunk.key[row] = hash(key)
            chunk.unanswered += 1
            sheet.events += 1
            sheet.last = offset
            value = record.value()
            if headers or len(value or b"") > SMALL_BYTES or len(key or b"") > SMALL_BYTES:
                self._note_size(record, headers)
            if self._expected:
                where = self._expected[chunk.due[row] == A_DEAD_LETTER]
                chunk.answered_in[row] = ANYWHERE if key is None else FIRST_EXPECTED - where(key)

    def _note_size(self, record: Record, headers: Headers | None) -> None:
        value = record.value()
        if size_bytes(record.key(), value, headers) >= self._large_bytes:
            place = record.partition(), record.offset()
            self.large[place] = letter_hash(value, headers, _time_ms(record))


def expected(topics: tuple[int, int]) -> tuple[Where, Where]:
    """By key, the number of the output partition, of topics of so many partitions each."""
    predictions, dead_letters = topics
    return (
        lambda key: partition_of(key, predictions),
        lambda key: predictions + partition_of(key, dead_letters),
    )


def _time_ms(record: Record) -> int | None:
    """None, too, for 0: librdkafka cannot write it, so that the letter has another."""
    return event_time_ms(record) or None
