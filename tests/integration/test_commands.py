"""The `titanic` commands as users run them: processes, pipes and exit codes, on a real Kafka."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.ports import is_free
from tests.integration.commands import TITANIC, environment, titanic
from tests.integration.workers import Scene, scene, until
from titanic_model.passenger import Prediction
from titanic_model.releases import Releases

pytestmark = pytest.mark.broker

LINES = (
    b'{"passenger_id":"a","age":29,"sex":"female","pclass":1}\n'
    b'{"passenger_id":"b","age":-1,"sex":"male","pclass":3}\n'
    b'{"age":null,"sex":"male","pclass":3}\n'
)


@pytest.fixture
def stage(kafka: str, tmp_path: Path, release_store: str) -> Iterator[Scene]:
    with scene(kafka, tmp_path, release_store) as made:
        yield made


def test_what_is_produced_is_watched_and_refused_lines_do_not_stop_it(stage: Scene) -> None:
    stage.worker().ready()
    done = titanic(stage, "produce", "-", stdin=LINES)
    assert done.stdout == b""
    assert b"3 events sent" in done.stderr

    watched = titanic(stage, "watch", "--from-beginning", "--max", "2")

    seen = [Prediction.model_validate_json(line) for line in watched.stdout.splitlines()]
    assert {one.passenger_id for one in seen} == {"a", "line-3"}
    [dead] = stage.answers(3).dead_letters
    assert dead.value() == LINES.splitlines()[1]


def test_watch_ends_quietly_when_its_reader_has_enough(stage: Scene) -> None:
    stage.worker().ready()
    titanic(stage, "produce", "-", stdin=LINES[:60] * 50)
    command = f"{subprocess.list2cmdline(TITANIC)} watch --from-beginning --idle 30 | head -n 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        capture_output=True,
        env=environment(stage),
        timeout=60,
        check=False,
    )
    assert json.loads(done.stdout)["passenger_id"] == "a"
    assert done.stderr == b""
    assert done.returncode == 0


def test_predictions_come_out_of_a_pipe_while_events_still_go_in(stage: Scene) -> None:
    stage.worker().ready()
    with subprocess.Popen(
        [*TITANIC, "watch", "--from-beginning"], stdout=subprocess.PIPE, env=environment(stage)
    ) as watch:
        with subprocess.Popen(
            [*TITANIC, "produce", "-", "--rate", "12"],
            stdin=subprocess.PIPE,
            env=environment(stage),
        ) as produce:
            assert produce.stdin
            assert watch.stdout
            produce.stdin.write(LINES[:56] * 50)
            produce.stdin.close()
            first = json.loads(watch.stdout.readline())
            assert produce.poll() is None
            produce.terminate()
        watch.terminate()
    assert first["passenger_id"] == "a"


def test_ctrl_c_says_how_many_events_are_delivered(stage: Scene) -> None:
    stage.create_topics()
    produce = subprocess.Popen(
        [*TITANIC, "produce", "-"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(stage),
    )
    assert produce.stdin
    produce.stdin.write(LINES)
    produce.stdin.flush()
    stage.worker().ready()
    stage.answers(3)
    os.kill(produce.pid, signal.SIGINT)
    _, said = produce.communicate(timeout=30)
    assert produce.returncode == 130
    assert said == b"titanic produce: stopped; 3 events are delivered\n"


def test_the_workers_transactional_id_is_not_the_commands(stage: Scene) -> None:
    stage.create_topics()
    done = titanic(stage, "produce", "-", stdin=LINES, KAFKA_TRANSACTIONAL_ID="worker-1")
    assert b"3 events sent" in done.stderr


def test_an_event_too_large_for_kafka_is_one_readable_line(stage: Scene) -> None:
    stage.create_topics()
    large = b'{"passenger_id":"' + b"x" * 11_000_000 + b'"}\n'
    done = titanic(stage, "produce", "-", stdin=LINES + large, code=1)
    assert b"event 4 was not taken, 3 are delivered" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_variables_that_are_no_settings_do_not_stop_the_broker_command(stage: Scene) -> None:
    done = titanic(stage, "broker", KAFKA_PORT="tcp://10.0.0.1:9092")
    assert b"there is nothing to start" in done.stderr
    assert b"KAFKA_PORT is left out" in done.stderr


def test_the_demo_ends_by_itself_and_says_what_it_found(stage: Scene) -> None:
    done = titanic(stage, "demo").stdout.decode()
    for told in (
        "1,309",
        "agree",
        "the same answer for 1,309 of 1,309",
        "p99",
        "sent and answered",
    ):
        assert told in done
    answers = stage.answers(1309)
    assert len(answers.dead_letters) == 7
    assert set(answers.events.values()) == {1}


def test_the_demo_trains_where_there_is_no_release(stage: Scene) -> None:
    releases = stage.folder / "new"
    titanic(stage, "demo", "--no-burst", TITANIC_RELEASES=str(releases))
    assert Releases(str(releases)).champion()


def test_up_runs_until_ctrl_c_and_leaves_nothing_running(stage: Scene) -> None:
    log = stage.folder / "up.log"
    with log.open("wb") as out:
        up = subprocess.Popen([*TITANIC, "up"], stderr=out, env=environment(stage))
    until(lambda: "Ctrl-C stops everything" in log.read_text(), log.read_text(), 60)
    worker, api = (_port(log.read_text(), name) for name in ("worker", "API"))
    assert not is_free(worker)
    assert not is_free(api)

    up.send_signal(signal.SIGINT)

    assert up.wait(60) == 0
    assert is_free(worker)
    assert is_free(api)


@pytest.mark.faults
def test_what_up_started_ends_when_up_is_killed(stage: Scene) -> None:
    log = stage.folder / "up.log"
    with log.open("wb") as out:
        up = subprocess.Popen([*TITANIC, "up"], stderr=out, env=environment(stage))
    until(lambda: "Ctrl-C stops everything" in log.read_text(), log.read_text(), 60)
    ports = [_port(log.read_text(), name) for name in ("worker", "API")]

    up.kill()
    up.wait()

    until(lambda: all(is_free(port) for port in ports), "the worker and the API end", 60)


def _port(said: str, name: str) -> int:
    line = next(line for line in said.splitlines() if line.strip().startswith(name))
    return int(line.split("http://127.0.0.1:")[1].split("/")[0])


def test_doctor_finds_nothing_wrong_where_all_is_well(stage: Scene) -> None:
    stage.worker().ready()
    told = titanic(stage, "doctor", COLUMNS="200").stdout.decode()
    assert "✗" not in told
    assert f"group-{stage.name}: 1 worker(s), 0 events waiting" in told


def test_doctor_says_what_is_absent_and_how_to_mend_it(stage: Scene) -> None:
    missing = str(stage.folder / "nowhere")
    told = titanic(stage, "doctor", code=1, TITANIC_RELEASES=missing, COLUMNS="200").stdout.decode()
    assert "titanic train" in told
    assert "titanic topics" in told
    assert "titanic up" in told


def test_topics_are_created_once_and_shown(stage: Scene) -> None:
    first = titanic(stage, "topics", TITANIC_PARTITIONS="2").stdout.decode()
    again = titanic(stage, "topics", TITANIC_PARTITIONS="5").stdout.decode()
    assert first.count("created") == again.count("was there") == 4
    assert [_cells(line)[:3] for line in first.splitlines()] == [
        _cells(line)[:3] for line in again.splitlines()
    ]


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.split("│")[1:]]


@pytest.mark.parametrize("command", [("watch",), ("produce", "-"), ("topics",)])
def test_a_broker_that_does_not_answer_is_one_readable_line(
    stage: Scene, command: tuple[str, ...]
) -> None:
    done = titanic(stage, *command, stdin=LINES, code=1, KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")
    assert len(done.stderr.splitlines()) == 1
    assert b"127.0.0.1:1" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "settings", "named"),
    [
        (("produce", "absent.csv"), {}, "absent.csv: No such file"),
        (("produce",), {}, "name a file"),
        (("watch",), {"TITANIC_PREDICTIONS_TOPIC": "a/b"}, "TITANIC_PREDICTIONS_TOPIC"),
        (("watch",), {"KAFKA_SECURITY_PROTOCOL": "nonsense"}, "security.protocol"),
        (("topics",), {"KAFKA_SASL_PASSWORD_FILE": "/absent"}, "KAFKA_SASL_PASSWORD_FILE"),
    ],
)
def test_what_is_wrong_with_a_call_is_one_readable_line(
    stage: Scene, arguments: tuple[str, ...], settings: dict[str, str], named: str
) -> None:
    done = subprocess.run(
        [*TITANIC, *arguments],
        capture_output=True,
        env=environment(stage, **settings),
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    assert done.returncode in {1, 2}
    assert named in done.stderr.decode()
    assert len(done.stderr.splitlines()) == 1, done.stderr.decode()


def test_ctrl_c_ends_a_watch_with_exit_code_0(stage: Scene) -> None:
    titanic(stage, "topics")
    watch = subprocess.Popen(
        [*TITANIC, "watch"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(stage) | {"PYTHONUNBUFFERED": "1"},
    )
    stage.worker().ready()
    os.kill(watch.pid, signal.SIGINT)
    _, said = watch.communicate(timeout=30)
    assert (watch.returncode, said) == (0, b"")
