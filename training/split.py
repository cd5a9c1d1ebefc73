"""Which passengers the model learns from, and which are held out to measure it."""

from hashlib import blake2b
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.dataset import COLUMNS

HELD_OUT_ONE_IN: Final = 5
# Of either outcome, however few there are: without two there is nothing to resample.
MIN_HELD_OUT: Final = 2
_HASH_BYTES: Final = 8
_PURPOSE: Final = b"split"
_LIMIT: Final = 2 ** (8 * _HASH_BYTES) // HELD_OUT_ONE_IN


def split(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows to learn from, and those held out, about one in five.

    `rows` has `COLUMNS`. What the model sees of a row and its outcome decide (BLAKE2b of these
    and of which of equal rows it is), not its position, a seed, or how a name is spelt: it is
    held out of every data set that has it, so that a later model can be compared with an older
    one on rows that neither has learned. Both parts keep their index and are in the order of the
    hashes: the file's order, which may be that of the outcome, decides nothing either.

    Of each outcome at least `MIN_HELD_OUT` are held out, those next in the hashes' order, and at
    most half. That matters to small data sets alone: with 10 of an outcome, the least that the
    rules allow, none would be held out in one data set of nine.
    """
    hashes = _hashes(rows)
    order = np.argsort(hashes, kind="stable")
    ordered, below = rows.iloc[order], hashes[order] < _LIMIT
    held = np.zeros(len(rows), dtype=bool)
    for outcome in (0, 1):
        places = np.flatnonzero(ordered["survived"] == outcome)
        count = max(int(below[places].sum()), MIN_HELD_OUT)
        held[places[: min(count, len(places) // 2)]] = True
    return ordered[~held], ordered[held]


def _hashes(rows: pd.DataFrame) -> npt.NDArray[np.uint64]:
    digests = b"".join(
        blake2b(identity.encode(), digest_size=_HASH_BYTES, person=_PURPOSE).digest()
        for identity in identities(rows)
    )
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)


def identities(rows: pd.DataFrame) -> pd.Series:
    """Each row as one text, its age in hundredths as the model rounds it; equal rows numbered."""
    rounded = rows.assign(age=rows["age"].round(2))
    cells = (rounded[column].tolist() for column in COLUMNS)
    contents = pd.Series(
        ["\x1f".join(map(str, row)) for row in zip(*cells, strict=True)], dtype=object
    )
    which: pd.Series = contents.groupby(contents, sort=False).cumcount()
    return contents + "\x1f" + which.astype(str)
