"""What a release must show before it goes into service.

That its files are whole is never let pass. The rest are judgements: a reason, which the champion's
log keeps, goes over them.
"""

import io
from collections.abc import Iterator
from importlib import metadata
from typing import Final, Literal

import numpy as np
import pandas as pd

from titanic_model.champion import Entry
from titanic_model.manifest import PIPELINE, TABLE, Manifest, ReleaseRefused
from titanic_model.passenger import Passenger, PassengerClass, Sex
from titanic_model.releases import NoRelease, Releases
from titanic_model.scorer import Scorer
from training import export
from training.dataset import COLUMNS
from training.measures import ACCURACY, LOG_LOSS, Floats, measure

HELD_OUT: Final = "held_out.csv"

# What reads a pipeline's file has to be what wrote it: scikit-learn promises no more than that.
MUST_BE_THE_SAME: Final = ("scikit-learn", "skops")
# How much worse than the champion a release may be on the same passengers: more than two that
# differ by the seed alone, less than one of broken data. docs/decisions/0009-held-out-by-content.md
TOLERATED: Final = {LOG_LOSS: 0.02, ACCURACY: 0.03}
# Passengers that leave no doubt, in any sample of the Titanic's.
GOLDEN: Final[tuple[tuple[Sex, PassengerClass, float | None, int], ...]] = (
    ("female", 1, 29.0, 1),
    ("female", 1, None, 1),
    ("female", 2, 30.0, 1),
    ("male", 2, 35.0, 0),
    ("male", 3, 22.0, 0),
    ("male", 3, 40.0, 0),
    ("male", 3, None, 0),
)


class NotAdmitted(ReleaseRefused):
    """A release that failed gates; `failures` says which, a sentence each."""

    def __init__(self, release: str, failures: list[str]) -> None:
        super().__init__(f"release {release} was not put into service: {'; '.join(failures)}")
        self.failures = failures


def admit(store: Releases, release: str, *, force: str | None = None) -> Entry:
    """Put a release into service if it passes the gates, else for the reason that `force` gives.

    Raises `NotAdmitted`, and as `Releases.promote` does: `ReleaseRefused` for damaged files,
    `Superseded` when another release went into service meanwhile.
    """
    after: Entry | Literal["now"] | None
    try:
        after = store.entry()
    except ReleaseRefused:  # its entry is damaged: there is nothing to compare with
        after = "now"
    manifest = store.verify(release)
    failures = [*failing(store, manifest, after if isinstance(after, Entry) else None)]
    if failures and force is None:
        raise NotAdmitted(release, failures)
    return store.promote(release, after=after, forced=force if failures else None)


def failing(store: Releases, manifest: Manifest, champion: Entry | None) -> Iterator[str]:
    """What speaks against a release whose files are whole, a sentence each."""
    scorer = store.load(manifest.id)[1]
    yield from _versions(manifest)
    yield from _pipeline(store, manifest)
    yield from _golden(scorer)
    yield from _metrics(store, manifest, scorer, champion)


def _versions(manifest: Manifest) -> Iterator[str]:
    for name in MUST_BE_THE_SAME:
        there, here = manifest.versions.get(name, "an unknown version"), metadata.version(name)
        if there != here:
            yield f"it was made with {name} {there}, and this is {here}"


def _pipeline(store: Releases, manifest: Manifest) -> Iterator[str]:
    try:
        table = export.answered(store.file(manifest, PIPELINE))
    except ReleaseRefused as missing:
        yield str(missing)
    except (
        Exception
    ) as error:  # whatever a file of another version, or a hostile one, comes up with
        yield f"its {PIPELINE} cannot be used: {(str(error) or repr(error)).splitlines()[0]}"
    else:
        if table != store.file(manifest, TABLE):
            yield f"its {TABLE} is not what its {PIPELINE} answers"


def _golden(scorer: Scorer) -> Iterator[str]:
    for sex, pclass, age, survived in GOLDEN:
        answer = scorer.answer(Passenger(sex=sex, pclass=pclass, age=age))
        if answer.survived != survived:
            old = "of unknown age" if age is None else f"of {age:g}"
            yield (
                f"of a {sex} passenger {old} in class {pclass} it says "
                f"{answer.survived}, with a probability of survival of {answer.probability:.2f}"
            )


def _metrics(
    store: Releases, manifest: Manifest, scorer: Scorer, champion: Entry | None
) -> Iterator[str]:
    try:
        held_out = read_held_out(store.file(manifest, HELD_OUT))
    except ReleaseRefused as missing:
        yield str(missing)
        return
    ours = _measured(scorer, held_out)
    rate = held_out["survived"].mean()
    guess = measure(_outcomes(held_out), np.full(len(held_out), rate))
    if ours[LOG_LOSS] >= guess[LOG_LOSS]:
        yield (
            f"its log loss on {len(held_out):,} held-out passengers is {ours[LOG_LOSS]:.3f}, no "
            f"better than to say {rate:.2f} of each ({guess[LOG_LOSS]:.3f})"
        )
    if champion is None or champion.release == manifest.id:
        return
    try:
        theirs = _measured(store.load(champion.release, champion.manifest_sha256)[1], held_out)
    except (NoRelease, ReleaseRefused):  # what cannot be served is no measure
        return
    for metric, tolerated in TOLERATED.items():
        worse = (ours[metric] - theirs[metric]) * (1 if metric == LOG_LOSS else -1)
        if worse > tolerated:
            name = metric.replace("_", " ")
            yield (
                f"its {name} on {len(held_out):,} held-out passengers is {ours[metric]:.3f}, that "
                f"of the champion {champion.release} {theirs[metric]:.3f}; {tolerated:g} worse is "
                "tolerated"
            )


def write_held_out(held_out: pd.DataFrame) -> bytes:
    """The file of a release that the next one is compared on: no names, ages in full."""
    return held_out[[*COLUMNS]].to_csv(index=False).encode()


def read_held_out(content: bytes) -> pd.DataFrame:
    """The passengers in a release's file: age in years, NaN where it is missing."""
    frame = pd.read_csv(io.BytesIO(content), float_precision="round_trip")
    return frame.astype({"age": "float64"})


def _measured(scorer: Scorer, held_out: pd.DataFrame) -> dict[str, float]:
    answers = (
        scorer.answer(Passenger(sex=sex, pclass=pclass, age=None if np.isnan(age) else age))
        for sex, pclass, age in zip(
            held_out["sex"], held_out["pclass"], held_out["age"], strict=True
        )
    )
    survival = np.fromiter((a.probability for a in answers), np.float64, len(held_out))
    return measure(_outcomes(held_out), survival)


def _outcomes(held_out: pd.DataFrame) -> Floats:
    return held_out["survived"].to_numpy(np.float64)
