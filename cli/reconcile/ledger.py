"""What each event is to be answered with, and where it was: some 30 bytes for each offset.

Pure memory. An event is a row: its place in the model's table (which says the answer of any
release), and hashes (64 bits, keyed anew in each process) of what its answer must repeat.
"""

from array import array
from collections.abc import Iterator
from typing import Final, NamedTuple

from cli.span import Span

# What is kept together: where a chunk has no event (compacted, aborted), it takes no memory.
CHUNK_BITS: Final = 16
CHUNK_OFFSETS: Final = 1 << CHUNK_BITS
LAST_ROW: Final = CHUNK_OFFSETS - 1

# `Chunk.due`: what an event is owed. More than these is a prediction, FIRST_INDEX + table index.
NO_EVENT: Final = 0
A_DEAD_LETTER: Final = 1
FIRST_INDEX: Final = 2

# `Chunk.answered_in`: 1 + the number of the output partition; 0 none; below, none, and where an
# answer is to be expected: ANYWHERE, or FIRST_EXPECTED - the number of the output partition.
NOWHERE: Final = 0
ANYWHERE: Final = -1
FIRST_EXPECTED: Final = -2


class Chunk:
    """The rows of neighbouring offsets, column by column."""

    __slots__ = ("answered_at", "answered_in", "content", "due", "key", "unanswered")

    def __init__(self, rows: int) -> None:
        self.due = array("H", bytes(2 * rows))
        self.key = array("q", bytes(8 * rows))
        self.content = array("q", bytes(8 * rows))
        self.answered_in = array("i", bytes(4 * rows))
        self.answered_at = array("q", bytes(8 * rows))
        self.unanswered = 0


class Row(NamedTuple):
    """One event's row, for those who look at few of them."""

    offset: int
    due: int
    key: int
    answered_in: int
    answered_at: int


class Sheet:
    """The events of one source partition, from `start` to `end` (exclusive)."""

    def __init__(self, span: Span) -> None:
        self.start = span.start
        self.end = max(span.end, span.start)
        self.events = 0
        self.last = span.start - 1
        chunks = (self.end - self.start + CHUNK_OFFSETS - 1) >> CHUNK_BITS
        self.chunks: list[Chunk | None] = [None] * chunks

    def chunk(self, offset: int) -> tuple[Chunk, int]:
        """The chunk of an offset of the range, made if need be, and the row in it."""
        place = offset - self.start
        number, row = place >> CHUNK_BITS, place & LAST_ROW
        found = self.chunks[number]
        if found is None:
            left = self.end - self.start - (number << CHUNK_BITS)
            found = self.chunks[number] = Chunk(min(CHUNK_OFFSETS, left))
        return found, row

    def rows(self, *, unanswered: bool = False, since: int = 0) -> Iterator[Row]:
        """The events in the order of their offsets; only those without an answer, if asked."""
        for number, chunk in enumerate(self.chunks):
            first = self.start + (number << CHUNK_BITS)
            if chunk is None or first + len(chunk.due) <= since:
                continue
            if unanswered and not chunk.unanswered:
                continue
            columns = zip(chunk.due, chunk.key, chunk.answered_in, chunk.answered_at, strict=True)
            for offset, (due, key, place, position) in enumerate(columns, first):
                if due and offset >= since and not (unanswered and place > NOWHERE):
                    yield Row(offset, due, key, place, position)
