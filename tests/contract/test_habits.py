"""The branch's rules, the workflows, the hooks and the changelog say the same."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
CI: dict[str, Any] = yaml.safe_load((GITHUB / "workflows/ci.yml").read_text())["jobs"]
HOOKS: list[dict[str, Any]] = [
    hook
    for repository in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    for hook in repository["hooks"]
]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
VERSION: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def rules(name: str) -> dict[str, dict[str, Any]]:
    ruleset = json.loads((GITHUB / f"rulesets/{name}.json").read_text())
    assert ruleset["enforcement"] == "active"
    return {rule["type"]: rule.get("parameters", {}) for rule in ruleset["rules"]}


def order(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def test_the_check_that_main_requires_is_a_job_that_needs_all_the_others() -> None:
    required = rules("main")["required_status_checks"]["required_status_checks"]
    (context,) = [check["context"] for check in required]
    job = CI[context]
    assert "name" not in job, "a check has its job's name, where it has one"
    assert set(job["needs"]) == set(CI) - {context}
    assert job["if"] == "always()", "a job that is skipped counts as passed"


def test_main_takes_squashed_pull_requests_alone_and_keeps_its_history() -> None:
    main = rules("main")
    assert {"deletion", "non_fast_forward", "required_linear_history"} < set(main)
    assert main["pull_request"]["allowed_merge_methods"] == ["squash"]
    assert main["pull_request"]["required_approving_review_count"] >= 1
    ruleset = json.loads((GITHUB / "rulesets/main.json").read_text())
    assert ruleset["enforcement"] == "active"
    assert ruleset["conditions"]["ref_name"] == {"include": ["~DEFAULT_BRANCH"], "exclude": []}
    assert ruleset["bypass_actors"] == []


def test_nobody_may_move_the_tags_that_start_a_release() -> None:
    release = yaml.safe_load((GITHUB / "workflows/release.yml").read_text())
    tags = [
        f"refs/tags/{pattern}" for pattern in release[True]["push"]["tags"]
    ]  # `on` is YAML's true
    for name in ("tags-who", "tags-stay"):
        ruleset = json.loads((GITHUB / f"rulesets/{name}.json").read_text())
        assert ruleset["conditions"]["ref_name"]["include"] == tags
    assert set(rules("tags-stay")) == {"update", "deletion", "non_fast_forward"}
    assert not json.loads((GITHUB / "rulesets/tags-stay.json").read_text())["bypass_actors"]


def test_a_commit_has_the_same_types_for_the_hook_the_title_the_draft_and_the_reader() -> None:
    (hook,) = [hook["entry"].split() for hook in HOOKS if hook.get("stages") == ["commit-msg"]]
    (title,) = [step["env"]["TYPES"] for step in CI["title"]["steps"] if "TYPES" in step["env"]]
    types = set(hook[1:])
    assert set(title.split("|")) == types

    cliff = tomllib.loads((ROOT / "cliff.toml").read_text())["git"]["commit_parsers"]
    assert {parser["message"].strip("^.*") for parser in cliff if "message" in parser} - {
        ""
    } < types

    told = (
        (ROOT / "CONTRIBUTING.md")
        .read_text()
        .split("Conventional Commit]")[1]
        .split(", a scope")[0]
    )
    assert set(re.findall(r"`(\w+)`", told)) == types


def test_hooks_clone_nothing_and_take_their_versions_from_the_locks() -> None:
    text = (ROOT / ".pre-commit-config.yaml").read_text()
    assert set(re.findall(r"- repo: (\S+)", text)) == {"local"}
    for hook in HOOKS:
        pinned = hook.get("additional_dependencies", [])
        assert all(re.search(r"@v\d+\.\d+\.\d+$", dependency) for dependency in pinned)
        if not pinned:
            assert re.match(r"\.venv/(delivery/)?bin/|make ", hook["entry"]), hook["id"]


def test_ci_leaves_out_only_hooks_that_it_runs_otherwise() -> None:
    (runs,) = [step for step in CI["check"]["steps"] if "check-hooks" in step.get("run", "")]
    assert runs["env"] == {"SKIP": "ruff,ruff-format,mypy,delivery"}


def test_what_check_delivery_reads_has_it_run_before_a_commit() -> None:
    (hook,) = [hook for hook in HOOKS if hook["id"] == "delivery"]
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    shells = [
        path
        for path in listed
        if (ROOT / path).read_bytes()[:32].startswith((b"#!/bin/sh", b"#!/usr/bin/env bash"))
    ]
    assert len(shells) >= 14
    made = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "check-delivery"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for path in [*shells, "docker-compose.yml", ".github/workflows/ci.yml"]:
        assert re.search(hook["files"], path), path
    (checked,) = [
        line.split()[1:]
        for line in made.splitlines()
        if "bin/shellcheck deploy" in line or "bin/shellcheck .ci" in line
    ]
    assert set(checked) == set(shells)


def test_the_changelog_has_the_form_that_a_release_needs() -> None:
    first, *versions = re.findall(r"^## (.+)$", CHANGELOG, re.MULTILINE)
    assert first == "Unreleased"
    for heading in versions:
        version, day = heading.split(" - ")
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
        assert str(date.fromisoformat(day)) == day

    numbers = [order(heading.split()[0]) for heading in versions]
    assert numbers == sorted(numbers, reverse=True)
    assert len(set(map(tuple, numbers))) == len(numbers)
    if versions:
        assert versions[0].split()[0] == VERSION
    sections = re.findall(r"^### (.+)$", CHANGELOG, re.MULTILINE)
    assert set(sections) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


class Clone:
    """A repository with the changelog, the project file and the scripts that release them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / ".github").mkdir()
        for script in ("release.py", "notes"):
            shutil.copy(GITHUB / script, folder / ".github")
        self.write("pyproject.toml", '[project]\nname = "x"\nversion = "0.9.0"\n')
        self.write(
            "CHANGELOG.md", "# Changelog\n\n## Unreleased\n\n- A thing.\n\n## 0.9.0 - 2026-01-01\n"
        )
        self.git("init", "--quiet", "--initial-branch", "main")
        self.commit()

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def read(self, name: str) -> str:
        return (self.folder / name).read_text()

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        who = {
            f"GIT_{role}_{what}": "x"
            for role in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, **who}
        return subprocess.run(
            command,
            check=False,
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def git(self, *arguments: str) -> str:
        done = self.run("git", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self) -> None:
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", "chore: x")

    def release(self, version: str) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, ".github/release.py", version)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_a_release_is_a_branch_with_the_version_and_its_section(clone: Clone) -> None:
    done = clone.release("1.0.0")
    assert done.returncode == 0, done.stderr
    assert clone.git("branch", "--show-current") == "release/1.0.0"
    assert clone.git("status", "--porcelain") == ""
    assert clone.git("log", "-1", "--format=%s") == "chore(release): 1.0.0"
    assert 'version = "1.0.0"' in clone.read("pyproject.toml")
    assert "git push origin v1.0.0" in done.stdout

    notes = clone.run(".github/notes", "1.0.0")
    assert notes.stdout.strip() == "- A thing."
    assert clone.run(".github/notes", "2.0.0").returncode == 1


