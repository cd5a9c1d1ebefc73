"""`titanic dlq` on a real Kafka: refused events found, shown, and sent again once."""

import json
import os
import pty
import subprocess
from base64 import b64decode
from typing import Any, cast

import pytest
from confluent_kafka import Message, Producer

from stream.dead_letters import REPLAYS, read
from stream.record import Headers, Record
from tests.integration import answers
from tests.integration.commands import TITANIC, environment, titanic
from tests.integration.workers import Event, Scene, passenger

pytestmark = pytest.mark.broker

AT_MS = 1_700_000_000_000
REPEATED: Headers = [("a", b"1"), ("a", None), ("", b""), ("é", b"\xff\x00")]
CONNECT: Headers = [("__connect.errors.topic", b"elsewhere"), (REPLAYS, b"no count")]
# All of them invalid, and each a way to lose something.
ODD = [
    Event(None, b"tombstone", None, AT_MS),
    Event(None, None, None, AT_MS + 1),
    Event(b"", b"", [], AT_MS + 2),
    Event(b"\xff\x00 no text", b"\xfe", REPEATED, AT_MS + 3),
    Event(b'{"age": oops}', b"k", CONNECT, AT_MS + 4),
    Event(b'{"age": 101, "sex": "male", "pclass": 1}', b"k", None, AT_MS + 5),
    Event(b"x" * 65_536, b"large", [("large", b"y" * 65_536)], AT_MS + 6),
]


def refused(stage: Scene, events: list[Event]) -> list[Message]:
    """Dead letters that a worker has made of events."""
    worker = stage.worker().ready()
    stage.produce(events)
    letters = stage.answers(len(events)).dead_letters
    assert worker.stop() == 0
    return list(letters)


def listed(stage: Scene, *arguments: str) -> list[dict[str, Any]]:
    lines = titanic(stage, "dlq", "list", "--json", *arguments).stdout.splitlines()
    return [json.loads(line) for line in lines]


def replay(stage: Scene, *arguments: str, code: int = 0) -> str:
    done = titanic(stage, "dlq", "replay", *arguments, code=code)
    return (done.stdout + done.stderr).decode()


def events_of(stage: Scene, count: int) -> list[Message]:
    return answers.read(stage.servers, [stage.passengers], count, 30)


def parts(m: Message) -> tuple[bytes | None, bytes | None, tuple[tuple[str, bytes | None], ...]]:
    return m.key(), m.value(), tuple(answers.headers(m))


def test_any_event_is_rebuilt_from_its_dead_letter_by_a_real_broker(stage: Scene) -> None:
    letters = [read(cast(Record, m)) for m in refused(stage, ODD)]
    by_time = {letter.timestamp_ms: letter for letter in letters}
    assert len(by_time) == len(ODD)
    for event in ODD:
        letter = by_time[event.timestamp_ms]
        assert (letter.key, letter.value) == (event.key, event.value)
        assert letter.headers == (event.headers or [])
        assert letter.missing is None


def test_replay_sends_each_event_as_it_was_with_a_mark_once_and_no_loop_begins(
    stage: Scene,
) -> None:
    refused(stage, ODD)
    before = events_of(stage, len(ODD))
    assert f"{len(ODD)} events would be sent" in replay(stage, "--dry-run")
    assert len(events_of(stage, len(ODD))) == len(ODD)

    assert f"{len(ODD)} events sent to {stage.passengers}" in replay(stage, "--yes")

    after = events_of(stage, 2 * len(ODD))
    again = [m for m in after if (REPLAYS, b"1") in answers.headers(m)]
    assert len(again) == len(ODD)
    expected = {
        (m.partition(), m.timestamp(), *parts(m)[:2], (*parts(m)[2], (REPLAYS, b"1")))
        for m in before
    }
    assert {(m.partition(), m.timestamp(), *parts(m)) for m in again} == expected

    assert "letters were replayed before" in replay(stage, "--yes")
    assert all(one["replayed"] for one in listed(stage))

    # The worker refuses them again; now they are left alone, unless it is said how often.
    stage.worker().ready().has_answered(len(ODD))
    assert f"left: {len(ODD)} events were replayed before" in replay(stage, "--yes")
    assert len(events_of(stage, 2 * len(ODD))) == 2 * len(ODD)
    assert f"{len(ODD)} events sent" in replay(stage, "--yes", "--again", "1")
    third = events_of(stage, 3 * len(ODD))
    assert sum(answers.headers(m)[-1:] == [(REPLAYS, b"2")] for m in third) == len(ODD)


def test_an_event_that_is_valid_after_the_fix_is_answered_and_all_is_reconciled(
    stage: Scene,
) -> None:
    stage.create_topics()
    valid = passenger(1)
    # As if an earlier worker had not known what is valid now.
    producer = Producer({"bootstrap.servers": stage.servers})
    about = ("topic", "partition", "offset", "exception.class.name", "exception.message", "stage")
    told = dict.fromkeys(about, b"0") | {"topic": stage.passengers.encode()}
    producer.produce(
        stage.dead_letters,
        valid.value,
        valid.key,
        headers=[(f"__connect.errors.{name}", value) for name, value in told.items()],
    )
    assert producer.flush(30) == 0
    replay(stage, "--yes")
    worker = stage.worker().ready()
    worker.has_answered(1)
    [prediction] = stage.answers(1).predictions
    assert prediction.key() == valid.key
    assert answers.headers(prediction) == [(REPLAYS, b"1")]


