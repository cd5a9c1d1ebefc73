"""The image by itself: what its commands do, shut in as they can be."""

import json
import re
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import httpx2 as httpx
import pytest

from cli import ports
from tests.image.compose import run
from tests.image.containers import OFFLINE, SHUT_IN, container, ended, healthy, log, state
from tests.integration.workers import until

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


@pytest.mark.parametrize("command", ["api", "worker"])
def test_what_was_only_just_started_stops_at_once_when_told_to(image: str, command: str) -> None:
    with container(image, command, *OFFLINE) as name:
        run("docker", "stop", "--time", str(STOPS_WITHIN_S), name)
        assert state(name)["ExitCode"] == 0, "it was killed, being deaf"


def test_the_apis_log_lines_say_when(api: str) -> None:
    lines = log(api).splitlines()
    assert lines
    assert all(re.match(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\] ", line) for line in lines)


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
        ("titanic topics", "no broker runs here: name yours with KAFKA_BOOTSTRAP_SERVERS"),
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


def test_the_doctor_advises_nothing_that_the_image_refuses(image: str) -> None:
    shown = ended(image, "titanic doctor", "--env=COLUMNS=200").stdout
    assert "KAFKA_BOOTSTRAP_SERVERS" in shown
    assert "titanic up" not in shown


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