@pytest.mark.parametrize("version", ["0.9.0", "0.8.9", "1.0", "v1.0.0", "1.0.0-rc1", ""])
def test_a_release_is_refused_that_is_not_newer_or_no_version(clone: Clone, version: str) -> None:
    refused = clone.release(version)
    assert refused.returncode == 1
    assert version in refused.stderr
    assert clone.git("branch", "--list") == "* main"


def test_a_release_that_was_begun_already_is_refused_and_changes_nothing(clone: Clone) -> None:
    assert clone.release("1.0.0").returncode == 0
    clone.git("switch", "--quiet", "main")
    again = clone.release("1.0.0")
    assert again.returncode == 1
    assert "release/1.0.0" in again.stderr
    assert clone.git("status", "--porcelain", "--branch") == "## main"


def test_a_release_is_refused_off_main_of_a_changed_tree_or_of_nothing(clone: Clone) -> None:
    clone.write("new", "")
    assert "new" in clone.release("1.0.0").stderr
    clone.commit()

    clone.git("switch", "--quiet", "--create", "aside")
    assert "aside" in clone.release("1.0.0").stderr
    clone.git("switch", "--quiet", "main")

    clone.git("tag", "v1.0.0")
    assert "v1.0.0 is there already" in clone.release("1.0.0").stderr
    clone.git("tag", "--delete", "v1.0.0")

    clone.write(
        "CHANGELOG.md", "# Changelog\n\n## Unreleased\n\n## 0.9.0 - 2026-01-01\n\n- A thing.\n"
    )
    clone.commit()
    assert "nothing under Unreleased" in clone.release("1.0.0").stderr
    assert clone.git("branch", "--list").split() == ["aside", "*", "main"]


@pytest.mark.parametrize(
    ("name", "what"), [("secrets", ["--pre-commit", "--staged"]), ("secrets-of-history", [])]
)
def test_secrets_are_looked_for_before_a_commit_and_before_a_push(
    name: str, what: list[str]
) -> None:
    (hook,) = [hook for hook in HOOKS if hook["id"] == name]
    words = hook["entry"].split()
    assert words[:2] == ["gitleaks", "git"]
    assert set(what) < set(words)
    assert hook["always_run"]
