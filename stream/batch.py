"""A batch's outcome: records in, predictions and dead letters out, order kept.

Pure: it knows the shape of a Kafka record and no client. A record that is wrong in any way
becomes a dead letter, and its neighbours are answered as if it had not been there.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from stream.dead_letters import DeadLetter, bury
from stream.record import Headers, Record, size_bytes
from titanic_model.passenger import (
    MAX_ID_CHARACTERS,
    NOT_PLAIN,
    Passenger,
    Reason,
    Rejection,
    decode_plain,
    parse,
)
from titanic_model.scorer import Scorer


class PredictionRecord(msgspec.Struct, frozen=True, gc=False):
    """A record for `predictions`: the event's key and headers, and the answer."""

    key: bytes | None
    value: bytes
    headers: Headers | None


class Limits(NamedTuple):
    """The largest record that each output topic takes, in bytes."""

    prediction_bytes: int
    dead_letter_bytes: int


class Outcome(NamedTuple):
    """What a batch of records came to: one prediction or one dead letter for each."""

    predictions: list[PredictionRecord]
    dead_letters: list[DeadLetter]
    reasons: Counter[Reason]


_encode_text: Final = msgspec.json.encode
# Without headers, and with a key up to this long, a prediction has room on any topic.
LONG_KEY_BYTES: Final = 512


def score(records: Sequence[Record], scorer: Scorer, limits: Limits) -> Outcome:
    """Answer each record, all of one topic, by its own merits; never raises for one of them."""
    predictions: list[PredictionRecord] = []
    refused: list[DeadLetter] = []
    reasons: Counter[Reason] = Counter()
    answer = scorer.answer
    begin = _Begin(records[0].topic() if records else "")
    for record in records:
        headers: Headers | None = None
        verdict: Passenger | Rejection
        try:
            headers = record.headers()
            verdict = decode_plain(record.value() or b"")
            if verdict.passenger_id is msgspec.UNSET:
                verdict = _named_by_key(verdict, record.key())
        except Exception as error:  # whatever it is, it must not stop the neighbours
            verdict = _not_plain(record, error)
        if isinstance(verdict, Passenger):
            key = record.key()
            value = b'{"passenger_id":%b,%b,"event":"%b%d"}' % (
                _encode_text(verdict.passenger_id),
                answer(verdict).json,
                begin[record.partition()],
                record.offset(),
            )
            long = headers or (key and len(key) > LONG_KEY_BYTES)
            if not long or size_bytes(key, value, headers) <= limits.prediction_bytes:
                predictions.append(PredictionRecord(key, value, headers))
                continue
            verdict = _too_large(size_bytes(key, value, headers), limits)
        reasons[verdict.reason] += 1
        refused.append(bury(record, headers, verdict, limits.dead_letter_bytes))
    return Outcome(predictions, refused, reasons)


class _Begin(dict[int, bytes]):
    """What the ids of a partition's events begin with, made when it is first asked for."""

    def __init__(self, topic: str) -> None:
        self._topic = topic.encode()

    def __missing__(self, partition: int) -> bytes:
        return self.setdefault(partition, b"%b/%d/" % (self._topic, partition))


def verdict_of(record: Record) -> Passenger | Rejection:
    """The event's passenger with an id, or why there is none; for headers, see `score`."""
    verdict = parse(record.value())
    if isinstance(verdict, Passenger) and verdict.passenger_id is msgspec.UNSET:
        return _named_by_key(verdict, record.key())
    return verdict


def _not_plain(record: Record, error: Exception) -> Passenger | Rejection:
    """The verdict on what could not be read as most events can, for that error."""
    if isinstance(error, NOT_PLAIN):
        try:
            return verdict_of(record)
        except Exception as another:
            error = another
    return _unreadable(error)


def _too_large(size: int, limits: Limits) -> Rejection:
    return Rejection.because(
        Reason.TOO_LARGE,
        f"with its key and headers the prediction has {size:,} bytes, more than its topic takes "
        f"({limits.prediction_bytes:,})",
    )


def _unreadable(error: Exception) -> Rejection:
    """A mistake of ours, or a header whose name is not UTF-8.

    Kafka says that it is, but no broker looks. The client then raises a `SystemError`, the first
    time only, so that the headers of a record are asked for once.
    """
    cause = error.__cause__ or error
    return Rejection.because(
        Reason.INTERNAL_ERROR, f"the worker could not read it: {type(cause).__name__}: {cause}"
    )


def _named_by_key(passenger: Passenger, key: bytes | None) -> Passenger | Rejection:
    """The key as text stands for an id that the value does not give."""
    try:
        text = (key or b"").decode()
    except UnicodeDecodeError:
        text = ""
    if 1 <= len(text) <= MAX_ID_CHARACTERS:
        return msgspec.structs.replace(passenger, passenger_id=text)
    return Rejection.because(
        Reason.MISSING_FIELD,
        "passenger_id: missing, and the key cannot stand for it; "
        f"an id or a key of 1 to {MAX_ID_CHARACTERS} characters of UTF-8 is required",
        field="passenger_id",
    )
