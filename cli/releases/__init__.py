"""`titanic releases`: what is in the store, what is in service, and how to change that."""

from typing import Any

import typer
from typer.core import TyperCommand

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


class PlainUsage(TyperCommand):
    """A command whose usage is written as manuals do, `A [B]`: no braces around what must be."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The words after the command's name."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]


app.command("list")(listing.list_)
app.command()(listing.show)
app.command(cls=PlainUsage)(comparing.compare)
app.command(cls=PlainUsage)(changing.promote)
app.command()(changing.rollback)
app.command()(cleaning.gc)
app.command("open")(opening.open_)
