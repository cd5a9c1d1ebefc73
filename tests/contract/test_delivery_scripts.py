"""What lets an image through, run as the workflows run it: only what is signed, on main, approved.

No registry is to be had here, nor GitHub: programs on PATH stand for `cosign`, `docker` and `gh`.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.contract.workflows import ROOT, job, named

DIGEST: Final = f"sha256:{'0123456789abcdef' * 4}"


class Step:
    """A workflow's own script, run as GitHub runs it, with stand-ins first on PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log, self.outputs = folder, folder / "asked", folder / "outputs"
        self.stands_in("cosign", 'exit "${COSIGN_ENDS-0}"')
        self.stands_in(
            "docker", f'case "$*" in *inspect*) echo \'{{"digest": "{DIGEST}"}}\' ;; esac'
        )

    def stands_in(self, name: str, script: str) -> None:
        program = self.folder / name
        program.write_text(f'#!/bin/sh\nprintf "%s\\n" "{name} $*" >>"{self.log}"\n{script}\n')
        program.chmod(0o755)

    def run(self, script: str, cwd: Path = ROOT, **env: str) -> subprocess.CompletedProcess[str]:
        github = {
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "owner/name",
            "GITHUB_OUTPUT": str(self.outputs),
            "PATH": f"{self.folder}:{os.environ['PATH']}",
        }
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=cwd,
            env={**os.environ, **github, **env},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def asked(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def step(tmp_path: Path) -> Step:
    return Step(tmp_path)


@pytest.mark.parametrize("commit", ["", "0123abc"])
def test_a_signature_counts_by_file_branch_repository_and_commit(step: Step, commit: str) -> None:
    assert step.run(f".github/verify name@{DIGEST} {commit}").returncode == 0
    identity = "https://github.com/owner/name/.github/workflows/sign.yml@refs/heads/main"
    of_commit = f"--certificate-github-workflow-sha {commit} " if commit else ""
    (asked,) = step.asked()
    assert asked == (
        f"cosign verify name@{DIGEST} "
        "--certificate-oidc-issuer https://token.actions.githubusercontent.com "
        f"--certificate-identity {identity} "
        "--certificate-github-workflow-repository owner/name "
        f"--certificate-github-workflow-ref refs/heads/main {of_commit}--output text"
    )
    assert step.run(f".github/verify name@{DIGEST}", COSIGN_ENDS="3").returncode == 3


@pytest.mark.parametrize(
    ("digest", "signed"), [(DIGEST, True), (DIGEST, False), ("latest", True), (f"{DIGEST}0", True)]
)
def test_what_is_not_signed_is_not_deployed(step: Step, digest: str, signed: bool) -> None:
    script = named("deploy.yml", "deploy", "signed")["run"]
    ends = "0" if signed else "1"
    ended = step.run(script, IMAGE="name", DIGEST=digest, COSIGN_ENDS=ends)
    good = signed and digest == DIGEST
    assert (ended.returncode == 0) is good
    assert step.outputs.exists() is good
    if good:
        assert step.outputs.read_text() == f"image=name@{DIGEST}\n"


def test_what_deploys_comes_after_the_signature_and_takes_its_image_from_there() -> None:
    own = job("deploy.yml", "deploy")["steps"]
    at = own.index(named("deploy.yml", "deploy", "signed"))
    assert own[at]["if"] == "env.TO != ''"
    assert own[at]["env"] == {
        "IMAGE": "${{ steps.registry.outputs.image }}",
        "DIGEST": "${{ inputs.digest }}",
    }
    deploying = [n for n, one in enumerate(own) if "deploy/" in one.get("run", "")]
    assert len(deploying) == 2
    for number, way in zip(deploying, ("host", "cluster"), strict=True):
        assert number > at
        assert own[number]["env"]["IMAGE"] == "${{ steps.signed.outputs.image }}"
        superseded = "steps.age.outputs.superseded != 'true'"
        assert own[number]["if"] == f"env.TO == '{way}' && {superseded}"


@pytest.mark.parametrize(
    ("rules", "approved"), [("required_reviewers", True), ("wait_timer", False)]
)
def test_a_push_gets_to_production_only_where_there_are_reviewers(
    step: Step, rules: str, approved: bool
) -> None:
    (asks,) = [
        one for one in job("deploy.yml", "deploy")["steps"] if "protection_rules" in str(one)
    ]
    assert asks["if"].endswith("inputs.environment == 'production' && github.event_name == 'push'")
    step.stands_in("gh", f"echo {rules}")
    assert (step.run(asks["run"]).returncode == 0) is approved


@pytest.mark.parametrize("signed", [True, False])
def test_a_version_is_given_to_nothing_but_the_signed_image_of_its_commit(
    step: Step, signed: bool
) -> None:
    script = named("release.yml", "image", "tag")["run"]
    ends = "0" if signed else "1"
    ended = step.run(script, IMAGE="name", VERSION="1.2.3", COSIGN_ENDS=ends)
    assert (ended.returncode == 0) is signed
    commit = step.run("git rev-parse HEAD").stdout.strip()
    checks = [n for n, line in enumerate(step.asked()) if f"-workflow-sha {commit} " in line]
    tags = [n for n, line in enumerate(step.asked()) if "imagetools create" in line]
    assert len(checks) == 1
    assert len(tags) == (3 if signed else 0)
    assert all(number > checks[0] for number in tags)


TAGS: Final = [
    ("v1.0.0", "main", "1.0.0", True),
    ("v1.0.0", "aside", "1.0.0", False),
    ("v1.0.1", "main", "1.0.0", False),
    ("v2.0.0", "main", "2.0.0", False),  # of which the changelog says nothing
]


@pytest.mark.parametrize(("tag", "branch", "version", "passes"), TAGS)
def test_a_release_is_a_tag_on_main_with_the_projects_version_and_a_section(
    step: Step, tag: str, branch: str, version: str, passes: bool
) -> None:
    clone = step.folder / "clone"
    (clone / ".github").mkdir(parents=True)
    shutil.copy(ROOT / ".github/notes", clone / ".github")
    (clone / "CHANGELOG.md").write_text("# Changelog\n\n## 1.0.0 - 2026-01-01\n\n- A thing.\n")
    (clone / "pyproject.toml").write_text(f'[project]\nversion = "{version}"\n')
    git = "git -c user.name=x -c user.email=x -c commit.gpgsign=false"
    made = step.run(
        f"git init -q -b main; {git} commit -q --allow-empty -m one; "
        f"git update-ref refs/remotes/origin/main HEAD; git switch -q -C {branch}; "
        f"[ {branch} = main ] || {git} commit -q --allow-empty -m two",
        cwd=clone,
    )
    assert made.returncode == 0, made.stderr
    script = named("release.yml", "check", "version")["run"]
    ended = step.run(script, cwd=clone, GITHUB_REF_NAME=tag)
    assert (ended.returncode == 0) is passes, ended.stdout
    assert step.outputs.exists() is passes


# GitHub is out of reach: this stands for `gh api PATH --jq …`, over (commit, place, state) lines.
GH = """#!/usr/bin/env python3
import json, os, sys
deployments, path = json.loads(os.environ["DEPLOYED"]), sys.argv[2]
if "deployments?" in path:
    for number, (commit, _, _) in enumerate(deployments):
        print(number, commit)
elif "/compare/" in path:
    print(next(place for commit, place, _ in deployments if path.endswith("..." + commit)))
else:
    print(json.dumps(deployments[int(path.split("/")[-2])][2] == "success"))
"""
DEPLOYED = [
    ([], ""),
    ([("ours", "identical", "success")], ""),
    ([("earlier", "behind", "success")], ""),
    ([("later", "ahead", "success")], "later"),
    ([("earlier", "behind", "success"), ("later", "ahead", "success")], "later"),
    ([("later", "ahead", "failure")], ""),
]


@pytest.mark.parametrize(("deployed", "later"), DEPLOYED)
def test_a_commit_is_overtaken_by_a_later_one_that_was_deployed_with_success(
    deployed: list[tuple[str, str, str]], later: str, tmp_path: Path
) -> None:
    gh = tmp_path / "gh"
    gh.write_text(GH)
    gh.chmod(0o755)
    env = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "DEPLOYED": json.dumps(deployed),
        "GITHUB_REPOSITORY": "owner/name",
        "GITHUB_SHA": "ours",
    }
    script = [str(ROOT / ".github/later"), "staging"]
    ended = subprocess.run(script, env=env, capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == later
