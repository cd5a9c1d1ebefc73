"""`docker compose up` as a user has it: what it promises, through stops, deaths and a new model."""

import json
from collections import defaultdict
from typing import Any

import pytest

from tests.image.compose import Composed, passengers_come
from tests.integration.answers import Answers
from tests.integration.test_kcat import kcat
from tests.integration.workers import passenger, until

pytestmark = [pytest.mark.broker, pytest.mark.timeout(400)]
PASSENGER = {"passenger_id": "me", "age": 29, "sex": "female", "pclass": 1}
# As the model is followed every 2 s.
TAKEN_UP_WITHIN_S = 15.0
WRITE_ANYWHERE = (
    "for folder in / /tmp /opt/titanic /var/lib/titanic /var/lib/titanic/releases; "
    "do touch $folder/written 2>&1; done; true"
)


def by_kcat(composed: Composed, first: int, count: int) -> None:
    """Send passengers, and something that is none."""
    events = [passenger(number) for number in range(first, first + count)]
    lines = [f"{(e.key or b'').decode()}|{(e.value or b'').decode()}" for e in events]
    text = "\n".join([*lines, "key-0|nonsense\n"])
    kcat(composed.topics, "-P", "-t", "passengers", "-K|", stdin=text)


def read_by_kcat(composed: Composed, topic: str, count: int) -> list[dict[str, Any]]:
    """The first records of a topic."""
    read = ("-C", "-o", "beginning", "-X", "isolation.level=read_committed", "-J", "-q")
    lines = kcat(composed.topics, *read, "-t", topic, "-c", str(count)).splitlines()
    return [json.loads(line) for line in lines]


def keys_in_order(answers: Answers) -> bool:
    """Whether the predictions of each key come as its events did."""
    offsets: dict[bytes, list[int]] = defaultdict(list)
    for message, value in zip(answers.predictions, answers.values, strict=True):
        offsets[message.key() or b""].append(int(value["event"].rpartition("/")[2]))
    return all(of_key == sorted(of_key) for of_key in offsets.values())


def test_down_and_up_again_loses_nothing_and_answers_nothing_twice(composed: Composed) -> None:
    composed.up()
    by_kcat(composed, 0, 40)
    predictions = read_by_kcat(composed, "predictions", 40)
    letter = read_by_kcat(composed, "passengers.dlq", 1)[0]
    ids = {json.loads(record["payload"])["passenger_id"] for record in predictions}
    assert ids == {f"key-{number}" for number in range(40)}
    assert (letter["key"], letter["payload"]) == ("key-0", "nonsense")
    answer = composed.ask("/predict", PASSENGER)
    assert answer["passenger_id"] == "me"
    assert answer["model_version"] == json.loads(predictions[0]["payload"])["model_version"]

    composed.compose("down")
    assert not composed.containers()

    composed.up()
    by_kcat(composed, 40, 40)
    answers = composed.topics.answers(82)
    assert answers.events == composed.topics.events()
    assert len(answers.dead_letters) == 2
    assert composed.ask("/predict", PASSENGER) == answer


def test_three_workers_answer_once_though_one_and_then_kafka_are_killed(
    composed: Composed,
) -> None:
    composed.up(workers=3)
    topics = composed.topics
    with passengers_come(topics, at_once=50) as ids:
        topics.answers_go_on()
        composed.kill("worker")
        topics.answers_go_on()
        composed.up(workers=3)

        composed.kill("kafka")
        composed.up(workers=3)
        topics.answers_go_on()

    answers = topics.answers(len(ids))
    events = topics.events()
    assert set(ids) <= set(events)
    assert answers.events == events
    assert answers.dead_letters
    assert keys_in_order(answers)


def test_the_real_passengers_are_sent_and_all_is_found_right(running: Composed) -> None:
    before = running.topics.events().total()
    running.compose("run", "--rm", "-T", "demo")
    running.topics.answers(before + 1309)
    assert "1 worker(s)" in running.compose("run", "--rm", "-T", "titanic", "doctor")


def test_a_training_puts_a_new_release_behind_both_doors(running: Composed) -> None:
    topics = running.topics

    def at_doors() -> set[str]:
        (event,) = topics.produce([passenger(0)])
        answers = topics.answers(topics.events().total()).values
        (streamed,) = (a["model_version"] for a in answers if a["event"] == event)
        return {running.ask("/predict", PASSENGER)["model_version"], streamed}

    before = at_doors()
    assert len(before) == 1
    running.compose("run", "--rm", "-T", "train", "--seed", "7")
    until(lambda: not before & at_doors(), "a new release at both doors", TAKEN_UP_WITHIN_S)
    assert len(at_doors()) == 1


def test_what_is_ours_runs_without_rights_and_writes_nowhere(running: Composed) -> None:
    for service in "worker", "api":
        (container,) = running.containers(service)
        told = running.compose("exec", "-T", service, "grep", "", "/proc/1/status")
        status = dict(line.split(":\t", 1) for line in told.splitlines())
        assert set(status["Uid"].split()) == {"10001"}
        assert {int(status[f"Cap{kind}"], 16) for kind in ("Prm", "Eff", "Bnd")} == {0}
        assert status["NoNewPrivs"] == "1"
        refusals = running.compose("exec", "-T", service, "sh", "-c", WRITE_ANYWHERE).splitlines()
        assert len(refusals) == 5
        assert all(line.endswith("Read-only file system") for line in refusals), refusals
        host = running.inspect(container)["HostConfig"]
        assert host["Memory"] > 0
        assert host["LogConfig"]["Config"]["max-size"]
        assert host["RestartPolicy"]["Name"] == "unless-stopped"
