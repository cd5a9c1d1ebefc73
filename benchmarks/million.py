"""What `titanic train` takes on a million passengers: `python -m benchmarks.million`.

Seconds and peak resident memory of the command as a process, with a store of its own, in a
Markdown table; first on the Titanic's own passengers, so that the two can be compared.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.passengers import write
from training.train import PICKLE

COMMAND: Final = (sys.executable, "-m", "training.train")


@dataclass(frozen=True)
class Taken:
    """What a training took: wall-clock seconds, those of its processors, peak memory, its release.

    The peak is that of the largest process, in MiB.
    """

    seconds: float
    processor_s: float
    peak_mib: float
    release_mib: float


def take(data: Path | None, store: Path) -> Taken:
    """Train on a CSV, else on the Titanic's passengers, into that store.

    Raises `RuntimeError` with what the training said when it fails, or is not put into service.
    """
    given = [] if data is None else ["--data", str(data)]
    log = store.with_suffix(".log")
    begun = time.perf_counter()
    with log.open("wb") as said:
        process = subprocess.Popen(
            [*COMMAND, "--releases", str(store), *given], stdout=said, stderr=said
        )
        # Unlike `RUSAGE_CHILDREN`, of this child alone.
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - begun
    if process.returncode or ", now the champion" not in log.read_text():
        raise RuntimeError(log.read_text())
    size = sum(file.stat().st_size for file in store.rglob("*") if file.is_file())
    peak = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return Taken(seconds, usage.ru_utime + usage.ru_stime, peak, size / 2**20)


@contextmanager
def pickle_kept(folder: Path) -> Iterator[None]:
    """The pickle that a training leaves in the package is afterwards what it was before."""
    before = folder / PICKLE.name
    if PICKLE.exists():
        shutil.copy2(PICKLE, before)
    try:
        yield
    finally:
        PICKLE.unlink(missing_ok=True)
        if before.exists():
            shutil.copy2(before, PICKLE)


def lines(rows: int) -> Iterator[str]:
    """The table, line by line."""
    yield "| rows | s | s of processors | peak MiB | release MiB |\n|---|---:|---:|---:|---:|"
    with tempfile.TemporaryDirectory() as name, pickle_kept(folder := Path(name)):
        few = take(None, folder / "few")
        yield _line("1,309", few)
        data = folder / "passengers.csv"
        write(rows, data)
        many = take(data, folder / "many")
        yield _line(f"{rows:,}", many)
    yield (
        f"| ratio | {many.seconds / few.seconds:.1f} | {many.processor_s / few.processor_s:.1f} "
        f"| {many.peak_mib / few.peak_mib:.1f} | {many.release_mib / few.release_mib:.1f} |"
    )


def _line(name: str, taken: Taken) -> str:
    return (
        f"| {name} | {taken.seconds:.1f} | {taken.processor_s:.1f} | {taken.peak_mib:,.0f} "
        f"| {taken.release_mib:.1f} |"
    )


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    for line in lines(arguments.parse_args().rows):
        print(line, flush=True)  # noqa: T201 - what it is for


if __name__ == "__main__":
    main()
