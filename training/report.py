"""What a training prints: how good the model is, which release it is, what to do next."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console, RenderableType
from rich.table import Table

from titanic_model.manifest import Manifest
from titanic_model.releases import Releases
from training.evaluate import MODEL
from training.measures import CALIBRATION, HEADINGS

if TYPE_CHECKING:
    from training.train import Trained

# What fits into a terminal of 80 columns; the model card has them all.
SHOWN: Final = tuple(metric for metric in HEADINGS if metric != CALIBRATION)


def report(
    trained: "Trained", store: Releases, *, pickle: str, quarantine: Path | None, in_service: bool
) -> None:
    """Print it to stdout. `pickle` says what became of it, `quarantine` where bad rows are.

    `in_service`: the store is the one that the settings name, so that workers follow it.
    """
    manifest = trained.manifest
    lines: tuple[RenderableType, ...] = (
        _data(manifest),
        *([f"{trained.aside:,} rows set aside in {quarantine}"] if trained.aside else []),
        *([f"accepted all the same: {manifest.accepted}"] if manifest.accepted else []),
        _metrics(manifest),
        f"{manifest.parameters['held_out_rows']:,} held-out passengers; ↑ more, ↓ less is better",
        "",
        *_release(trained),
        f"stored   {store.location.rstrip('/')}/{manifest.id}",
        f"pickle   {pickle}",
        *_next(trained, store, in_service=in_service),
    )
    console = Console(markup=False, highlight=False, soft_wrap=True)
    for line in lines:
        console.print(line)


def _release(trained: "Trained") -> list[str]:
    again = "" if trained.new else ", as before: the same data and seed"
    if trained.entry:
        return [f"release  {trained.manifest.id}, now the champion{again}"]
    return [
        f"release  {trained.manifest.id}, not put into service{again}:",
        *(f"         - {failure}" for failure in trained.failures),
    ]


def _next(trained: "Trained", store: Releases, *, in_service: bool) -> list[str]:
    setting = "" if in_service else f"TITANIC_RELEASES={shlex.quote(store.location)} "
    release = trained.manifest.id
    read = f"read     {setting}titanic releases open {release}"
    if trained.entry:
        return [read, f"next     {setting}titanic up"]
    return [read, f"or else  {setting}titanic releases promote {release} --force 'REASON'"]


def _data(manifest: Manifest) -> str:
    data = manifest.data
    return (
        f"{data['rows']:,} passengers ({data['source']}): {data['survived']:,} survived, "
        f"{data['age_missing']:,} without an age"
    )


def _metrics(manifest: Manifest) -> Table:
    table = Table("", *(HEADINGS[metric] for metric in SHOWN))
    for column in table.columns[1:]:
        column.justify = "right"
    for name, metrics in manifest.metrics.items():
        ours = name == MODEL
        label = f"KNN, k={manifest.parameters['n_neighbors']}" if ours else name
        table.add_row(label, *_cells(metrics), style="bold" if ours else None)
    return table


def _cells(metrics: Mapping[str, float]) -> list[str]:
    return [f"{metrics[metric]:.3f}" for metric in SHOWN]
