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
