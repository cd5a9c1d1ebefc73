"""From the merge to production: nothing on the way can be passed over.

What GitHub alone can run is compared word by word; what is a script is run, by
test_delivery_scripts.py.
"""

import itertools
import re
import shlex
import subprocess
from typing import Any, Final

import pytest

from tests.contract.workflows import JOBS, ROOT, WORKFLOWS, job, named, scripts, texts

DECISION: Final = (ROOT / "docs/decisions/0006-delivery.md").read_text()
BUILT: Final = "${{ steps.registry.outputs.image }}@${{ needs.image.outputs.digest }}"

TRIGGERS: Final = {
    "ci.yml": {"pull_request", "merge_group", "workflow_dispatch", "workflow_call"},
    "delivery.yml": {"push": {"branches": ["main"]}},
    "deploy.yml": {"workflow_call", "workflow_dispatch"},
    "locks.yml": {"schedule", "workflow_dispatch"},
    "nightly.yml": {"schedule", "workflow_dispatch"},
    "release.yml": {"push": {"tags": ["v*"]}},
    "sign.yml": {"workflow_call"},
}
NEEDS: Final = {
    "ci.yml green": {"title", "check", "test", "image", "dependencies"},
    "delivery.yml image": {"ci"},
    "delivery.yml test": {"image"},
    "delivery.yml sign": {"image", "test"},
    "delivery.yml staging": {"image", "sign"},
    "delivery.yml production": {"image", "staging"},
    "locks.yml propose": {"lock"},
    "nightly.yml trend": {"bench"},
    "nightly.yml tell": {"faults", "bench", "trend"},
    "release.yml image": {"check", "package"},
    "release.yml package": {"check"},
    "release.yml release": {"check", "image", "package"},
}
CONDITIONS: Final = {
    "ci.yml green": "always()",
    "delivery.yml production": "needs.staging.outputs.superseded != 'true'",
    "deploy.yml deploy": "github.ref == 'refs/heads/main'",
    "nightly.yml trend": "!cancelled() && needs.bench.outputs.history != '' "
    "&& github.ref == 'refs/heads/main'",
    "nightly.yml tell": "always() && github.event_name == 'schedule' && (contains("
    "needs.*.result, 'failure') || contains(needs.*.result, 'cancelled'))",
}
ENVIRONMENTS: Final = {"deploy.yml deploy": "${{ inputs.environment }}"}
WRITES: Final = {
    "delivery.yml image": {"packages", "id-token"},
    "delivery.yml test": {"id-token"},
    "delivery.yml sign": {"packages", "id-token"},
    "delivery.yml staging": {"id-token"},
    "delivery.yml production": {"id-token"},
    "deploy.yml deploy": {"id-token"},
    "locks.yml propose": {"contents", "pull-requests"},
    "nightly.yml trend": {"contents"},
    "nightly.yml tell": {"issues"},
    "release.yml image": {"packages", "id-token"},
    "release.yml release": {"contents", "attestations", "id-token"},
    "sign.yml sign": {"packages", "id-token"},
}
# What tests, in its order; a step with a condition may be left out, hence the second one.
TESTS: Final = {
    "ci.yml check": ["make check", "make check-delivery", "make check-hooks"],
    "ci.yml test": ["make test"],
    "ci.yml image": ["make image", "make test-image"],
    "delivery.yml test": ['docker pull --quiet "$IMAGE"\nmake test-image'],
}
STEP_CONDITIONS: Final = {
    "ci.yml": {
        "github.event_name == 'pull_request'",
        "github.event_name == 'pull_request' && !github.event.repository.private",
        "failure()",
    },
    "delivery.yml": set(),
    "sign.yml": set(),
    "release.yml": {"${{ !github.event.repository.private }}"},
}
SCAN: Final = {"only-fixed": True, "severity-cutoff": "high", "output-format": "table"}


def everywhere(key: str) -> dict[str, Any]:
    """What the jobs that have this key have there."""
    return {f"{file} {name}": job(file, name)[key] for file, name in JOBS if key in job(file, name)}


def test_each_workflow_starts_by_what_it_is_to_start_by() -> None:
    for file, events in TRIGGERS.items():
        on = WORKFLOWS[file][True]  # `on`, as YAML 1.1 reads it
        assert on == events if isinstance(events, dict) else set(on) == events, file
    assert set(TRIGGERS) == set(WORKFLOWS)


def test_each_job_comes_after_what_it_is_to_come_after() -> None:
    needs = {n: {v} if isinstance(v, str) else set(v) for n, v in everywhere("needs").items()}
    assert needs == NEEDS


def test_no_job_is_left_out_or_has_an_environment_but_those_that_are_to() -> None:
    assert everywhere("if") == CONDITIONS
    assert everywhere("environment") == ENVIRONMENTS


