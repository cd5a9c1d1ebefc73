"""`titanic releases list` and `show`: what is in the store, and what a release is."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from cli.plain import plain
from cli.releases.options import Json, Store, opened, resolve, stop, told
from titanic_model.housekeeping import Found, history, survey
from titanic_model.releases import Entry, Manifest, ReleaseRefused, Releases

HISTORY: Final = 10
# Each entry of the log is a request to the store; more of them say little of a release.
READ_OF_LOG: Final = 200
# As in a manifest, and in words. Of accuracy and ROC AUC more is better, of the others less.
METRICS: Final = {
    "accuracy": "accuracy",
    "log_loss": "log loss",
    "roc_auc": "ROC AUC",
    "brier": "Brier",
}


def list_(
    *,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read every file and check its hash: slower, certain.")
    ] = False,
    as_json: Json = False,
    releases: Store = None,
) -> None:
    """List the releases, the newest first: which is the champion, how good, what
    is damaged.

    The metrics are the model's on the held-out data of its own training. Files
    are checked by their sizes; --verify reads them.

    titanic releases list
    titanic releases list --json | jq -r '.[] | select(.refused) | .id'
    """
    with told("list"):
        store = opened(releases)
        champion, problem = _champion(store)
        found = survey(store, champion, verify=verify)
    if as_json:
        typer.echo(json.dumps([_summary(one, champion) for one in found], indent=2))
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(_overview(found, champion))
    for one in found:
        if note := _note(one, champion):
            console.print(plain(f"{one.id}: {note}"))
    if problem:
        typer.echo(problem, err=True)
    elif not found:
        typer.echo(f"no release in {store.location}: 'titanic train' makes one", err=True)
    elif champion is None:
        typer.echo("none is in service; 'titanic releases promote ID' changes that", err=True)


def show(
    release: Annotated[
        str | None, typer.Argument(metavar="ID", show_default="the champion")
    ] = None,
    *,
    as_json: Json = False,
    releases: Store = None,
) -> None:
    """Show what a release is: its data, parameters, metrics, files, and when it
    was in service.

    Every file is read and its hash checked; one that is damaged ends with exit
    code 1.

    titanic releases show
    titanic releases show 3f2a --json | jq .metrics
    """
    with told("show"):
        store = opened(releases)
        found = resolve(store, release)
        manifest = store.manifest(found)
        champion, _ = _champion(store)
        refused = None
        try:
            store.verify(found)
            if champion and champion.release == found:
                store.manifest(found, champion.manifest_sha256)
        except ReleaseRefused as reason:
            refused = str(reason)
        log = list(islice(history(store), READ_OF_LOG))
    if as_json:
        in_log = [entry.model_dump(mode="json") for entry in log if entry.release == found]
        more = {"champion": champion is not None and champion.release == found}
        told_of = {**manifest.model_dump(mode="json"), **more, "refused": refused, "log": in_log}
        typer.echo(json.dumps(told_of, indent=2))
    else:
        _show(manifest, champion, log, refused)
    if refused:
        raise stop("show", refused, 1)


def _show(
    manifest: Manifest, champion: Entry | None, log: list[Entry], refused: str | None
) -> None:
    console = Console(highlight=False, soft_wrap=True)
    facts = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    in_service = champion is not None and champion.release == manifest.id
    since = f"; the champion since {_when(champion.at)}" if champion and in_service else ""
    facts.add_row("release", f"{manifest.id}{since}")
    facts.add_row("made", f"{_when(manifest.created_at)} UTC")
    facts.add_row("state", plain("refused" if refused else "whole: every file has its hash"))
    if manifest.accepted is not None:
        facts.add_row("accepted", plain(f"questionable data, because: {manifest.accepted}"))
    for heading, told_of in (
        ("data", manifest.data),
        ("parameters", manifest.parameters),
        ("versions", manifest.versions),
    ):
        facts.add_row(heading, plain(", ".join(f"{k} {v}" for k, v in told_of.items())))
    console.print(facts)
    if manifest.metrics:
        console.print(_contenders(manifest.metrics))
    files = Table("file", "bytes", "SHA-256")
    files.columns[1].justify = "right"
    for name, file in manifest.files.items():
        files.add_row(name, f"{file.size_bytes:,}", f"{file.sha256[:16]}…")
    console.print(files)
    if log:
        console.print(_log(log, manifest.id))


def _contenders(metrics: Mapping[str, Mapping[str, float]]) -> Table:
    table = Table("held-out data", *METRICS.values())
    for name, values in metrics.items():
        table.add_row(plain(name), *_cells(values))
    return table


def _log(log: Iterable[Entry], release: str) -> Table:
    table = Table("", "in service from (UTC)", "release", "how", title="latest first")
    for entry in islice(log, HISTORY):
        how = f"{entry.how}; forced: {entry.forced}" if entry.forced else entry.how
        mark = "→" if entry.release == release else ""
        table.add_row(mark, _when(entry.at), entry.release, plain(how))
    return table


def _champion(store: Releases) -> tuple[Entry | None, str | None]:
    """What is in service, and what keeps that from being told."""
    try:
        return store.entry(), None
    except ReleaseRefused as reason:
        return None, str(reason)


def _overview(found: Iterable[Found], champion: Entry | None) -> Table:
    table = Table("", "release", "made (UTC)", "k", *METRICS.values(), box=None, expand=False)
    for one in found:
        in_service = champion is not None and champion.release == one.id
        table.add_row(
            "✗" if one.refused else "→" if in_service else "",
            one.id,
            _when(one.made_at),
            _k(one.manifest) if one.manifest else "",
            *(_cells(_ours(one.manifest)) if one.manifest else ()),
            style="bold" if in_service else None,
        )
    return table


def _note(found: Found, champion: Entry | None) -> str:
    """What is to be said of a release besides its row."""
    notes = []
    if champion and champion.release == found.id:
        notes.append(f"the champion since {_when(champion.at)} UTC, {champion.how}")
        notes += [f"forced: {champion.forced}"] if champion.forced else []
    if found.manifest and found.manifest.accepted is not None:
        notes.append(f"accepted: {found.manifest.accepted}")
    if found.refused:
        notes.append(f"refused: {found.refused.partition(': ')[2]}")
    return "; ".join(notes)


def _summary(found: Found, champion: Entry | None) -> dict[str, object]:
    manifest = found.manifest
    return {
        "id": found.id,
        "champion": champion is not None and champion.release == found.id,
        "made_at": found.made_at.isoformat(),
        "size_bytes": found.size_bytes,
        "refused": found.refused,
        "accepted": manifest.accepted if manifest else None,
        "parameters": manifest.parameters if manifest else None,
        "metrics": manifest.metrics if manifest else None,
    }


def _ours(manifest: Manifest) -> Mapping[str, float]:
    """The model's own metrics: the baselines stand behind it."""
    return manifest.metrics.get("knn") or next(iter(manifest.metrics.values()), {})


def _k(manifest: Manifest) -> str:
    return str(manifest.parameters.get("n_neighbors", manifest.parameters.get("k", "")))


def _cells(values: Mapping[str, float]) -> list[str]:
    return [f"{values[name]:.3f}" if name in values else "" for name in METRICS]


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
