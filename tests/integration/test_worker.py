"""One worker, all kinds of events: each is answered once, by its own merits, byte for byte."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from tests import synthetic
from tests.integration.answers import Answers, headers, origin
from tests.integration.workers import Event, Scene, Worker, passenger, scene
from titanic_model.passenger import Passenger, Reason, parse
from titanic_model.releases import Releases

pytestmark = [pytest.mark.broker, pytest.mark.image]

HEADERS: list[tuple[str, bytes | None]] = [
    ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ("ce_type", "passager·embarqué".encode()),
    ("ce_type", b"again"),
    ("null", None),
    ("bytes", b"\x00\xff"),
]
BORN_MS = 1_700_000_000_123
DEEP = b'{"sex":' * 100_000
INVALID: list[tuple[bytes | None, Reason]] = [
    (None, Reason.EMPTY),
    (b"", Reason.EMPTY),
    (b"not JSON", Reason.NOT_JSON),
    (b'{"sex": "male", "pclass": 1', Reason.NOT_JSON),
    (b"\xff\xfe\x00", Reason.NOT_JSON),
    (b'{"sex": "male", "pclass": 1, "x": "\xff"}', Reason.NOT_JSON),
    (DEEP, Reason.NOT_JSON),
    (b"\x00" * 1_000_000, Reason.NOT_JSON),
    (b"[]", Reason.NOT_AN_OBJECT),
    (b'"male"', Reason.NOT_AN_OBJECT),
    (b"null", Reason.NOT_AN_OBJECT),
    (b"{}", Reason.MISSING_FIELD),
    (b'{"sex": "male"}', Reason.MISSING_FIELD),
    (b'{"pclass": 1}', Reason.MISSING_FIELD),
    (b'{"sex": "x", "pclass": 1}', Reason.OUT_OF_RANGE),
    (b'{"sex": "male", "pclass": 4}', Reason.OUT_OF_RANGE),
    (b'{"sex": "male", "pclass": "1"}', Reason.WRONG_TYPE),
    (b'{"sex": "male", "pclass": true}', Reason.WRONG_TYPE),
    (b'{"sex": "male", "pclass": 1, "age": -1}', Reason.OUT_OF_RANGE),
    (b'{"sex": "male", "pclass": 1, "age": 101}', Reason.OUT_OF_RANGE),
    (b'{"sex": "male", "pclass": 1, "age": NaN}', Reason.OUT_OF_RANGE),
    (b'{"sex": "male", "pclass": 1, "age": Infinity}', Reason.OUT_OF_RANGE),
    (b'{"sex": "male", "pclass": 1, "age": 1e400}', Reason.OUT_OF_RANGE),
    (b'{"sex": "male", "pclass": 1, "age": "29"}', Reason.WRONG_TYPE),
    (b'{"sex": "male", "pclass": 1, "age": true}', Reason.WRONG_TYPE),
]
WITHOUT_ID = b'{"sex": "female", "pclass": 2, "age": 29}'
EVENTS = [
    *(passenger(number) for number in range(500)),
    *(Event(v, b"invalid-%d" % n, HEADERS, BORN_MS) for n, (v, _) in enumerate(INVALID)),
    *(passenger(number) for number in range(500, 1000)),
    Event(passenger(1).value, None),
    Event(passenger(2).value, b"\xff\xfe not UTF-8", HEADERS),
    Event(WITHOUT_ID, "clé 1-42".encode()),
    Event(WITHOUT_ID, None),
    Event(WITHOUT_ID, b"\xff"),
]
# The last two have neither an id nor a key that could stand for it.
REFUSED = [*range(500, 500 + len(INVALID)), len(EVENTS) - 2, len(EVENTS) - 1]


@pytest.fixture(scope="module")
def stage(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("worker")
    releases = str(folder / "releases")
    synthetic.publish(Releases(releases))
    with scene(kafka, folder, releases) as made:
        yield made


@pytest.fixture(scope="module")
def worker(stage: Scene) -> Worker:
    return stage.worker(TITANIC_PARTITIONS="3").ready()


@pytest.fixture(scope="module")
def ids(stage: Scene, worker: Worker) -> list[str]:
    return stage.produce(EVENTS)


@pytest.fixture(scope="module")
def answers(stage: Scene, ids: list[str]) -> Answers:
    return stage.answers(len(ids))


def test_absent_topics_are_created_with_the_settings_partitions(
    stage: Scene, worker: Worker
) -> None:
    topics = AdminClient({"bootstrap.servers": stage.servers}).list_topics(timeout=10).topics
    names = stage.passengers, stage.predictions, stage.dead_letters
    assert [len(topics[name].partitions) for name in names] == [3, 3, 3]


def test_every_event_is_answered_once(ids: list[str], answers: Answers) -> None:
    assert answers.events == Counter(ids)


def test_exactly_the_invalid_events_are_refused(ids: list[str], answers: Answers) -> None:
    assert {origin(letter) for letter in answers.dead_letters} == {ids[n] for n in REFUSED}


def test_a_prediction_is_the_tables_answer(stage: Scene, ids: list[str], answers: Answers) -> None:
    releases = Releases(stage.releases)
    _, scorer = releases.load(releases.champion())
    event_of = dict(zip(ids, EVENTS, strict=True))
    for prediction in answers.values:
        asked = parse(event_of[prediction["event"]].value)
        assert isinstance(asked, Passenger)
        expected = scorer.answer(asked)
        assert prediction == {
            "passenger_id": prediction["passenger_id"],
            "survived": expected.survived,
            "probability": expected.probability,
            "model_version": scorer.version,
            "event": prediction["event"],
        }


def test_key_and_headers_pass_through(ids: list[str], answers: Answers) -> None:
    event_of = dict(zip(ids, EVENTS, strict=True))
    for message, prediction in zip(answers.predictions, answers.values, strict=True):
        event = event_of[prediction["event"]]
        assert message.key() == event.key
        assert headers(message) == (event.headers or [])


def test_the_key_stands_for_an_absent_id(ids: list[str], answers: Answers) -> None:
    named = {prediction["event"]: prediction["passenger_id"] for prediction in answers.values}
    assert named[ids[1003 + len(INVALID) - 1]] == "clé 1-42"


def test_order_per_key_is_kept(ids: list[str], answers: Answers) -> None:
    for key in {event.key for event in EVENTS if event.key}:
        sent = [i for i, event in zip(ids, EVENTS, strict=True) if event.key == key]
        pairs = zip(answers.predictions, answers.values, strict=True)
        answered = [value["event"] for message, value in pairs if message.key() == key]
        assert answered == [event for event in sent if event in set(answered)]


def test_a_dead_letter_is_its_event_byte_for_byte(ids: list[str], answers: Answers) -> None:
    event_of = dict(zip(ids, EVENTS, strict=True))
    for letter in answers.dead_letters:
        event = event_of[origin(letter)]
        assert letter.key() == event.key
        assert letter.value() == event.value
        assert headers(letter)[: len(event.headers or [])] == (event.headers or [])
        if event.timestamp_ms:
            assert letter.timestamp()[1] == event.timestamp_ms


def test_a_dead_letter_says_why(ids: list[str], answers: Answers) -> None:
    reasons = {ids[500 + n]: reason.value.encode() for n, (_, reason) in enumerate(INVALID)}
    for letter in answers.dead_letters:
        named = dict(headers(letter))
        if origin(letter) in reasons:
            name = named["__connect.errors.exception.class.name"]
            assert name == reasons[origin(letter)]
        message = named["__connect.errors.exception.message"] or b""
        assert 0 < len(message.decode()) < 500


def test_the_metrics_tell_what_happened(
    stage: Scene, worker: Worker, ids: list[str], answers: Answers
) -> None:
    assert worker.metric("titanic_events_total") == len(EVENTS)
    assert worker.metric("titanic_predictions_total") == len(EVENTS) - len(REFUSED)
    expected = Counter(reason for _, reason in INVALID)
    expected[Reason.MISSING_FIELD] += 2
    for reason, count in expected.items():
        assert worker.metric("titanic_dead_letters_total", reason=reason) == count
    assert worker.metric("titanic_batch_events_sum") == len(EVENTS)
    batches = worker.metric("titanic_batch_events_count")
    assert 1 <= batches == worker.metric("titanic_batch_seconds_count")
    assert worker.metric("titanic_batch_seconds_sum") > 0
    assert worker.metric("titanic_assigned_partitions") == 3
    assert worker.metric("titanic_model_info", version=Releases(stage.releases).champion()) == 1


def test_an_idle_worker_has_no_lag(worker: Worker, answers: Answers) -> None:
    lag = 'titanic_lag_events{partition="%d"} 0.0\n'
    worker.until(
        lambda: all(lag % number in worker.page("/metrics")[1] for number in range(3)),
        "no lag in any partition",
        within_s=10,
    )


def test_a_ready_worker_tells_its_model_and_its_partitions(stage: Scene, worker: Worker) -> None:
    status, text = worker.page("/readyz")
    assert status == 200
    assert json.loads(text) == {
        "status": "reading",
        "model": Releases(stage.releases).champion(),
        "problem": None,
        "partitions": [0, 1, 2],
    }


def test_a_worker_that_runs_is_alive(worker: Worker) -> None:
    status, text = worker.page("/livez")
    assert (status, json.loads(text)["status"]) == (200, "alive")


@pytest.mark.parametrize("path", ["/", "/stats/", "/router/", "/table/"])
def test_no_other_page_is_served(worker: Worker, path: str) -> None:
    assert worker.page(path)[0] == 404


def test_a_lone_event_is_answered(stage: Scene, ids: list[str], answers: Answers) -> None:
    (event,) = stage.produce([passenger(7, "lone")])
    assert stage.answers(len(ids) + 1).events[event] == 1


def test_every_prediction_carries_the_version_that_gave_it(kafka: str, tmp_path: Path) -> None:
    store = Releases(str(tmp_path / "releases"))
    first = synthetic.publish(store)
    with scene(kafka, tmp_path, store.location) as made:
        worker = made.worker().ready()
        made.produce(passenger(number) for number in range(100))
        worker.has_answered(100)
        second = synthetic.publish(store, synthetic.DISTINCT[::-1])
        worker.says(f"release {second} is in service")
        made.produce(passenger(number) for number in range(100))
        worker.has_answered(200)
        scorers = {version: store.load(version)[1] for version in (first, second)}
        versions: Counter[str] = Counter()
        for prediction in made.answers(200).values:
            number = int(prediction["passenger_id"].removeprefix("key-"))
            asked = parse(passenger(number).value)
            assert isinstance(asked, Passenger)
            version = prediction["model_version"]
            assert prediction["probability"] == scorers[version].answer(asked).probability
            versions[version] += 1
        assert versions == {first: 100, second: 100}
        assert worker.metric("titanic_model_info", version=second) == 1
        assert worker.metric("titanic_model_info", version=first) == 0
