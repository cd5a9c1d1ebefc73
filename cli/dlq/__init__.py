"""`titanic dlq`: the events that were refused; see why, and send them again."""

import typer

from cli.dlq import listing, replaying, showing

app = typer.Typer(
    name="dlq",
    no_args_is_help=True,
    help="""The dead letters: events that were refused, byte for byte, each with its reason.

    A letter's ID is its place on the dead-letter topic, PARTITION/OFFSET. Times
    are the events' own.

    After a fix, replay sends events again as they were, to the topic they came
    from, each letter once.

    Exit codes: 0 done; 1 not, or not all of it; 2 a wrong ID or setting, or
    Kafka could not be read.
    """,
)

app.command("list")(listing.list_)
app.command()(showing.show)
app.command()(replaying.replay)
