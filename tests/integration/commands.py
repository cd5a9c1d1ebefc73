"""The `titanic` command as users run it: a process, its output and its exit code."""

import subprocess
import sys

from tests.integration.workers import Scene

TITANIC = [sys.executable, "-c", "from cli.main import app; app()"]


def titanic(
    stage: Scene, *arguments: str, stdin: bytes = b"", code: int = 0, **settings: str
) -> "subprocess.CompletedProcess[bytes]":
    """Run a command to its end and check its exit code."""
    done = subprocess.run(
        [*TITANIC, *arguments],
        input=stdin,
        capture_output=True,
        env=environment(stage, **settings),
        timeout=150,
        check=False,
    )
    said = f"{done.stdout.decode()}\n{done.stderr.decode()}"
    assert done.returncode == code, said
    assert "Traceback" not in said
    return done


def environment(stage: Scene, **settings: str) -> dict[str, str]:
    """What a command gets: the scene, and folders of its own for what it leaves behind."""
    own = {"XDG_DATA_HOME": str(stage.folder / "data"), "TITANIC_WEB_PORT": ""}
    return stage.environment(**{**own, **settings})
