"""Training, as one sentence: load, check, evaluate, fit, export, publish, promote.

`python -m training.train` is `titanic train`.
"""

import platform
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Final

import pandas as pd
from rich.console import Console
from rich.progress import track
from sklearn.pipeline import Pipeline

import titanic_model
from titanic_model.releases import (
    PIPELINE,
    TABLE,
    Manifest,
    NoRelease,
    ReleaseRefused,
    Releases,
    describe,
    release_id,
)
from titanic_model.settings import settings
from training import command, evaluate, export
from training.checks import check, fingerprint
from training.dataset import Dataset, load
from training.fit import INNER_FOLDS, fit
from training.report import report

PICKLE: Final = Path(titanic_model.__file__).with_name("knn_model.p")
LIBRARIES: Final = ("numpy", "pandas", "scikit-learn", "skops")


@dataclass(frozen=True)
class Trained:
    """A release that is in the store and in service. `new`: the store had it not before."""

    manifest: Manifest
    pipeline: Pipeline
    new: bool


def train(store: Releases, *, data: Path | None = None, seed: int = 0) -> Trained:
    """Train on a CSV, else on the Titanic's passengers, and put the release into service.

    The same data and seed give the same release. Raises `BadData` for what cannot be trained
    on, and what `Releases` raises; then nothing has changed.
    """
    dataset = load(data)
    known = check(dataset)
    with suppress(NoRelease, ReleaseRefused):  # a store that does not answer is no use later
        store.champion()
    metrics = evaluate.means(_with_progress(known, seed))
    pipeline = fit(known, seed=seed)
    table = export.table(pipeline)
    files = {TABLE: table, PIPELINE: export.dump(pipeline, table)}
    manifest = _manifest(
        dataset=dataset, known=known, pipeline=pipeline, files=files, metrics=metrics, seed=seed
    )
    new = store.publish(manifest, files)
    store.promote(manifest.id)
    return Trained(manifest, pipeline, new)


def main(*, data: Path | None = None, releases: str | None = None, seed: int = 0) -> None:
    """Train into that store, else into the settings', leave a pickle, and print what came of it.

    Raises as `train` does, and `BadSetting`.
    """
    configured = settings().releases
    store = Releases(releases or configured)
    trained = train(store, data=data, seed=seed)
    report(
        trained.manifest,
        store,
        new=trained.new,
        pickle=_pickled(trained.pipeline),
        in_service=store.location == configured,
    )


def _pickled(pipeline: Pipeline) -> str:
    """Write the pickle; where the package is read-only there is none, which stops nobody."""
    try:
        export.write_pickle(pipeline, PICKLE)
    except OSError as error:
        return f"none: {PICKLE}: {error.strerror}"
    return str(PICKLE)


def _with_progress(known: pd.DataFrame, seed: int) -> list[evaluate.Score]:
    """The evaluation, which takes longest, with a bar on stderr where that is a terminal."""
    console = Console(stderr=True)
    return list(
        track(
            evaluate.scores(known, seed=seed),
            description="evaluating",
            total=evaluate.rounds(seed),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
    )


def _manifest(
    *,
    dataset: Dataset,
    known: pd.DataFrame,
    pipeline: Pipeline,
    files: Mapping[str, bytes],
    metrics: dict[str, dict[str, float]],
    seed: int,
) -> Manifest:
    data_sha256 = fingerprint(known)
    parameters: dict[str, str | int | float] = {
        "model": type(pipeline["knn"]).__name__,
        "n_neighbors": pipeline["knn"].n_neighbors,
        "seed": seed,
        "folds": evaluate.FOLDS,
        "inner_folds": INNER_FOLDS,
    }
    return Manifest(
        id=release_id(files[TABLE], data_sha256, parameters),
        created_at=datetime.now(UTC),
        files={name: describe(content) for name, content in files.items()},
        data={
            "source": dataset.source,
            "sha256": data_sha256,
            "rows": len(known),
            "survived": int(known["survived"].sum()),
            "age_missing": int(known["age"].isna().sum()),
        },
        parameters=parameters,
        metrics=metrics,
        versions={
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in LIBRARIES},
        },
    )


if __name__ == "__main__":
    command.run()
