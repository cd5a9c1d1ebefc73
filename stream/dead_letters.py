"""A dead letter: the refused record byte for byte, with its origin and the reason in headers.

The headers are those that Kafka Connect writes to its own dead letter queues (KIP-298).
"""

from typing import Final, NamedTuple

from stream.record import Headers, Record, size_bytes
from titanic_model.passenger import Reason, Rejection

PREFIX: Final = "__connect.errors."
# Connect's name for the step that turns bytes into the record's meaning.
STAGE: Final = b"VALUE_CONVERTER"
# A timestamp type of librdkafka's: the record has no timestamp.
NO_TIMESTAMP: Final = 0


class DeadLetter(NamedTuple):
    """A record for the dead-letter topic. `timestamp_ms` is None when the original had none."""

    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int | None


def bury(
    record: Record, headers: Headers | None, rejection: Rejection, limit_bytes: int
) -> DeadLetter:
    """The dead letter of a refused record and its headers.

    One that the topic would not take, over `limit_bytes`, is left out but for what names it: to
    insist would hold up its partition for good.
    """
    kind, timestamp_ms = record.timestamp()
    time_ms = None if kind == NO_TIMESTAMP else timestamp_ms
    key, value = record.key(), record.value()
    letter = [*(headers or []), *_about(record, rejection)]
    size = size_bytes(key, value, letter)
    if size <= limit_bytes:
        return DeadLetter(key, value, letter, time_ms)
    place = f"{record.topic()}/{record.partition()}/{record.offset()}"
    left_out = Rejection.because(
        Reason.TOO_LARGE,
        f"{size:,} bytes are more than the dead-letter topic takes ({limit_bytes:,}), so that key, "
        f"value and headers are left out; they are at {place} as long as that topic keeps them; "
        f"what was wrong: {rejection.message}",
    )
    return DeadLetter(None, None, _about(record, left_out), time_ms)


def _about(record: Record, rejection: Rejection) -> Headers:
    about = {
        "topic": record.topic(),
        "partition": record.partition(),
        "offset": record.offset(),
        "exception.class.name": rejection.reason.value,
        "exception.message": rejection.message,
    }
    headers: Headers = [(PREFIX + name, str(value).encode()) for name, value in about.items()]
    return [*headers, (PREFIX + "stage", STAGE)]
