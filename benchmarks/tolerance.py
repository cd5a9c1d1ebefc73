"""What the gates' tolerance lets pass and what it stops: `python -m benchmarks.tolerance`.

The champion's own parameters are fitted to something else than the champion was, `ROUNDS` times
for each kind of fault, and compared with it on the passengers that the champion held out. The gates
look at those of the other data set, too.
It prints Markdown; docs/decisions/0009-held-out-by-content.md has what it printed.
"""

import argparse
from collections.abc import Callable, Iterator
from statistics import median
from typing import Final

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from training.checks import check
from training.dataset import load
from training.fit import FEATURES, OUTCOME, Parameters, choose, unfitted
from training.gates import TOLERATED
from training.measures import ACCURACY, LOG_LOSS, measure
from training.split import split

ROUNDS: Final = 100
TOLERANCES: Final = (
    (0.01, 0.02),
    (TOLERATED[LOG_LOSS], TOLERATED[ACCURACY]),
    (0.03, 0.05),
)

Random = np.random.Generator
Spoil = Callable[[pd.DataFrame, Random], pd.DataFrame]


def _flipped(share: float) -> Spoil:
    def spoil(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
        some = random.random(len(rows)) < share
        return rows.assign(survived=rows[OUTCOME].mask(some, 1 - rows[OUTCOME]))

    return spoil


def _shuffled(column: str) -> Spoil:
    return lambda rows, random: rows.assign(**{column: random.permutation(rows[column])})


def _sampled(rows: pd.DataFrame, random: Random, *, share: float) -> pd.DataFrame:
    return rows.iloc[random.permutation(len(rows))[: round(share * len(rows))]]


def _bootstrap(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    return rows.iloc[random.integers(len(rows), size=len(rows))]


def _half_of_the_women_lost(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    return rows[(rows["sex"] == "male") | (random.random(len(rows)) < 0.5)]  # noqa: PLR2004 - half


def _ages_over_90(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    old = random.random(len(rows)) < 0.9  # noqa: PLR2004 - nine in ten
    years = pd.Series(random.uniform(90, 100, len(rows)), rows.index)
    return rows.assign(age=rows["age"].mask(old, years))


FAULTS: Final[dict[str, Spoil]] = {
    "nine passengers in ten": lambda rows, random: _sampled(rows, random, share=0.9),
    "a bootstrap sample": _bootstrap,
    "a hundred passengers": lambda rows, random: _sampled(rows, random, share=100 / len(rows)),
    "labels flipped: 5 %": _flipped(0.05),
    "labels flipped: 10 %": _flipped(0.1),
    "labels flipped: 20 %": _flipped(0.2),
    "ages shuffled": _shuffled("age"),
    "nine ages in ten over 90": _ages_over_90,
    "half of the women lost": _half_of_the_women_lost,
    "classes shuffled": _shuffled("pclass"),
    "sexes shuffled": _shuffled("sex"),
}


def _fitted(learn: pd.DataFrame, parameters: Parameters) -> Pipeline:
    fewer = parameters.model_copy(update={"n_neighbors": min(parameters.n_neighbors, len(learn))})
    return unfitted(fewer).fit(learn[list(FEATURES)], learn[OUTCOME])


def _measured(pipeline: Pipeline, held_out: pd.DataFrame) -> dict[str, float]:
    survival = pipeline.predict_proba(held_out[list(FEATURES)])[:, 1]
    return measure(held_out[OUTCOME].to_numpy(np.float64), survival)


def report(rounds: int) -> Iterator[str]:
    """The lines, fitting between them."""
    learn, held_out = split(check(load()).rows)
    parameters = choose(learn, seed=0).chosen.parameters
    champion = _measured(_fitted(learn, parameters), held_out)
    yield f"{parameters}: log loss {champion[LOG_LOSS]:.3f}, accuracy {champion[ACCURACY]:.3f}\n"
    limits = " | ".join(f"at {loss:g}, {accuracy:g}" for loss, accuracy in TOLERANCES)
    yield f"| fitted to | log loss, worse by | accuracy, worse by | refused {limits} |"
    yield "|---|---:|---:|" + "---:|" * len(TOLERANCES)
    for name, spoil in FAULTS.items():
        random = np.random.default_rng(0)
        worse = [
            (found[LOG_LOSS] - champion[LOG_LOSS], champion[ACCURACY] - found[ACCURACY])
            for _ in range(rounds)
            for found in [_measured(_fitted(spoil(learn, random), parameters), held_out)]
        ]
        refused = " | ".join(
            f"{sum(loss > most or right > least for loss, right in worse) / rounds:.0%}"
            for most, least in TOLERANCES
        )
        losses, rights = (median(column) for column in zip(*worse, strict=True))
        yield f"| {name} | {losses:.3f} | {rights:.3f} | {refused} |"


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=ROUNDS, help="fits of each kind")
    for line in report(arguments.parse_args().rounds):
        print(line, flush=True)  # noqa: T201 - what it is for
