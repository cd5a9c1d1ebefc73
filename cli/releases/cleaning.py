"""`titanic releases gc`: delete what nobody needs any more."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.releases.options import Store, opened, told
from titanic_model.housekeeping import remove, survey, unneeded


def gc(
    *,
    keep: Annotated[
        int,
        typer.Option(
            min=1,
            help="So many of the newest releases stay, and so many of those that roll backs would "
            "come to.",
        ),
    ] = 10,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    releases: Store = None,
) -> None:
    """Delete releases that are neither in service, nor among the newest, nor on
    the way back.

    Damaged ones go, too; what has no manifest goes when it is a day old, for
    until then it may be a release that is being written. The log of what was in
    service stays as it is.

    titanic releases gc --keep 5 --dry-run
    """
    with told("gc"):
        store = opened(releases)
        found = survey(store)
        old = unneeded(store, found, keep, datetime.now(UTC))
        for one in old:
            why = f"; {one.refused.partition(': ')[2]}" if one.refused else ""
            typer.echo(f"{one.id}  {one.made_at:%Y-%m-%d %H:%M}  {one.size_bytes:,} bytes{why}")
        told_of = f"{len(old)} of {len(found)} releases"
        if not old or dry_run:
            typer.echo(f"{told_of} would be deleted" if old else f"all {len(found)} are needed")
            return
        if not yes and not typer.confirm(f"delete {told_of}?"):
            raise typer.Exit(1)
        for one in old:
            remove(store, one)
        typer.echo(f"{told_of} deleted")
