"""How small a fault the questions about distributions notice: `python -m benchmarks.distributions`.

Samples of the real passengers are corrupted, each fault in several strengths, and counted is in
how many of them anything is questioned: with the real ones as reference, and without. It prints
Markdown; `distributions.md` is what it printed.
"""

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.checks import check
from training.dataset import COLUMNS, load
from training.distributions import questions
from training.reference import Reference, describe

SIZES: Final = (150, 400, 1_309, 5_000)

Random = np.random.Generator
Corrupt = Callable[[pd.DataFrame, Random], pd.DataFrame]
Fault = Callable[[pd.DataFrame, float, Random], pd.DataFrame]


def _some(rows: pd.DataFrame, share: float, random: Random) -> npt.NDArray[np.bool_]:
    return random.random(len(rows)) < share


def _ages_over_90(rows: pd.DataFrame, share: float, random: Random) -> pd.DataFrame:
    old = pd.Series(random.uniform(90, 100, len(rows)), rows.index)
    return rows.assign(age=rows["age"].mask(rows["age"].notna() & _some(rows, share, random), old))


def _ages_times(rows: pd.DataFrame, factor: float, _random: Random) -> pd.DataFrame:
    return rows.assign(age=(rows["age"] * factor).clip(0, 100))


def _ages_plus(rows: pd.DataFrame, years: float, _random: Random) -> pd.DataFrame:
    return rows.assign(age=(rows["age"] + years).clip(0, 100))


def _ages_missing_more(rows: pd.DataFrame, share: float, random: Random) -> pd.DataFrame:
    return rows.assign(age=rows["age"].mask(_some(rows, share, random)))


def _labels_flipped(rows: pd.DataFrame, share: float, random: Random) -> pd.DataFrame:
    flipped = _some(rows, share, random)
    return rows.assign(survived=rows["survived"].mask(flipped, 1 - rows["survived"]))


def _survivors_dropped(rows: pd.DataFrame, share: float, random: Random) -> pd.DataFrame:
    return rows[(rows["survived"] == 0) | ~_some(rows, share, random)]


def _women_dropped(rows: pd.DataFrame, share: float, random: Random) -> pd.DataFrame:
    return rows[(rows["sex"] == "male") | ~_some(rows, share, random)]


def _shuffled(column: str) -> Fault:
    def shuffle(rows: pd.DataFrame, share: float, random: Random) -> pd.DataFrame:
        chosen = np.flatnonzero(_some(rows, share, random))
        values = rows[column].to_numpy().copy()
        values[chosen] = values[random.permutation(chosen)]
        return rows.assign(**{column: values})

    return shuffle


def _one_row_instead(rows: pd.DataFrame, share: float, random: Random) -> pd.DataFrame:
    known = np.flatnonzero(rows["age"].notna())
    places = np.where(_some(rows, share, random), random.choice(known), np.arange(len(rows)))
    return rows.take(places)


FAULTS: Final[tuple[tuple[str, str, tuple[float, ...], Fault], ...]] = (
    ("ages over 90", "{:.0%} of them", (0.02, 0.05, 0.1, 0.3), _ages_over_90),
    ("ages times", "{:g}", (1.1, 1.25, 1.5, 2), _ages_times),
    ("years added", "{:g}", (1, 3, 6, 10), _ages_plus),
    ("ages lost", "{:.0%} of them", (0.05, 0.1, 0.2, 0.3), _ages_missing_more),
    ("labels flipped", "{:.0%} of them", (0.05, 0.1, 0.2, 0.4), _labels_flipped),
    ("survivors dropped", "{:.0%} of them", (0.1, 0.25, 0.5, 0.75), _survivors_dropped),
    ("women dropped", "{:.0%} of them", (0.1, 0.25, 0.5, 0.75), _women_dropped),
    ("ages shuffled", "in {:.0%}", (0.25, 0.5, 0.75, 1), _shuffled("age")),
    ("classes shuffled", "in {:.0%}", (0.25, 0.5, 0.75, 1), _shuffled("pclass")),
    ("sexes shuffled", "in {:.0%}", (0.1, 0.25, 0.5, 1), _shuffled("sex")),
    ("one row instead", "of {:.0%}", (0.01, 0.02, 0.05, 0.1), _one_row_instead),
)


def lines(trials: int) -> Iterator[str]:
    """The tables, line by line: the share of `trials` in which there was a question."""
    real = check(load()).rows[list(COLUMNS)]
    reference = describe(real)
    for heading, before in (("With a reference", reference), ("Without", None)):
        yield f"\n## {heading}\n"
        yield f"| fault | | {' | '.join(f'{size:,} rows' for size in SIZES)} |"
        yield f"|---|---|{'---:|' * len(SIZES)}"
        shares = partial(_all_sizes, real, before)
        yield _line("none: false alarms", "", shares(10 * trials, lambda rows, _: rows))
        for name, says, strengths, fault in FAULTS:
            for strength in strengths:
                asked = shares(trials, partial(_corrupt, fault, strength))
                yield _line(name, says.format(strength), asked)


def _corrupt(fault: Fault, strength: float, rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    return fault(rows, strength, random)


def _all_sizes(
    real: pd.DataFrame, reference: Reference | None, trials: int, corrupt: Corrupt
) -> list[float]:
    return [_asked(real, size, reference, trials=trials, corrupt=corrupt) for size in SIZES]


def _line(fault: str, strength: str, asked: list[float]) -> str:
    return f"| {fault} | {strength} | {' | '.join(f'{share:.1%}' for share in asked)} |"


def _asked(
    real: pd.DataFrame, size: int, reference: Reference | None, *, trials: int, corrupt: Corrupt
) -> float:
    asked = 0
    for seed in range(trials):
        random = np.random.default_rng(seed)
        rows = real.take(random.integers(0, len(real), size)).reset_index(drop=True)
        asked += bool(questions(corrupt(rows, random), reference))
    return asked / trials


def main() -> None:
    """Print the tables."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--trials", type=int, default=100)
    for line in lines(arguments.parse_args().trials):
        print(line, flush=True)  # noqa: T201 - what it is for


if __name__ == "__main__":
    main()