def test_no_job_may_write_but_those_that_have_to() -> None:
    writing = {
        name: {scope for scope, access in permissions.items() if access == "write"}
        for name, permissions in everywhere("permissions").items()
    }
    assert {name: scopes for name, scopes in writing.items() if scopes} == WRITES


@pytest.mark.parametrize("name", TESTS)
def test_a_job_that_tests_runs_its_commands_whatever_else_it_does(name: str) -> None:
    own = job(*name.split())["steps"]
    run = [step for step in own if "make " in step.get("run", "")]
    assert [step["run"].strip() for step in run] == TESTS[name]
    assert not [step for step in run if "if" in step or "working-directory" in step]


@pytest.mark.parametrize("file", STEP_CONDITIONS)
def test_no_step_is_left_out_but_those_that_are_to(file: str) -> None:
    own = [step for part in WORKFLOWS[file]["jobs"].values() for step in part.get("steps", [])]
    assert {step["if"] for step in own if "if" in step} == STEP_CONDITIONS[file]


def test_no_failure_is_passed_over() -> None:
    passes_over = re.compile(r"continue-on-error|\|\| *(true|:)(?!\S)|set \+e|fail-build|-regexp\b")
    files = [path for path in (ROOT / ".github").rglob("*") if path.is_file()]
    for path in [*files, ROOT / ".ci/run", ROOT / "Makefile", ROOT / ".pre-commit-config.yaml"]:
        if path.suffix != ".pyc":
            assert not passes_over.search(path.read_text()), path


@pytest.mark.parametrize(
    ("name", "image"),
    [("ci.yml image", "data_engineering_project"), ("delivery.yml test", BUILT)],
)
def test_what_is_known_bad_and_mendable_stops_an_image(name: str, image: str) -> None:
    own = job(*name.split())["steps"]
    (scan,) = [step for step in own if step.get("uses", "").startswith("anchore/scan-action@")]
    assert scan["with"] == {"image": image, **SCAN}
    assert "if" not in scan


def test_the_image_that_is_tested_signed_and_deployed_is_the_one_that_was_built() -> None:
    jobs = WORKFLOWS["delivery.yml"]["jobs"]
    assert jobs["image"]["outputs"] == {"digest": "${{ steps.build.outputs.digest }}"}
    (tests,) = [step for step in jobs["test"]["steps"] if "test-image" in step.get("run", "")]
    assert tests["env"] == {"IMAGE": BUILT}
    digest = "${{ needs.image.outputs.digest }}"
    assert jobs["sign"]["with"] == {"digest": digest}
    for environment in "staging", "production":
        assert jobs[environment]["uses"] == "./.github/workflows/deploy.yml"
        assert jobs[environment]["with"] == {"environment": environment, "digest": digest}
    assert jobs["ci"]["uses"] == "./.github/workflows/ci.yml"
    assert jobs["sign"]["uses"] == "./.github/workflows/sign.yml"


def test_the_image_is_pushed_by_digest_with_what_is_in_it_and_where_it_is_from() -> None:
    words = shlex.split(named("delivery.yml", "image", "build")["run"])
    told = dict(itertools.pairwise(words))
    assert (told["--sbom"], told["--provenance"]) == ("true", "mode=max")
    assert told["--platform"] == "linux/amd64,linux/arm64"
    assert "push-by-digest=true" in told["--output"]
    assert "--tag" not in words


def test_what_signs_runs_no_code_of_others_and_nothing_else_has_its_identity() -> None:
    signing = [where for where, script in scripts() if "cosign sign" in script]
    assert signing == ["sign.yml: sign"]
    assert list(WORKFLOWS["sign.yml"]["jobs"]) == ["sign"]
    assert not any("make " in script for where, script in scripts() if where == "sign.yml: sign")


def test_the_decision_lists_every_variable_and_secret_and_no_other() -> None:
    used = {name for text in texts() for name in re.findall(r"\b(?:vars|secrets)\.([A-Z_]+)", text)}
    listed = set(re.findall(r"^\| `([A-Z_]+)`", DECISION, re.MULTILINE))
    assert listed == used


def test_every_environment_has_its_overlay_and_is_in_the_decision() -> None:
    for name in WORKFLOWS["deploy.yml"][True]["workflow_dispatch"]["inputs"]["environment"][
        "options"
    ]:
        assert (ROOT / "deploy/cluster/overlays" / name).is_dir()
        assert f"`{name}`" in DECISION
        assert job("delivery.yml", name)["with"]["environment"] == name


def test_a_release_shows_the_changelogs_section_and_refuses_where_there_is_none() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()
    heading = re.search(r"^## (\S+)", changelog, re.MULTILINE)
    assert heading is not None
    notes = [str(ROOT / ".github/notes")]
    shown = subprocess.run([*notes, heading[1]], capture_output=True, text=True, check=True).stdout
    assert shown.strip() in changelog
    assert "\n## " not in shown
    assert subprocess.run([*notes, "99.0.0"], check=False).returncode == 1
