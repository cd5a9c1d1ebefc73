"""`titanic broker` as a person meets it: a command that starts, stays, ends, or says why not."""

import json
import os
import signal
import socket
import subprocess
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from cli import broker, ports

pytestmark = pytest.mark.broker

TITANIC = Path(sysconfig.get_path("scripts")) / "titanic"
STARTS_WITHIN_S = 120.0
ENDS_WITHIN_S = 20.0
# a proxy that is not there: what has been downloaded once needs no network
NO_NETWORK = {"HTTP_PROXY": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1"}


@dataclass(frozen=True, slots=True)
class Running:
    """A `titanic broker` that is up."""

    process: "subprocess.Popen[str]"
    port: int
    jvm: int
    said: str

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        return Path(self.said.partition("its data is in ")[2].splitlines()[0])

    def end(self, signal_number: int) -> int:
        self.process.send_signal(signal_number)
        return self.process.wait(ENDS_WITHIN_S)


Start = Callable[..., Running]


def environment(extra: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KAFKA_")}
    return kept | {name.lower(): value for name, value in extra.items()} | extra


def run(
    *arguments: str, within: tuple[str, ...] = (), env: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """`titanic broker` to its end."""
    return subprocess.run(
        [*within, TITANIC, "broker", *arguments],
        env=environment(env or {}),
        capture_output=True,
        text=True,
        timeout=STARTS_WITHIN_S,
        check=False,
    )


def the_one_line(refused: "subprocess.CompletedProcess[str]") -> str:
    lines = [line for line in refused.stderr.splitlines() if not line.startswith("downloading")]
    assert refused.returncode == 1
    assert len(lines) == 1, refused.stderr
    return lines[0]


def launch(log: Path, *arguments: str, env: dict[str, str] | None = None) -> Running:
    """`titanic broker` until it is up."""
    with log.open("w") as said:
        process = subprocess.Popen(
            [TITANIC, "broker", *arguments],
            env=environment(NO_NETWORK | (env or {})),
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
    assert process.stdout
    with process.stdout as stdout:
        first = stdout.readline()
    assert first.startswith("export KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:"), log.read_text()
    text = log.read_text()
    jvm = int(text.partition("process ")[2].partition(",")[0])
    return Running(process, int(first.rpartition(":")[2]), jvm, text)


@pytest.fixture(scope="module")
def jars() -> None:
    """Downloaded, when this machine hasn't them yet."""
    from cli.embedded.jars import class_path

    class_path()


@pytest.fixture
def start(tmp_path: Path, jars: None) -> Iterator[Start]:
    """Starts `titanic broker`, on a folder of this test unless told otherwise."""
    running: list[Running] = []

    def started(*arguments: str) -> Running:
        own = () if "--data" in arguments else ("--data", str(tmp_path / "data"))
        running.append(launch(tmp_path / "said", *own, *arguments))
        return running[-1]

    yield started
    for one in running:
        one.process.kill()
        one.process.wait(ENDS_WITHIN_S)
        until(lambda pid=one.jvm: not alive(pid))  # type: ignore[misc]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, jars: None) -> Iterator[Running]:
    """One in the default place of a user who has no other, for tests that only look at it."""
    home = tmp_path_factory.mktemp("home")
    running = launch(home / "said", "--port", "0", env={"XDG_DATA_HOME": str(home)})
    yield running
    assert running.end(signal.SIGINT) == 0


def alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + ENDS_WITHIN_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def topics(address: str) -> set[str]:
    return set(AdminClient({"bootstrap.servers": address}).list_topics(timeout=10).topics)


@pytest.mark.faults
def test_the_broker_dies_with_a_parent_that_is_killed(start: Start) -> None:
    running = start("--port", "0")
    assert running.end(signal.SIGKILL) == -signal.SIGKILL
    until(lambda: not alive(running.jvm))
    assert not ports.answers(running.port)


@pytest.mark.faults
def test_topics_survive_a_restart_and_fresh_empties_them(start: Start) -> None:
    first = start("--port", "0")
    admin = AdminClient({"bootstrap.servers": first.address})
    admin.create_topics([NewTopic("passengers")])["passengers"].result(10)
    assert first.end(signal.SIGTERM) == 0
    assert not alive(first.jvm)

    second = start("--port", "0")
    assert "passengers" in topics(second.address)
    assert second.end(signal.SIGINT) == 0

    third = start("--port", "0", "--fresh")
    assert "passengers" not in topics(third.address)


@pytest.mark.faults
def test_a_broker_that_falls_is_reported(start: Start, tmp_path: Path) -> None:
    running = start("--port", "0")
    os.kill(running.jvm, signal.SIGKILL)
    assert running.process.wait(ENDS_WITHIN_S) == 1
    last = (tmp_path / "said").read_text().splitlines()[-1]
    assert last.startswith("titanic broker: broker 1 has ended by itself: it was sent SIGKILL")


def test_a_9092_that_is_taken_is_stepped_around(start: Start) -> None:
    with socket.socket() as other:
        with suppress(OSError):  # someone else has it already, which is as good
            other.bind(("127.0.0.1", 9092))
            other.listen()
        running = start()
    assert running.port != 9092
    assert f"port 9092 is taken; it listens on {running.port}" in running.said


def test_a_taken_port_that_was_asked_for_is_named(tmp_path: Path, jars: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        refused = run("--port", port, "--data", str(tmp_path / "data"))
    assert f"port {port} is taken" in the_one_line(refused)


def test_two_on_one_data_folder_is_told_who_holds_it(shared: Running) -> None:
    refused = the_one_line(run("--data", str(shared.data)))
    assert shared.address in refused
    assert f"process {shared.process.pid}" in refused


def test_another_terminal_finds_the_running_broker(
    shared: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(shared.data.parent.parent))
    assert broker.running() == shared.address
    with broker.find_or_start(None) as found:
        assert found == broker.Broker(shared.address, broker.Origin.RUNNING)


def test_a_given_broker_that_answers_leaves_nothing_to_start(shared: Running) -> None:
    checked = run(env={"KAFKA_BOOTSTRAP_SERVERS": shared.address})
    assert checked.returncode == 0
    assert f"Kafka answers at {shared.address} (1 broker)" in checked.stderr


def test_a_given_broker_that_does_not_answer_is_named() -> None:
    assert "no broker answers at 127.0.0.1:1" in the_one_line(
        run(env={"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"})
    )


def test_no_network_is_said_in_one_line(tmp_path: Path) -> None:
    refused = run(
        "--data", str(tmp_path / "data"), env=NO_NETWORK | {"XDG_CACHE_HOME": str(tmp_path)}
    )
    assert "could not be downloaded" in the_one_line(refused)


def test_no_room_is_said_in_one_line(tmp_path: Path, jars: None) -> None:
    small_files = ("sh", "-c", 'ulimit -f 2000; exec "$@"', "sh")
    limited = run("--port", "0", "--data", str(tmp_path / "data"), within=small_files)
    assert "File too large" in the_one_line(limited)


def test_damaged_data_is_said_in_one_line(tmp_path: Path, jars: None) -> None:
    (tmp_path / "broker.json").touch()
    (tmp_path / "cluster.json").write_text(json.dumps({"brokers": 1, "cluster_id": "x"}))
    (tmp_path / "node-1" / "data").mkdir(parents=True)
    refused = the_one_line(run("--data", str(tmp_path)))
    assert "is damaged; --fresh begins anew" in refused
