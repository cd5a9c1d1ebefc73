"""What deploys refuses bad input before it does anything, and never takes an error for an answer.

No cluster and no other host is to be had here: a program on PATH stands for `kubectl` and `ssh`.
What the host's script does with containers is in tests/image/test_deploy_host.py.
"""

import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
CLUSTER: Final = str(ROOT / "deploy/cluster/deploy")
HOST: Final = str(ROOT / "deploy/host/deploy")
SEND: Final = str(ROOT / "deploy/host/send")
IMAGE: Final = f"ghcr.io/owner/name@sha256:{'0123456789abcdef' * 4}"
# Notes what it was asked, and answers as if all went well; fails where the pattern FAILS is in it.
STAND_IN: Final = """#!/bin/sh
echo "$@" >>"$ASKED"
if [ -n "${FAILS-}" ]; then
    case "$*" in *$FAILS*) echo "no connection" >&2; exit 1 ;; esac
fi
case "$*" in
    kustomize*) echo "image: titanic" ;;
    *" get statefulset/"*) [ -z "${RUNS-}" ] || echo statefulset.apps/worker ;;
    *" get deployment/"*) [ -z "${RUNS-}" ] || echo deployment.apps/api ;;
    *view-last-applied*) echo "image: before" ;;
    *" apply --filename "*) sed 's/^/applied /' "${5:-}" >>"$ASKED" ;;
esac
"""
CHANGES: Final = "apply --filename"


class Place:
    """A folder with programs that come first on PATH, and what they were asked."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin, self.log = folder, folder / "bin", folder / "asked"
        self.bin.mkdir()
        for name in "kubectl", "ssh":
            (self.bin / name).write_text(STAND_IN)
            (self.bin / name).chmod(0o755)

    def run(self, *command: str, path: str | None = None, **env: str) -> tuple[int, str]:
        """The exit code and all that was written."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("DEPLOY_")}
        ours = {"PATH": path or f"{self.bin}:{os.environ['PATH']}", "ASKED": str(self.log), **env}
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=inherited | ours,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout

    def asked(self) -> str:
        return self.log.read_text() if self.log.exists() else ""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_cluster_is_brought_to_the_image(place: Place) -> None:
    code, said = place.run(CLUSTER, "staging", IMAGE, RUNS="1")
    assert code == 0, said
    assert f"applied image: {IMAGE}" in place.asked()
    assert "image: before" not in place.asked()


@pytest.mark.parametrize("fails", ["get statefulset/", "get deployment/", "view-last-applied"])
def test_nothing_is_changed_in_a_cluster_that_does_not_say_what_runs(
    place: Place, fails: str
) -> None:
    code, said = place.run(CLUSTER, "staging", IMAGE, RUNS="1", FAILS=fails)
    assert code == 1
    assert said.splitlines()[-1].endswith("nothing was changed")
    assert CHANGES not in place.asked()


def test_nothing_is_changed_in_a_cluster_that_would_not_take_all_of_it(place: Place) -> None:
    code, _ = place.run(CLUSTER, "staging", IMAGE, FAILS="--dry-run=server")
    assert code == 1
    assert CHANGES not in place.asked()


@pytest.mark.parametrize(
    ("fails", "ends"),
    [
        ("rollout status deployment/", "needs a person"),
        ("apply --filename*wanted.yaml", "what ran before is back and ready"),
        ("apply --filename", "needs a person"),
    ],
)
def test_what_ran_in_a_cluster_is_put_back_and_the_truth_told(
    place: Place, fails: str, ends: str
) -> None:
    code, said = place.run(CLUSTER, "staging", IMAGE, RUNS="1", FAILS=fails)
    assert code == 1
    assert said.strip().endswith(ends)
    if fails != "apply --filename":
        assert place.asked().count("applied image: before") == 2


def test_a_cluster_where_nothing_ran_is_left_as_it_is(place: Place) -> None:
    code, said = place.run(CLUSTER, "staging", IMAGE, FAILS="rollout status")
    assert code == 1
    assert "nothing ran here before: left as it is" in said


