"""Passengers by the million, as the Titanic's were: `python -m benchmarks.passengers N FILE`.

Each is drawn from the real ones, sex, class and fate together; a known age is moved within its
year, so that ages are smooth. The same seed writes the same file, line by line: it never is in
memory.
"""

import argparse
import csv
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from training.checks import check
from training.dataset import COLUMNS, load

HEADER: Final = (*COLUMNS, "name")


def passengers(number: int, *, seed: int = 0) -> Iterator[tuple[str, str, str, str, str]]:
    """So many rows of text, in `HEADER`'s order. Names are numbers, as nobody is there twice."""
    real = check(load()).rows[list(COLUMNS)].to_numpy().tolist()
    draw = random.Random(seed)  # noqa: S311 - no secret
    for one in range(1, number + 1):
        pclass, sex, age, survived = draw.choice(real)
        years = "" if math.isnan(age) else f"{math.floor(age) + draw.random() * 0.999:.2f}"
        yield str(pclass), sex, years, str(survived), f"Passenger {one}"


def write(number: int, path: Path, *, seed: int = 0) -> None:
    """Write a CSV of so many. Raises `OSError`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(HEADER)
        rows.writerows(passengers(number, seed=seed))


def main() -> None:
    """Write the file that the arguments ask for."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("number", type=int)
    arguments.add_argument("file", type=Path)
    arguments.add_argument("--seed", type=int, default=0)
    given = arguments.parse_args()
    write(given.number, given.file, seed=given.seed)


if __name__ == "__main__":
    main()
