"""What the README does with containers, run as it stands."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from cli import ports
from tests.image.compose import HEALTHY_WITHIN_S, ROOT, Composed, compose, run
from tests.integration.workers import until

pytestmark = pytest.mark.timeout(400)

NAME = "data_engineering_project"
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
[IMAGE] = [block for block in BLOCKS if block.startswith("docker build")]
[COMPOSED] = [block for block in BLOCKS if block.startswith("docker compose")]


def test_the_image_is_built_as_the_readme_says() -> None:
    build, _ = IMAGE.splitlines()
    made = run(
        "make", "--no-print-directory", "--dry-run", "image", "DOCKER_BUILD=", f"IMAGE={NAME}"
    )
    assert shlex.split(made) == shlex.split(build.replace(" -t ", " --tag "))


def test_the_one_command_gives_the_page_on_port_80(image: str, tmp_path: Path) -> None:
    _, command = IMAGE.splitlines()
    port, name = next(ports.free()), f"titanic-test-{tmp_path.name}"
    for written, here in {
        "docker run": "docker run --rm --detach",
        "mycontainer": name,
        "80:80": f"{ports.HOST}:{port}:80",
        NAME: image,
    }.items():
        assert written in command
        command = command.replace(written, here)
    run(*shlex.split(command))
    try:
        url = f"http://{ports.HOST}:{port}/docs"
        curl = ["curl", "--silent", "--fail", "--output", "/dev/null", url]
        until(
            lambda: subprocess.run(curl, check=False).returncode == 0,
            f"the page at {url}",
            HEALTHY_WITHIN_S,
        )
    finally:
        run("docker", "rm", "--force", name)


def test_the_composed_commands_work_one_after_the_other(composed: Composed) -> None:
    script = COMPOSED.replace("docker compose", " ".join(compose()))
    said = run("bash", "-euo", "pipefail", "-c", script, environment=composed.environment)
    assert said.count('"model_version"') == 5  # watched
    assert "✗" not in said  # found by the doctor
    assert not composed.containers()
