"""What a training prints: how good the model is, which release it is, what to do next."""

import shlex
from collections.abc import Mapping
from typing import Final

from rich.console import Console, RenderableType
from rich.table import Table

from titanic_model.releases import Manifest, Releases
from training.evaluate import FOLDS, METRICS, MODEL

HEADINGS: Final = {
    "accuracy": "accuracy ↑",
    "log_loss": "log loss ↓",
    "roc_auc": "ROC AUC ↑",
    "brier": "Brier ↓",
}


def report(
    manifest: Manifest, store: Releases, *, new: bool, pickle: str, in_service: bool
) -> None:
    """Print it to stdout. `pickle` says what became of it.

    `in_service`: the store is the one that the settings name, so that workers follow it.
    """
    again = "" if new else ", as before: the same data and seed"
    setting = "" if in_service else f"TITANIC_RELEASES={shlex.quote(store.location)} "
    lines: tuple[RenderableType, ...] = (
        _data(manifest),
        _metrics(manifest),
        f"means of {FOLDS} folds, k chosen anew in each; ↑ more is better, ↓ less is better",
        "",
        f"release  {manifest.id}, now the champion{again}",
        f"stored   {store.location.rstrip('/')}/{manifest.id}",
        f"pickle   {pickle}",
        f"next     {setting}titanic up",
    )
    console = Console(markup=False, highlight=False, soft_wrap=True)
    for line in lines:
        console.print(line)


def _data(manifest: Manifest) -> str:
    data = manifest.data
    return (
        f"{data['rows']:,} passengers ({data['source']}): {data['survived']:,} survived, "
        f"{data['age_missing']:,} without an age"
    )


def _metrics(manifest: Manifest) -> Table:
    table = Table("", *HEADINGS.values())
    for column in table.columns[1:]:
        column.justify = "right"
    for name, metrics in manifest.metrics.items():
        ours = name == MODEL
        label = f"KNN, k={manifest.parameters['n_neighbors']}" if ours else name
        table.add_row(label, *_cells(metrics), style="bold" if ours else None)
    return table


def _cells(metrics: Mapping[str, float]) -> list[str]:
    return [f"{metrics[metric]:.3f}" for metric in METRICS]
