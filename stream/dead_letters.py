"""A dead letter: the refused record byte for byte, with its origin and the reason in headers.

The headers are those that Kafka Connect writes to its own dead letter queues (KIP-298).
"""

from typing import Final, NamedTuple

from stream.record import Headers, Record
from titanic_model.passenger import Rejection

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


def bury(record: Record, headers: Headers | None, rejection: Rejection) -> DeadLetter:
    """The dead letter of a refused record and its headers."""
    kind, timestamp_ms = record.timestamp()
    about = {
        "topic": record.topic(),
        "partition": record.partition(),
        "offset": record.offset(),
        "exception.class.name": rejection.reason.value,
        "exception.message": rejection.message,
    }
    more = [
        *(headers or []),
        *((PREFIX + name, str(value).encode()) for name, value in about.items()),
        (PREFIX + "stage", STAGE),
    ]
    return DeadLetter(
        record.key(), record.value(), more, None if kind == NO_TIMESTAMP else timestamp_ms
    )
