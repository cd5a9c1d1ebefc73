"""A dead letter: the refused record byte for byte, with its origin and the reason in headers.

The headers are those that Kafka Connect writes to its own dead letter queues (KIP-298); they are
the last ones, so that an event's own of the same names stay its own. `bury` makes a letter of an
event, `read` makes the event of a letter.
"""

from typing import Final, NamedTuple

from stream.record import Headers, Record, size_bytes
from titanic_model.passenger import Reason, Rejection

PREFIX: Final = "__connect.errors."
# In this order behind the event's own headers.
ABOUT: Final = (
    "topic",
    "partition",
    "offset",
    "exception.class.name",
    "exception.message",
    "stage",
)
# Connect's name for the step that turns bytes into the record's meaning.
STAGE: Final = b"VALUE_CONVERTER"
# A timestamp type of librdkafka's: the record has no timestamp.
NO_TIMESTAMP: Final = 0
# The last header of an event that was replayed: how often it was.
REPLAYS: Final = "titanic.replays"
# A longer number is nobody's count.
REPLAYS_DIGITS: Final = 9


class NoDeadLetter(ValueError):
    """A record on the dead-letter topic that the worker didn't write; the message says why."""


class DeadLetter(NamedTuple):
    """A record for the dead-letter topic. `timestamp_ms` is None when the original had none."""

    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int | None


class Origin(NamedTuple):
    """Where an event is, or was: a stable id."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


class Letter(NamedTuple):
    """What a dead letter says: the event as it was, where, and why it was refused.

    `headers` are the event's own. `timestamp_ms` is the event's time; where it had none, or 0,
    which no librdkafka client can write, it is that of the letter; None where that has none.
    """

    origin: Origin
    reason: str
    message: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int | None

    @property
    def missing(self) -> str | None:
        """What of the event the letter does not hold, in words; None when it holds all."""
        if self.reason == Reason.TOO_LARGE and self.value is None:
            return "key, value and headers, which its topic did not take"
        if self.reason == Reason.INTERNAL_ERROR and not self.headers:
            return "maybe the headers, which the worker could not read"
        return None

    @property
    def replays(self) -> int:
        """How often the event was replayed before it was refused again."""
        return replays(self.headers)


def bury(
    record: Record, headers: Headers | None, rejection: Rejection, limit_bytes: int
) -> DeadLetter:
    """The dead letter of a refused record and its headers.

    One that the topic would not take, over `limit_bytes`, is left out but for what names it: to
    insist would hold up its partition for good.
    """
    time_ms = event_time_ms(record)
    key, value = record.key(), record.value()
    letter = [*(headers or []), *_about(record, rejection)]
    size = size_bytes(key, value, letter)
    if size <= limit_bytes:
        return DeadLetter(key, value, letter, time_ms)
    left_out = Rejection.because(
        Reason.TOO_LARGE,
        f"{size:,} bytes are more than the dead-letter topic takes ({limit_bytes:,}), so that key, "
        f"value and headers are left out; they are at {origin_of(record)} as long as that topic "
        f"keeps them; what was wrong: {rejection.message}",
    )
    return DeadLetter(None, None, _about(record, left_out), time_ms)


def read(record: Record) -> Letter:
    """The event that a dead letter was, and why it was refused. Raises `NoDeadLetter`."""
    try:
        headers = record.headers() or []
    except SystemError as error:  # a name that is not UTF-8; see `batch`
        raise NoDeadLetter(f"its headers cannot be read: {error.__cause__ or error}") from None
    own, about = headers[: -len(ABOUT)], headers[-len(ABOUT) :]
    if tuple(name for name, _ in about) != tuple(PREFIX + name for name in ABOUT):
        raise NoDeadLetter(f"its last headers are not {PREFIX}{{{','.join(ABOUT)}}}")
    try:
        topic, partition, offset, reason, message, _ = ((v or b"").decode() for _, v in about)
        origin = Origin(topic, int(partition), int(offset))
    except ValueError as error:
        raise NoDeadLetter(f"its origin cannot be read: {error}") from None
    if not topic or min(origin[1:]) < 0:
        raise NoDeadLetter(f"its origin, {origin}, is no event")
    time_ms = event_time_ms(record)
    return Letter(origin, reason, message, record.key(), record.value(), own, time_ms)


def replayed(letter: Letter) -> Headers:
    """The headers for the event's replay: its own, and how often it was replayed."""
    own = letter.headers[:-1] if letter.replays else letter.headers
    return [*own, (REPLAYS, str(letter.replays + 1).encode())]


def replays(headers: Headers) -> int:
    """How often an event of these headers was replayed: what the last of them says."""
    name, value = headers[-1] if headers else ("", b"")
    number = (value or b"") if name == REPLAYS else b""
    return int(number) if number.isdigit() and len(number) <= REPLAYS_DIGITS else 0


def origin_of(record: Record) -> Origin:
    """A record's place."""
    return Origin(record.topic(), record.partition(), record.offset())


def event_time_ms(record: Record) -> int | None:
    """A record's timestamp in milliseconds since 1970; None when it has none."""
    kind, timestamp_ms = record.timestamp()
    return None if kind == NO_TIMESTAMP else timestamp_ms


def _about(record: Record, rejection: Rejection) -> Headers:
    values = (
        record.topic(),
        record.partition(),
        record.offset(),
        rejection.reason.value,
        rejection.message,
    )
    told: Headers = [
        (PREFIX + name, str(value).encode()) for name, value in zip(ABOUT, values, strict=False)
    ]
    return [*told, (PREFIX + ABOUT[-1], STAGE)]
