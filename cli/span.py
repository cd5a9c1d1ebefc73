"""A part of a partition: from which offset to which."""

from typing import NamedTuple


class Span(NamedTuple):
    """Offsets `start` to `end` (exclusive) of a partition whose first record is at `first`.

    `first` above 0: what was before it has expired or was deleted.
    """

    topic: str
    partition: int
    first: int
    start: int
    end: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}"