def test_a_host_is_sent_the_image_and_the_limit_of_time(place: Place) -> None:
    code, said = place.run(SEND, "me@host", IMAGE, DEPLOY_WITHIN_S="7", DEPLOY_FOLDER="a/b")
    assert code == 0, said
    assert "-- me@host " in place.asked()
    assert f"DEPLOY_WITHIN_S=7 sh $sent/deploy --from $sent {IMAGE}\n" in place.asked()
    assert "cd -- a/b\n" in place.asked()


INJECTION: Final = "1; touch injected #"
MISTAKES: Final = [
    ((CLUSTER, "other", IMAGE), {}, "staging"),
    ((CLUSTER, "../base", IMAGE), {}, "staging"),
    ((CLUSTER, "staging", "name:latest"), {}, "a tag can move"),
    ((CLUSTER, "staging", "name:latest@sha256:12"), {}, "a tag can move"),
    ((CLUSTER, "staging", f"{IMAGE}\nname:latest"), {}, "letters, digits"),
    ((CLUSTER, "staging", f"name|e touch injected|{IMAGE}"), {}, "letters, digits"),
    ((CLUSTER, "staging", IMAGE), {"DEPLOY_WITHIN_S": "5m"}, "DEPLOY_WITHIN_S=5m"),
    ((SEND, "-oProxyCommand=touch injected", IMAGE), {}, "no host"),
    ((SEND, "", IMAGE), {}, "no host"),
    ((SEND, "me@host", f"{IMAGE}; touch injected"), {}, "letters, digits"),
    ((SEND, "me@host", f"{IMAGE}\ntouch injected"), {}, "letters, digits"),
    ((SEND, "me@host", IMAGE), {"DEPLOY_FOLDER": "$(touch injected)"}, "DEPLOY_FOLDER"),
    ((SEND, "me@host", IMAGE), {"DEPLOY_WITHIN_S": INJECTION}, "DEPLOY_WITHIN_S"),
    ((HOST, "name:latest"), {}, "a tag can move"),
    ((HOST, f"{IMAGE}\nname:latest"), {}, "letters, digits"),
    ((HOST, IMAGE), {"DEPLOY_WITHIN_S": INJECTION}, "DEPLOY_WITHIN_S"),
]


@pytest.mark.parametrize(("command", "env", "says"), MISTAKES)
def test_what_cannot_be_meant_is_refused_before_anything_is_done(
    place: Place, command: tuple[str, ...], env: dict[str, str], says: str
) -> None:
    code, said = place.run(*command, **env)
    assert code in (1, 2)
    assert says in said
    assert place.asked() == ""
    assert not (place.folder / "injected").exists()
    assert not (place.folder / ".env").exists()


@pytest.mark.parametrize("script", [CLUSTER, SEND, HOST])
def test_a_script_says_how_it_is_used(place: Place, script: str) -> None:
    for help_ in "--help", "-h":
        code, said = place.run(script, help_)
        assert code == 0
        assert said.startswith("usage: ")
    for wrong in (), ("a", "b", "c"):
        assert place.run(script, *wrong) == (2, said), wrong
    assert place.asked() == ""


@pytest.mark.parametrize(
    ("command", "missing"),
    [
        ((HOST, IMAGE), "flock"),
        ((HOST, IMAGE), "docker"),
        ((CLUSTER, "staging", IMAGE), "kubectl"),
    ],
)
def test_what_a_script_needs_and_lacks_is_named(
    place: Place, command: tuple[str, ...], missing: str
) -> None:
    there = place.folder / "there"
    there.mkdir()
    for tool in {"sh", "dirname", "grep", "sed", "docker", "flock"} - {missing}:
        (there / tool).symlink_to(shutil.which(tool) or "/bin/true")
    code, said = place.run(*command, path=str(there))
    assert code == 1
    assert missing in said
    assert len(said.splitlines()) == 1, shlex.quote(said)
