"""Training, as one sentence: load, check, question, split, choose, fit, evaluate, release, admit.

`python -m training.train` is `titanic train`.
"""

from titanic_model import interrupts

if __name__ == "__main__":
    interrupts.end_quietly()  # the imports take seconds

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from rich.console import Console
from rich.progress import track
from sklearn.pipeline import Pipeline

import titanic_model
from titanic_model.champion import Entry, Superseded
from titanic_model.location import OWN_MEMORY
from titanic_model.manifest import Manifest, ReleaseRefused
from titanic_model.releases import NoRelease, Releases
from titanic_model.settings import BadSetting, settings
from training import command, export, gates
from training.aside import check_new, set_aside
from training.checks import check
from training.dataset import load
from training.distributions import questions
from training.evaluate import evaluate
from training.finding import Finding, told
from training.fit import Parameters, choose, fit
from training.reference import Reference
from training.release import REFERENCE, Data, compose
from training.report import report
from training.split import split

PICKLE: Final = Path(titanic_model.__file__).with_name("knn_model.p")


class Questionable(Exception):
    """Data that keeps the rules and yet is not as data of passengers is; `findings` say how."""

    def __init__(self, source: str, findings: Sequence[Finding]) -> None:
        questions = "\n".join(f"  {line}" for line in told(findings))
        super().__init__(
            f"{source}: nothing was trained, as the data looks wrong:\n{questions}\n"
            "If it is right all the same: --accept 'REASON', which the release will tell"
        )
        self.findings = findings


@dataclass(frozen=True)
class Trained:
    """A release that is in the store.

    `new`: the store had it not before. `entry` says how it went into service; it is None when
    the release failed the gates that `failures` names. `aside`: how many rows were set aside.
    """

    manifest: Manifest
    pipeline: Pipeline
    new: bool
    entry: Entry | None
    failures: Sequence[str]
    aside: int


def train(
    store: Releases,
    *,
    data: Path | None = None,
    seed: int = 0,
    accept: str | None = None,
    quarantine: Path | None = None,
) -> Trained:
    """Train on a CSV, else on the Titanic's passengers, and release what comes of it.

    The same data and seed give the same release. `accept` is the reason to train on data that is
    questioned; rows that break a rule are written to `quarantine`, if that is given.

    Raises `BadData` for what cannot be trained on, `Questionable`, and what `Releases` raises;
    then nothing has changed.
    """
    if quarantine is not None:
        check_new(quarantine)
    store.probe()
    dataset = load(data)
    checked = check(dataset, quarantine=quarantine is not None)
    findings = questions(checked.rows, _reference(store))
    if findings and accept is None:
        raise Questionable(dataset.source, findings)
    learn, held_out = split(checked.rows)
    choice = choose(learn, seed=seed, progress=_with_progress)
    with Console(stderr=True).status("measuring, drawing, profiling"):
        pipeline = fit(learn, choice)
        evaluation = evaluate(pipeline, learn, held_out, choice=choice, seed=seed)
        accepted = accept if findings else None
        known = Data(
            dataset.source,
            checked.rows,
            held_out,
            findings,
            accepted,
            aside=len(checked.aside),
            aside_for=checked.aside_for,
        )
        manifest, files = compose(known, pipeline, evaluation)
        with set_aside(checked.aside, quarantine) if quarantine else nullcontext():
            new = store.publish(manifest, files)
        entry, failures = _admitted(store, manifest.id)
    return Trained(manifest, pipeline, new, entry, failures, len(checked.aside))


def main(
    *,
    data: Path | None = None,
    releases: str | None = None,
    seed: int = 0,
    accept: str | None = None,
    quarantine: Path | None = None,
) -> None:
    """Train into that store, else into the settings', leave a pickle, and print what came of it.

    Raises as `train` does, and `BadSetting`.
    """
    configured = settings().releases
    store = Releases(releases or configured)
    if not store.store.is_shared:
        raise BadSetting(f"nobody would see the release: {OWN_MEMORY}")
    trained = train(store, data=data, seed=seed, accept=accept, quarantine=quarantine)
    followed = store.location == configured
    report(
        trained,
        store,
        pickle=_pickled(trained, followed=followed),
        quarantine=quarantine,
        followed=followed,
    )


def _reference(store: Releases) -> Reference | None:
    """What the data of the release in service was like, if there is one that says it."""
    try:
        manifest, _ = store.load_champion()
        return Reference.model_validate_json(store.file(manifest, REFERENCE))
    except NoRelease:
        return None
    except (ReleaseRefused, ValidationError) as reason:
        why = str(reason).splitlines()[0]
        Console(stderr=True, markup=False, highlight=False, soft_wrap=True).print(
            f"titanic train: the data is compared with no earlier data, as the champion's cannot "
            f"be read: {why}"
        )
        return None


def _admitted(store: Releases, release: str) -> tuple[Entry | None, Sequence[str]]:
    try:
        return gates.admit(store, release), ()
    except gates.NotAdmitted as refusal:
        return None, refusal.failures
    except Superseded as meanwhile:
        return None, [str(meanwhile)]


def _pickled(trained: Trained, *, followed: bool) -> str:
    """Write the pickle, unless one is there and this release isn't what the workers follow.

    Where the package is read-only there is none, which stops nobody.
    """
    if PICKLE.exists() and not (followed and trained.entry):
        why = "is not in service" if followed else "is for another store"
        return f"{PICKLE} stays as it was: this release {why}"
    try:
        export.write_pickle(trained.pipeline, PICKLE)
    except OSError as error:
        return f"none: {PICKLE}: {error.strerror}"
    return str(PICKLE)


def _with_progress(candidates: Sequence[Parameters]) -> Iterable[Parameters]:
    """The choice, which takes longest, with a bar on stderr where that is a terminal."""
    console = Console(stderr=True)
    return track(
        candidates,
        description="choosing",
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


if __name__ == "__main__":
    interrupts.run(command.run)
