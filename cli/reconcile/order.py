"""Whether the answers of each key are in the order of its events: exact, in bounded memory.

Within an output partition, the answers of one key's events must be in the order of the events. The
rows are gone through by shares of the keys, so that what is remembered at a time is bounded.
"""

from collections.abc import Iterator
from typing import Final

from cli.reconcile.ledger import NOWHERE, Row, Sheet

# Keys that are remembered at a time: some 200 MB.
MAX_KEYS: Final = 1_000_000


def overtaken(sheet: Sheet, max_keys: int = MAX_KEYS) -> Iterator[tuple[int, Row]]:
    """The events whose answer is before that of an earlier event of their key, each with the
    earlier event's offset.
    """
    shares = sheet.events // max_keys + 1
    for share in range(shares):
        newest: dict[tuple[int, int], tuple[int, int]] = {}
        for row in sheet.rows():
            if row.answered_in <= NOWHERE or row.key % shares != share:
                continue
            place = row.key, row.answered_in
            before = newest.get(place)
            if before and before[0] > row.answered_at:
                yield before[1], row
            else:
                newest[place] = row.answered_at, row.offset
