"""The shape of a consumed Kafka record, so that what handles one needs no client."""

from typing import Protocol

Headers = list[tuple[str, bytes | None]]


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
