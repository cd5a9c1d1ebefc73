"""The workflows keep what they promise: pinned, bounded, least permissions, and of this project."""

import json
import re
import subprocess

import pytest

from tests.contract.workflows import JOBS, ROOT, WORKFLOWS, job, scripts, texts

READS_ONLY = re.compile(r"read|none")


def test_every_action_is_pinned_by_its_commit_with_the_version_beside_it() -> None:
    uses = [line for text in texts() for line in re.findall(r"\buses: *(.*)", text)]
    foreign = [line for line in uses if not line.startswith("./")]
    assert foreign
    for line in foreign:
        assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_an_action_has_one_version_everywhere() -> None:
    pins = {pin for text in texts() for pin in re.findall(r"uses: ([^.\s]\S+@\S+) #", text)}
    assert len({pin.split("@")[0] for pin in pins}) == len(pins)


@pytest.mark.parametrize(("file", "name"), JOBS)
def test_a_job_has_a_time_limit_and_says_what_it_may(file: str, name: str) -> None:
    assert "permissions" in job(file, name)
    assert "uses" in job(file, name) or 0 < job(file, name)["timeout-minutes"] <= 60


@pytest.mark.parametrize("file", WORKFLOWS)
def test_a_workflow_by_itself_may_nothing(file: str) -> None:
    assert WORKFLOWS[file]["permissions"] == {}


def test_where_foreign_code_runs_nothing_can_be_written() -> None:
    """What `make` installs was written by others; the image, which is pushed, is built apart."""
    for file, name in JOBS:
        run = "\n".join(step.get("run", "") for step in job(file, name).get("steps", []))
        if re.search(r"^\s*(make |\.venv/)|\bpip ", run, re.MULTILINE):
            writes = {
                scope
                for scope, access in job(file, name)["permissions"].items()
                if not READS_ONLY.fullmatch(access)
            }
            assert writes <= {"id-token"}, f"{file}: {name}"


def test_no_script_has_an_expression_in_it() -> None:
    for where, script in scripts():
        assert "${{" not in script, where


def test_nothing_is_started_with_a_foreign_branchs_code_and_our_rights() -> None:
    for file, workflow in WORKFLOWS.items():
        events = workflow[True]  # `on`, as YAML 1.1 reads it
        assert not {"pull_request_target", "workflow_run", "issue_comment"} & set(events), file


def test_every_make_target_that_is_called_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    lines = [line for _, script in scripts() for line in script.splitlines()]
    called = {found[1] for line in lines if (found := re.match(r"make ([a-z-]+)", line))}
    assert {"check", "check-delivery", "test", "image", "test-image"} <= called
    for target in called:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_file_that_is_called_exists() -> None:
    for where, script in scripts():
        for path in re.findall(r"(?:^|[\s/])((?:deploy|\.github)/[\w/-]+)(?![\w./])", script):
            assert (ROOT / path).stat().st_mode & 0o111, f"{where}: {path}"


def test_green_needs_every_other_job_and_is_the_check_that_main_asks_for() -> None:
    jobs = WORKFLOWS["ci.yml"]["jobs"]
    assert set(jobs["green"]["needs"]) == set(jobs) - {"green"}
    assert jobs["green"]["if"] == "always()"
    # GitHub skips whatever comes after a skipped job, delivery.yml's jobs too.
    assert [name for name, part in jobs.items() if "if" in part] == ["green"]
    rules = json.loads((ROOT / ".github/rulesets/main.json").read_text())["rules"]
    asked = next(rule for rule in rules if rule["type"] == "required_status_checks")
    assert [check["context"] for check in asked["parameters"]["required_status_checks"]] == [
        "green"
    ]


OUTCOMES = [
    ({}, True),
    ({"title": "failure"}, False),
    ({"title": "skipped"}, False),
    ({"test": "failure"}, False),
    ({"image": "skipped"}, False),
    ({"check": "cancelled"}, False),
]


@pytest.mark.parametrize(("outcomes", "passes"), OUTCOMES)
def test_green_is_green_only_when_all_succeeded(outcomes: dict[str, str], passes: bool) -> None:
    green = job("ci.yml", "green")
    step = green["steps"][-1]
    results = {name: {"result": "success"} for name in green["needs"]}
    results |= {name: {"result": outcome} for name, outcome in outcomes.items()}
    env = {**step["env"], "NEEDS": json.dumps(results), "PATH": "/usr/bin:/bin"}
    ended = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", step["run"]], env=env, capture_output=True, check=False
    )
    assert (ended.returncode == 0) is passes


TITLES = [
    ("feat(image): one image", True),
    ("fix!: a setting is gone", True),
    ("Update stuff", False),
    ("feat:no space", False),
    ("feature: another word", False),
]


@pytest.mark.parametrize(("title", "passes"), TITLES)
def test_a_title_is_a_conventional_commit(title: str, passes: bool) -> None:
    step = job("ci.yml", "title")["steps"][-1]
    env = {**step["env"], "TITLE": title}
    ended = subprocess.run(["bash", "-c", step["run"]], env=env, capture_output=True, check=False)
    assert (ended.returncode == 0) is passes


def test_the_types_of_a_title_are_those_of_a_commit_and_of_the_documents() -> None:
    types = set(job("ci.yml", "title")["steps"][-1]["env"]["TYPES"].split("|"))
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    hook = re.search(r"conventional-pre-commit ([a-z ]+)$", hooks, re.MULTILINE)
    assert hook is not None
    assert types == set(hook[1].split())
    contributing = (ROOT / "CONTRIBUTING.md").read_text()
    assert all(f"`{word}`" in contributing for word in types)


def test_every_python_that_the_project_supports_is_tested() -> None:
    tested = job("ci.yml", "test")["strategy"]["matrix"]["python"]
    project = (ROOT / "pyproject.toml").read_text()
    assert f'requires-python = ">={tested[0]}"' in project
    assert f"{tested[0]} to {tested[-1]}" in (ROOT / "CONTRIBUTING.md").read_text()
    image = re.search(r"python:(\d\.\d+)", (ROOT / "Dockerfile").read_text())
    assert image is not None
    assert image[1] in tested


def test_only_pull_requests_and_by_hand_deployments_are_cancelled() -> None:
    for file, workflow in WORKFLOWS.items():
        for part in (workflow, *workflow["jobs"].values()):
            cancels = part.get("concurrency", {}).get("cancel-in-progress", False)
            assert cancels is False or "== 'pull_request'" in cancels or file == "deploy.yml", file
