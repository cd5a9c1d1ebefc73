"""The shape of a consumed Kafka record, so that what handles one needs no client."""

from typing import Final, Protocol

Headers = list[tuple[str, bytes | None]]

# What a record and its batch take beside key, value and headers, at the most; and each header.
RECORD_OVERHEAD_BYTES: Final = 128
HEADER_OVERHEAD_BYTES: Final = 12


def size_bytes(key: bytes | None, value: bytes | None, headers: Headers | None) -> int:
    """What a record takes on its topic, uncompressed; rather a few bytes more than less."""
    return (
        RECORD_OVERHEAD_BYTES
        + len(key or b"")
        + len(value or b"")
        + sum(len(n.encode()) + len(v or b"") + HEADER_OVERHEAD_BYTES for n, v in headers or ())
    )


class Record(Protocol):
    """A consumed record, as `confluent_kafka.Message` is one."""

    def topic(self) -> str:
        """The topic it was read from."""

    def partition(self) -> int:
        """Its partition."""

    def offset(self) -> int:
        """Its offset."""

    def key(self) -> bytes | None:
        """The key, untouched."""

    def value(self) -> bytes | None:
        """The value, untouched."""

    def headers(self) -> Headers | None:
        """Its headers in their order, repeated names and all."""

    def timestamp(self) -> tuple[int, int]:
        """The type of the timestamp, and milliseconds since 1970."""


class Unreadable:
    """A record whose headers its client cannot read, and says so the first time only."""

    def __init__(self, record: Record, error: SystemError) -> None:
        self._error = error
        self.topic = record.topic
        self.partition = record.partition
        self.offset = record.offset
        self.key = record.key
        self.value = record.value
        self.timestamp = record.timestamp

    def headers(self) -> Headers | None:
        """Raises as the first time."""
        raise self._error


def ask_for_headers(records: list[Record]) -> int:
    """The bytes of keys, values and headers; a record that has unreadable ones is replaced."""
    size = sum([len(record.value() or b"") + len(record.key() or b"") for record in records])
    for place, record in enumerate(records):
        try:
            headers = record.headers()
        except SystemError as error:
            records[place] = Unreadable(record, error)
            continue
        if headers:
            size += sum(len(name) + len(value or b"") for name, value in headers)
    return size
