"""`titanic releases promote` and `rollback`: which release is in service."""

from typing import Annotated

import typer

from cli.releases.options import Store, WrongInput, opened, resolve, stop, told
from titanic_model.champion import Entry
from titanic_model.manifest import ReleaseRefused
from titanic_model.reason import BadReason, reason
from titanic_model.releases import NoRelease, Releases


def promote(
    release: Annotated[str, typer.Argument(metavar="ID")],
    *,
    force: Annotated[
        str | None,
        typer.Option(
            metavar="REASON",
            help="Put it into service though a gate says no; the reason is kept. A release that "
            "is damaged or foreign stays refused.",
        ),
    ] = None,
    releases: Store = None,
) -> None:
    """Put a release into service, if it passes the gates.

    They ask: is every file whole; are the libraries those it was made with;
    does the table say what the model says; are known passengers answered as
    they should be; is it no worse than the champion on the same held-out data.
    Workers and APIs take it up within 5 s.

    If another release goes into service meanwhile, this one does not, and the
    exit code is 1: look again. The gates need the extra 'training'; 'titanic
    releases rollback' does not.
    """
    with told("promote"):
        try:
            force = None if force is None else reason(force)
        except BadReason as bad:
            raise WrongInput(f"--force {bad}") from None
        store = opened(releases)
        found = resolve(store, release)
        try:
            from training.gates import admit  # noqa: PLC0415 - heavy, and of the extra `training`
        except ModuleNotFoundError as missing:
            raise stop(
                "promote",
                f"{missing}; the gates need this package's extra 'training', or the image that "
                "'docker build --target training' makes; 'titanic releases rollback' needs neither",
                2,
            ) from None
        before = _entry(store)
        entry = admit(store, found, force=force)
    if before and entry.number == before.number:
        typer.echo(f"release {entry.release} is in service already")
        return
    instead = f", instead of {before.release}" if before and before.release != found else ""
    forced = f" (forced: {entry.forced})" if entry.forced else ""
    typer.echo(f"release {entry.release} is in service{instead}{forced}")


def rollback(*, releases: Store = None) -> None:
    """Go back to the release that was in service before the present one.

    It undoes the latest promotion. Once more undoes the one before that, and so
    on back to the first release: never forth again, for that is what 'titanic
    releases promote' is for. Releases that are missing or damaged are passed
    over, and it says so. Nothing but the store is needed; workers and APIs
    follow within 5 s.
    """
    with told("rollback"):
        store = opened(releases)
        try:
            undone = store.rollback()
        except NoRelease as none:
            raise stop("rollback", none, 1) from None
    for why in undone.passed_over:
        typer.echo(f"passed over: {why}", err=True)
    came_from = undone.instead_of.release if undone.instead_of else "a champion that can't be read"
    typer.echo(f"{came_from} -> {undone.entry.release}: this release is in service again")


def _entry(store: Releases) -> Entry | None:
    """What is in service; None, too, where its entry is damaged, which a promotion mends."""
    try:
        return store.entry()
    except ReleaseRefused:
        return None
