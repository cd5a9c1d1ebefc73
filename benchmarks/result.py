"""What a benchmark leaves: its rates, and all that is needed to judge them later.

`--json` writes a `Result` as it stands here; benchmarks/README.md tells what it means to a reader.
"""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

# The field `schema` of the file; a reader of another number should not guess.
SCHEMA: Final = 1


class BadResult(ValueError):
    """A file that is no result of ours; the message says what is wrong with it."""


class Spread(msgspec.Struct, frozen=True):
    """Several rounds' figure."""

    median: float
    lowest: float
    highest: float


class Run(msgspec.Struct, frozen=True):
    """One contestant in one round."""

    round: int
    events_per_s: float
    # From the first answer to the last, as the broker stamped them.
    seconds: float
    # From the start of the process to its first answer, as seen here.
    startup_s: float
    # Its rate by that of the first contestant in the same round.
    ratio: float


class Contestant(msgspec.Struct, frozen=True):
    """All its runs and, once more, what they come to."""

    name: str
    runs: list[Run]
    events_per_s: Spread
    ratio: Spread
    startup_s: Spread


class Machine(msgspec.Struct, frozen=True):
    """What the benchmark ran on."""

    processor: str
    cores: int
    system: str


class Result(msgspec.Struct, frozen=True):
    """A whole benchmark."""

    schema: int
    # The time it began, by ISO 8601 with the offset of UTC.
    at: str
    # The commit of the checkout, with "+" behind it where files were changed; null outside of one.
    commit: str | None
    machine: Machine
    versions: dict[str, str]
    # "embedded": started for the benchmark; "given": the one of KAFKA_BOOTSTRAP_SERVERS.
    broker: str
    events: int
    partitions: int
    seed: int
    rounds: int
    # The first is what the others are compared with.
    contestants: list[Contestant]


def spread(figures: Sequence[float]) -> Spread:
    """Median and range."""
    return Spread(statistics.median(figures), min(figures), max(figures))


def contestant(name: str, runs: list[Run]) -> Contestant:
    """A contestant by its runs, of which there is at least one."""
    return Contestant(
        name,
        runs,
        events_per_s=spread([run.events_per_s for run in runs]),
        ratio=spread([run.ratio for run in runs]),
        startup_s=spread([run.startup_s for run in runs]),
    )


def write(result: Result, file: Path) -> None:
    """Write it, indented. Raises `OSError`."""
    file.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n")


def read(file: Path) -> Result:
    """The result that a file holds. Raises `BadResult`."""
    try:
        result = msgspec.json.decode(file.read_bytes(), type=Result)
    except OSError as error:
        raise BadResult(f"{file}: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadResult(f"{file} is no result of benchmarks.throughput: {error}") from None
    if result.schema != SCHEMA:
        raise BadResult(f"{file} is of schema {result.schema}; this reads {SCHEMA}")
    return result
