"""What a training prints: how good the model is, which release it is, what to do next."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console, RenderableType
from rich.table import Table

from titanic_model.manifest import Manifest
from titanic_model.releases import NoRelease, ReleaseRefused, Releases
from training.evaluate import MODEL
from training.measures import CALIBRATION, HEADINGS

if TYPE_CHECKING:
    from training.train import Trained

# What fits into a terminal of 80 columns; the model card has them all.
SHOWN: Final = tuple(metric for metric in HEADINGS if metric != CALIBRATION)


def report(
    trained: "Trained", store: Releases, *, pickle: str, quarantine: Path | None, followed: bool
) -> None:
    """Print it to stdout, and a warning to stderr when the release is not in service.

    `pickle` says what became of it, `quarantine` where bad rows are. `followed`: the store is the
    one that the settings name, which workers follow.
    """
    manifest = trained.manifest
    champion = _champion(store)
    setting = "" if followed else f"TITANIC_RELEASES={shlex.quote(store.location)} "
    lines: tuple[RenderableType, ...] = (
        _data(manifest),
        *([_set_aside(trained.aside, quarantine)] if quarantine else []),
        *([f"accepted all the same: {manifest.accepted}"] if manifest.accepted else []),
        _metrics(manifest),
        f"{manifest.parameters['held_out_rows']:,} held-out passengers; ↑ more, ↓ less is better",
        "",
        *_release(trained),
        f"stored   {store.location.rstrip('/')}/{manifest.id}",
        f"pickle   {pickle}",
        *_next(trained, setting, champion),
    )
    console = Console(markup=False, highlight=False, soft_wrap=True)
    for line in lines:
        console.print(line)
    if not trained.entry:
        _warn(trained, champion)


def _warn(trained: "Trained", champion: str | None) -> None:
    """Also where stdout goes into a file, as the exit code is 0."""
    console = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)
    console.print(
        f"titanic train: release {trained.manifest.id} was made and is NOT in service: "
        f"{'; '.join(trained.failures)}. "
        + (f"{champion} stays in service" if champion else "Nothing is in service"),
        style="bold red",
    )


def _champion(store: Releases) -> str | None:
    try:
        return store.champion()
    except (NoRelease, ReleaseRefused):
        return None


def _set_aside(rows: int, quarantine: Path) -> str:
    if not rows:
        return f"no row broke a rule; {quarantine} was not written"
    return f"{rows:,} rows set aside in {quarantine}"


def _release(trained: "Trained") -> list[str]:
    again = "" if trained.new else ", as before: the same data and seed"
    if trained.entry:
        return [f"release  {trained.manifest.id}, now the champion{again}"]
    return [
        f"release  {trained.manifest.id}, NOT in service{again}:",
        *(f"         - {failure}" for failure in trained.failures),
    ]


def _next(trained: "Trained", setting: str, champion: str | None) -> list[str]:
    release = trained.manifest.id
    read = f"read     {setting}titanic releases open {release}"
    if trained.entry:
        return [read, f"next     {setting}titanic up"]
    return [
        read,
        *([f"next     {setting}titanic releases compare {release}"] if champion else []),
        f"or else  {setting}titanic releases promote {release} --force 'REASON'",
    ]


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
