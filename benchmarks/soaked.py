"""What a soak leaves: a worker's samples over time, and whether it stayed as it was.

`benchmarks.soak` writes a `Soaked` as JSON; `benchmarks.curves` draws it and puts it into words.
"""

import statistics
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.result import Machine

# The field `schema` of the file; a reader of another number should not guess.
SCHEMA: Final = 1
# The share of the events that are warm-up: caches fill, the heap finds its size.
WARM_UP: Final = 0.1
# After it, the medians of this many parts are compared.
PARTS: Final = 10
# How much larger or smaller than the first a part may be and still be called flat.
FLAT: Final = 0.05


class TooShort(ValueError):
    """Too few samples to judge."""


class Sample(msgspec.Struct, frozen=True):
    """The worker at a moment."""

    # Since its process was started.
    seconds: float
    sent: int
    # Committed by its group.
    answered: int
    rss_mib: float
    threads: int
    files: int
    # Records on the output topics that belong to a transaction that has not ended.
    uncommitted: int


class Transactions(msgspec.Struct, frozen=True):
    """What the broker's transaction log holds of the group, at the end."""

    ids: int
    open: int


class Soaked(msgspec.Struct, frozen=True):
    """A whole run."""

    schema: int
    # The time it began, by ISO 8601 with the offset of UTC.
    at: str
    commit: str | None
    machine: Machine
    versions: dict[str, str]
    # "embedded": started for the soak; "given": the one of KAFKA_BOOTSTRAP_SERVERS.
    broker: str
    # How the events came: a name of `benchmarks.soak.WAYS`.
    producer: str
    events: int
    # What the worker itself counted: events, batches, and batches that were undone.
    counted: int
    batches: int
    undone: int
    # None where the broker does not let its transaction log be read.
    transactions: Transactions | None
    # Of the memory, more often than the samples, so that no short peak is missed.
    peak_mib: float
    samples: list[Sample]


def warm(found: Soaked) -> list[Sample]:
    """The samples after the warm-up, while there was something to answer. Raises `TooShort`."""
    at_work = [s for s in found.samples if WARM_UP * found.events <= s.answered < found.events]
    if len(at_work) < PARTS:
        raise TooShort(f"{len(at_work)} samples after the warm-up, {PARTS} at least are needed")
    return at_work


def medians(samples: Sequence[Sample], figure: Callable[[Sample], float]) -> list[float]:
    """A figure's median in each of `PARTS` parts of the time."""
    cuts = [len(samples) * part // PARTS for part in range(PARTS + 1)]
    parts = (samples[low:high] for low, high in pairwise(cuts))
    return [statistics.median(figure(s) for s in part) for part in parts]


def drift(figures: Sequence[float]) -> float:
    """The part that is farthest from the first one, as a share of that."""
    return max((figure / figures[0] - 1 for figure in figures), key=abs)


def grows(found: Soaked) -> list[str]:
    """What does not stay as it is, in words; nothing where all does. Raises `TooShort`."""
    samples = warm(found)
    told = []
    memory = medians(samples, lambda s: s.rss_mib)
    if abs(drift(memory)) > FLAT:
        told.append(f"memory: from {memory[0]:.0f} MiB by {drift(memory):+.1%}")
    threads = medians(samples, lambda s: s.threads)
    files = medians(samples, lambda s: s.files)
    for name, figures in (("threads", threads), ("file descriptors", files)):
        if figures[-1] > figures[0]:
            told.append(f"{name}: from {figures[0]:g} to {figures[-1]:g}")
    if found.transactions and found.transactions.open:
        told.append(f"transactions: {found.transactions.open} are open at the end")
    return told


def read(file: Path) -> Soaked:
    """A run that `write` has written. Raises `OSError`, `msgspec.ValidationError`."""
    return msgspec.json.decode(file.read_bytes(), type=Soaked)


def write(found: Soaked, file: Path) -> None:
    """Raises `OSError`."""
    file.write_bytes(msgspec.json.encode(found) + b"\n")
