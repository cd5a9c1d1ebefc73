"""The `titanic` command: one line for each subcommand, which lives in the file of its name."""

import typer

from cli import (
    broker,
    demo,
    dlq,
    doctor,
    produce,
    profile,
    reconcile,
    releases,
    topics,
    train,
    up,
    watch,
)

app = typer.Typer(
    name="titanic",
    no_args_is_help=True,
    help="A model on Kafka: Titanic passengers in, predictions out, exactly once.",
)


@app.callback()
def main() -> None:
    """Settings come from the environment: KAFKA_* is librdkafka's, TITANIC_* is ours."""


app.command()(up.up)
app.command()(demo.demo)
app.command()(broker.broker)
app.command()(train.train)
app.command()(profile.profile)
app.add_typer(releases.app)
app.add_typer(dlq.app)
app.command()(produce.produce)
app.command()(watch.watch)
app.command()(reconcile.reconcile)
app.command()(topics.topics)
app.command()(doctor.doctor)
