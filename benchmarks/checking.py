"""What it takes to load, check and describe a million passengers: `python -m benchmarks.checking`.

Seconds and peak resident memory after each step, the process's own, in a Markdown table.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.passengers import write
from training.checks import check, fingerprint
from training.dataset import load
from training.distributions import questions
from training.reference import describe


def steps(path: Path) -> Iterator[str]:
    """Each step's name, once it is done. Raises `BadData`, and for a question `AssertionError`."""
    before = describe(check(load()).rows)
    yield "start, and the Titanic's 1,309"
    dataset = load(path)
    yield "load"
    rows = check(dataset, quarantine=True).rows
    del dataset
    yield "check"
    odd = questions(rows, before) + questions(rows, None)
    if odd:
        raise AssertionError(odd)
    yield "questions, with a reference and without"
    fingerprint(rows)
    yield "fingerprint"


def lines(number: int) -> Iterator[str]:
    """The table, line by line."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "passengers.csv"
        write(number, path)
        size = path.stat().st_size / 2**20
        yield f"| {number:,} rows, {size:.0f} MiB | s | peak MiB |\n|---|---:|---:|"
        begun = time.perf_counter()
        for step in steps(path):
            seconds = time.perf_counter() - begun
            yield f"| {step} | {seconds:.1f} | {_peak_mib():.0f} |"
            begun = time.perf_counter()


def _peak_mib() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    for line in lines(arguments.parse_args().rows):
        print(line, flush=True)  # noqa: T201 - what it is for


if __name__ == "__main__":
    main()
