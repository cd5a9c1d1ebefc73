"""What a release must show before it goes into service.

That its files are whole is never let pass. The rest are judgements: a reason, which the champion's
log keeps, goes over them.
"""

from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import Final, Literal, NamedTuple

import numpy as np
import pandas as pd

from titanic_model.champion import Entry
from titanic_model.manifest import HELD_OUT, PIPELINE, TABLE, Manifest, ReleaseRefused
from titanic_model.passenger import Passenger, PassengerClass, Sex
from titanic_model.releases import NoRelease, Releases
from titanic_model.scorer import Scorer
from training import export, held_out
from training.measures import ACCURACY, LOG_LOSS, Floats, measure

# What reads a pipeline's file has to be what wrote it: scikit-learn promises no more than that.
MUST_BE_THE_SAME: Final = ("scikit-learn", "skops")
# How much worse than the champion a release may be on what either held out: more than two that
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
    except Exception as error:  # whatever a file of another version, or a hostile one, may raise
        why = (str(error) or repr(error)).splitlines()[0]
        yield f"its {PIPELINE} cannot be used: {why}"
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
        rows = held_out.read(store.file(manifest, HELD_OUT))
    except ReleaseRefused as missing:
        yield str(missing)
        return
    present = _present(store, champion) if champion and champion.release != manifest.id else None
    if present is None:
        yield from _no_better_than_a_guess(scorer, rows)
        return
    try:
        theirs = held_out.read(store.file(present.manifest, HELD_OUT))
    except ReleaseRefused as missing:
        yield f"it cannot be compared with the champion on the passengers of that: {missing}"
        theirs = rows
    rows = held_out.either(rows, theirs)
    yield from _no_better_than_a_guess(scorer, rows)
    yield from _worse(scorer, present.scorer, rows, "held-out passengers")
    # Among many of its own, as wrong as it is, those of the champion would not be heard.
    if len(theirs) < len(rows):
        yield from _worse(scorer, present.scorer, theirs, "that the champion held out")


def _no_better_than_a_guess(scorer: Scorer, rows: pd.DataFrame) -> Iterator[str]:
    ours = _measured(scorer, rows)
    rate = rows["survived"].mean()
    guess = measure(_outcomes(rows), np.full(len(rows), rate))
    if ours[LOG_LOSS] >= guess[LOG_LOSS]:
        yield (
            f"its log loss on {len(rows):,} held-out passengers is {ours[LOG_LOSS]:.3f}, no "
            f"better than to say {rate:.2f} of each ({guess[LOG_LOSS]:.3f})"
        )


def _worse(candidate: Scorer, champion: Scorer, rows: pd.DataFrame, whom: str) -> Iterator[str]:
    ours, theirs = _measured(candidate, rows), _measured(champion, rows)
    for metric in intolerable(ours, theirs):
        yield (
            f"its {metric.replace('_', ' ')} on {len(rows):,} {whom} is {ours[metric]:.3f}, that "
            f"of the champion {champion.version} {theirs[metric]:.3f}; {TOLERATED[metric]:g} "
            "worse is tolerated"
        )


def intolerable(ours: Mapping[str, float], theirs: Mapping[str, float]) -> list[str]:
    """The metrics that are worse by more than is tolerated: more log loss, less accuracy."""
    worse = {
        LOG_LOSS: ours[LOG_LOSS] - theirs[LOG_LOSS],
        ACCURACY: theirs[ACCURACY] - ours[ACCURACY],
    }
    return [metric for metric, by in worse.items() if by > TOLERATED[metric]]


class _Present(NamedTuple):
    """The champion."""

    manifest: Manifest
    scorer: Scorer


def _present(store: Releases, champion: Entry) -> _Present | None:
    """None where it cannot be served: that is no measure."""
    try:
        return _Present(*store.load(champion.release, champion.manifest_sha256))
    except (NoRelease, ReleaseRefused):
        return None


def _measured(scorer: Scorer, rows: pd.DataFrame) -> dict[str, float]:
    answers = (
        scorer.answer(Passenger(sex=sex, pclass=pclass, age=None if np.isnan(age) else age))
        for sex, pclass, age in zip(rows["sex"], rows["pclass"], rows["age"], strict=True)
    )
    survival = np.fromiter((a.probability for a in answers), np.float64, len(rows))
    return measure(_outcomes(rows), survival)


def _outcomes(rows: pd.DataFrame) -> Floats:
    return rows["survived"].to_numpy(np.float64)