def test_a_replay_that_is_killed_and_run_again_sends_each_event_once(stage: Scene) -> None:
    count = 4_000
    refused(stage, [Event(b"bad %d" % number, b"k") for number in range(count)])
    process = subprocess.Popen(
        [*TITANIC, "dlq", "replay", "--yes"], env=environment(stage), stdout=subprocess.DEVNULL
    )
    events_of(stage, count + 1_000)
    process.kill()
    process.wait()

    replay(stage, "--yes")

    replayed = [m.value() for m in events_of(stage, 2 * count) if answers.headers(m)]
    assert len(replayed) == count
    assert len(set(replayed)) == count


def test_two_replays_at_once_send_each_event_once(stage: Scene) -> None:
    count = 3_000
    refused(stage, [Event(b"bad %d" % number, b"k") for number in range(count)])
    both = [
        subprocess.Popen(
            [*TITANIC, "dlq", "replay", "--yes"],
            env=environment(stage),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=120)[0].decode() for process in both]
    assert "Traceback" not in "".join(said)
    replay(stage, "--yes")
    replayed = [m.value() for m in events_of(stage, 2 * count) if answers.headers(m)]
    assert len(replayed) == len(set(replayed)) == count, said


def test_what_another_replay_sent_while_one_was_asked_about_is_not_sent_again(stage: Scene) -> None:
    refused(stage, ODD)
    ours, its_stdin = pty.openpty()
    with subprocess.Popen(
        [*TITANIC, "dlq", "replay"],
        env=environment(stage),
        stdin=its_stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(its_stdin)
        assert process.stdout
        asked = b""
        while b"[y/N]" not in asked:
            asked += (letter := process.stdout.read(1))
            assert letter, asked
        assert f"send {len(ODD)} events to {stage.passengers}?".encode() in asked
        assert f"{len(ODD)} events sent" in replay(stage, "--yes")
        os.write(ours, b"y\n")
        assert b"0 events sent" in process.stdout.read()
        assert process.wait(30) == 0
    os.close(ours)
    assert len(events_of(stage, 2 * len(ODD))) == 2 * len(ODD)


def test_letters_are_listed_by_reason_time_and_source(stage: Scene) -> None:
    letters = refused(stage, ODD)
    assert len(listed(stage)) == len(ODD)
    assert {one["reason"] for one in listed(stage, "--reason", "empty")} == {"empty"}
    between = listed(stage, "--since", str(AT_MS + 4), "--until", str(AT_MS + 6))
    assert {one["reason"] for one in between} == {"not_json", "out_of_range"}
    origin = answers.origin(letters[0])
    assert [one["event"] for one in listed(stage, "--source", origin)] == [origin]
    latest = [one["size_bytes"] > 65_536 for one in listed(stage, "--limit", "2")]
    assert latest == [False, True]
    told = titanic(stage, "dlq", "list", "--limit", "1").stdout.decode()
    assert f"{len(ODD)} dead letters" in told
    assert "the latest 1 are shown" in told


def test_a_letter_is_shown_with_its_place_and_for_scripts_with_its_bytes(stage: Scene) -> None:
    refused(stage, ODD)
    [one] = listed(stage, "--since", str(AT_MS + 4), "--until", str(AT_MS + 5))
    told = titanic(stage, "dlq", "show", one["id"]).stdout.decode()
    assert "^ byte 9" in told
    assert "header   __connect.errors.topic: elsewhere" in told
    assert titanic(stage, "dlq", "show", one["id"], "--raw").stdout == ODD[4].value
    [odd] = listed(stage, "--since", str(AT_MS + 3), "--until", str(AT_MS + 4))
    shown = json.loads(titanic(stage, "dlq", "show", odd["id"], "--json").stdout)
    assert b64decode(shown["value_base64"]) == ODD[3].value
    assert shown["value"] is None
    assert [(h["name"], h["value_base64"]) for h in shown["headers"]][1] == ("a", None)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("list", "--source", "a/b"), "a/b"),
        (("show", "x"), "PARTITION/OFFSET"),
        (("show", "0/99"), "no dead letter"),
        (("replay",), "--yes"),
    ],
)
def test_what_is_wrong_with_a_call_is_one_readable_line(
    stage: Scene, arguments: tuple[str, ...], named: str
) -> None:
    refused(stage, [Event(b"bad")])
    done = titanic(stage, "dlq", *arguments, code=2)
    assert named in done.stderr.decode()
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", [("list",), ("show", "0/1"), ("replay", "--yes")])
def test_no_broker_or_no_topic_is_one_readable_line(stage: Scene, command: tuple[str, ...]) -> None:
    for settings in ({}, {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}):
        done = titanic(stage, "dlq", *command, stdin=b"", code=2, **settings)
        assert len(done.stderr.splitlines()) == 1
