"""`titanic releases`: what is in the store, what is in service, and how to change that."""

import typer

from cli.releases import changing, cleaning, comparing, listing, opening

app = typer.Typer(
    name="releases",
    no_args_is_help=True,
    help="""The releases of a store: list, look at, compare, put into service, take back.

    A release is what one training made: the model, where it came from, how good
    it is. It never changes, and its ID says what it answers. The CHAMPION is
    the one in service: workers and APIs follow it without a restart, within 5 s.

    Wherever an ID is asked for, its first characters do, as long as they are
    one release's alone.

    Exit codes: 0 done; 1 refused, or somebody else was faster; 2 a wrong ID,
    setting or store.
    """,
)

app.command("list")(listing.list_)
app.command()(listing.show)
app.command()(comparing.compare)
app.command()(changing.promote)
app.command()(changing.rollback)
app.command()(cleaning.gc)
app.command("open")(opening.open_)
