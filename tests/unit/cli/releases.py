"""`titanic releases`, run in this process."""

from typer.testing import CliRunner, Result

from cli.main import app


def run(*arguments: str, code: int = 0, stdin: str = "") -> Result:
    done = CliRunner().invoke(app, ["releases", *arguments], input=stdin)
    assert done.exit_code == code, done.output
    return done


def refusal(*arguments: str, code: int) -> str:
    """The one line on stderr that a command ends with."""
    done = run(*arguments, code=code)
    *_, line = done.stderr.splitlines()
    assert line.startswith(f"titanic releases {arguments[0]}: ")
    return line
