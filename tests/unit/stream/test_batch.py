import json
from collections import Counter

import msgspec
import pytest
from confluent_kafka import Message
from hypothesis import given
from hypothesis import strategies as st

from stream import batch
from stream.record import Headers, Record
from tests.synthetic import DISTINCT
from titanic_model.passenger import Passenger, Prediction, Reason, parse
from titanic_model.scorer import Scorer, encode_table

SCORER = Scorer("0123456789ab", encode_table(list(DISTINCT)))
VALID = b'{"passenger_id": "1-42", "age": 29, "sex": "female", "pclass": 1}'
WITHOUT_ID = b'{"age": 29, "sex": "female", "pclass": 1}'

LIMITS = batch.Limits(prediction_bytes=1_048_588, dead_letter_bytes=2_000_000)


def record(
    value: bytes | None = VALID,
    key: bytes | None = b"key",
    headers: Headers | None = None,
    offset: int = 0,
) -> Record:
    return Message(  # type: ignore[return-value] # a consumed one has topic, partition, offset
        topic="passengers",
        partition=3,
        offset=offset,
        key=key,
        value=value,
        headers=headers,  # type: ignore[arg-type] # a list of those, too
        timestamp=(1, 1_700_000_000_123),
    )


def test_order_is_kept() -> None:
    outcome = batch.score([record(offset=n) for n in range(100)], SCORER, LIMITS)
    events = [json.loads(prediction.value)["event"] for prediction in outcome.predictions]
    assert events == [f"passengers/3/{n}" for n in range(100)]


def test_a_poison_record_leaves_its_neighbours_scored() -> None:
    outcome = batch.score([record(), record(b"poison"), record()], SCORER, LIMITS)
    assert [len(outcome.predictions), len(outcome.dead_letters)] == [2, 1]
    assert outcome.reasons == {Reason.NOT_JSON: 1}


def test_a_prediction_is_encoded_as_the_schema_says() -> None:
    (prediction,) = batch.score([record(offset=17)], SCORER, LIMITS).predictions
    asked = parse(VALID)
    assert isinstance(asked, Passenger)
    expected = SCORER.answer(asked)
    assert Prediction.model_validate_json(prediction.value) == Prediction(
        passenger_id="1-42",
        survived=1 if expected.survived else 0,
        probability=expected.probability,
        model_version="0123456789ab",
        event="passengers/3/17",
    )
    assert set(json.loads(prediction.value)) == set(Prediction.model_fields)


@given(st.text(min_size=1, max_size=128))
def test_any_id_comes_back_as_it_was(passenger_id: str) -> None:
    value = json.dumps({"passenger_id": passenger_id, "sex": "male", "pclass": 3}).encode()
    (prediction,) = batch.score([record(value)], SCORER, LIMITS).predictions
    assert Prediction.model_validate_json(prediction.value).passenger_id == passenger_id


@given(st.text(min_size=1, max_size=128))
def test_the_key_stands_for_an_absent_id(key: str) -> None:
    (prediction,) = batch.score([record(WITHOUT_ID, key.encode())], SCORER, LIMITS).predictions
    assert json.loads(prediction.value)["passenger_id"] == key
    assert prediction.key == key.encode()


@pytest.mark.parametrize("key", [None, b"", b"\xff", b"x" * 129])
def test_without_an_id_a_key_that_is_none_is_refused(key: bytes | None) -> None:
    outcome = batch.score([record(WITHOUT_ID, key)], SCORER, LIMITS)
    assert outcome.reasons == {Reason.MISSING_FIELD: 1}
    assert outcome.dead_letters[0].key == key


@pytest.mark.parametrize("key", [None, b"", b"\xff\xfe", b"\x00"])
def test_any_key_passes_through(key: bytes | None) -> None:
    (prediction,) = batch.score([record(key=key)], SCORER, LIMITS).predictions
    assert prediction.key == key


def test_headers_pass_through_in_order_repeated_and_empty() -> None:
    headers: Headers = [("traceparent", b"00-1"), ("ce_id", b"\xff"), ("ce_id", None)]
    (prediction,) = batch.score([record(headers=headers)], SCORER, LIMITS).predictions
    assert prediction.headers == headers


EVENTS = st.one_of(
    st.none(),
    st.binary(max_size=200),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["passenger_id", "age", "sex", "pclass", "class"]), inner
            )
        ),
        max_leaves=6,
    ).map(lambda value: json.dumps(value).encode()),
    st.just(VALID),
)


@given(st.lists(st.tuples(EVENTS, st.none() | st.binary(max_size=140)), max_size=20))
def test_every_record_has_exactly_one_outcome(
    events: list[tuple[bytes | None, bytes | None]],
) -> None:
    records = [record(value, key, offset=n) for n, (value, key) in enumerate(events)]
    outcome = batch.score(records, SCORER, LIMITS)
    answered = [json.loads(p.value)["event"] for p in outcome.predictions]
    refused = [dict(letter.headers)["__connect.errors.offset"] for letter in outcome.dead_letters]
    places = [int(event.rsplit("/")[-1]) for event in answered] + [int(o or b"") for o in refused]
    assert Counter(places) == Counter(range(len(events)))
    assert outcome.reasons.total() == len(refused)
    for prediction in outcome.predictions:
        Prediction.model_validate_json(prediction.value)


class BadHeaderName(msgspec.Struct):
    """A record as the client gives it when a header's name is not UTF-8."""

    def topic(self) -> str:
        return "passengers"

    def partition(self) -> int:
        return 3

    def offset(self) -> int:
        return 7

    def key(self) -> bytes | None:
        return b"key"

    def value(self) -> bytes | None:
        return VALID

    def headers(self) -> Headers | None:
        raise SystemError("returned a result with an exception set") from UnicodeDecodeError(
            "utf-8", b"\xff", 0, 1, "invalid start byte"
        )

    def timestamp(self) -> tuple[int, int]:
        return 1, 1


def test_a_header_name_that_is_not_utf8_is_a_dead_letter_and_no_crash() -> None:
    outcome = batch.score([record(), BadHeaderName(), record()], SCORER, LIMITS)
    assert len(outcome.predictions) == 2
    (letter,) = outcome.dead_letters
    assert letter.value == VALID
    why = dict(letter.headers)["__connect.errors.exception.message"] or b""
    assert b"UnicodeDecodeError" in why


def test_a_record_too_large_for_the_dead_letters_leaves_its_neighbours_answered() -> None:
    limits = batch.Limits(prediction_bytes=1_000_000, dead_letter_bytes=10_000)
    outcome = batch.score([record(), record(b"x" * 10_001, offset=7), record()], SCORER, limits)
    assert len(outcome.predictions) == 2
    [letter] = outcome.dead_letters
    assert (letter.key, letter.value) == (None, None)
    headers = dict(letter.headers)
    assert headers["__connect.errors.offset"] == b"7"
    assert headers["__connect.errors.exception.class.name"] == b"too_large"
    assert b"not JSON" in (headers["__connect.errors.exception.message"] or b"")


def test_a_prediction_too_large_for_its_topic_becomes_a_dead_letter_as_it_came() -> None:
    limits = batch.Limits(prediction_bytes=10_000, dead_letter_bytes=1_000_000)
    headers: list[tuple[str, bytes | None]] = [("large", b"x" * 10_000)]
    outcome = batch.score([record(headers=headers)], SCORER, limits)
    assert outcome.predictions == []
    [letter] = outcome.dead_letters
    assert letter.value == record().value()
    assert letter.headers[0] == headers[0]
    assert outcome.reasons == {Reason.TOO_LARGE: 1}
