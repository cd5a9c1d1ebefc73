"""The workflows as they are written: their jobs, steps and scripts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = {
    path.name: yaml.safe_load(path.read_text())
    for path in sorted((ROOT / ".github/workflows").glob("*.yml"))
}
ACTIONS = {
    str(path.relative_to(ROOT)): yaml.safe_load(path.read_text())
    for path in (ROOT / ".github/actions").glob("*/action.yml")
}
JOBS = [(file, name) for file, workflow in WORKFLOWS.items() for name in workflow["jobs"]]


def job(file: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = WORKFLOWS[file]["jobs"][name]
    return found


def named(file: str, name: str, id: str) -> dict[str, Any]:  # noqa: A002 - as it is called there
    """A job's step by its id."""
    (step,) = [step for step in job(file, name)["steps"] if step.get("id") == id]
    return dict(step)


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    for file, name in JOBS:
        for step in job(file, name).get("steps", []):
            yield f"{file}: {name}", step
    for file, action in ACTIONS.items():
        for step in action["runs"]["steps"]:
            yield file, step


def scripts() -> Iterator[tuple[str, str]]:
    return ((where, step["run"]) for where, step in steps() if "run" in step)


def texts() -> Iterator[str]:
    for folder in ("workflows", "actions"):
        for path in (ROOT / ".github" / folder).rglob("*.yml"):
            yield path.read_text()
