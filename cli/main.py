"""The `titanic` command: one line for each subcommand, which lives in the file of its name."""

import typer

app = typer.Typer(
    name="titanic",
    no_args_is_help=True,
    help="A model on Kafka: Titanic passengers in, predictions out, exactly once.",
)


@app.callback()
def main() -> None:
    """Settings come from the environment: KAFKA_* for any librdkafka property, TITANIC_* for ours."""
