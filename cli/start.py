"""Where `titanic` begins: ready for Ctrl-C before the half second that its imports take."""

from titanic_model import interrupts


def main() -> None:
    """The command."""
    interrupts.end_quietly()
    from cli.main import app  # noqa: PLC0415 - see above

    interrupts.run(app)
