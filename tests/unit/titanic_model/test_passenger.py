"""What an event may be, and what is said of one that it may not."""

import json

import msgspec
import pytest

from titanic_model.passenger import (
    MAX_QUOTED_CHARACTERS,
    Passenger,
    PassengerEvent,
    Prediction,
    Reason,
    Rejection,
    judge,
    parse,
    quote,
)

FEMALE_FIRST = b'{"passenger_id": "1-42", "age": 29.0, "sex": "female", "pclass": 1}'


def accepted(value: bytes) -> Passenger:
    passenger = parse(value)
    assert isinstance(passenger, Passenger), passenger
    return passenger


def refused(value: bytes | None) -> Rejection:
    rejection = parse(value)
    assert isinstance(rejection, Rejection), rejection
    return rejection


def event(**fields: object) -> bytes:
    return json.dumps({"sex": "male", "pclass": 3} | fields).encode()


def test_an_event_as_documented_is_a_passenger() -> None:
    assert accepted(FEMALE_FIRST) == Passenger(
        sex="female", pclass=1, age=29.0, passenger_id="1-42"
    )


def test_an_absent_age_and_a_null_one_are_both_a_missing_age() -> None:
    assert accepted(event()).age is None
    assert accepted(event(age=None)).age is None


@pytest.mark.parametrize("age", [0, 100, 0.0, 100.0, 0.1667, 5e-324])
def test_an_age_from_0_to_100_is_accepted_as_a_float(age: float) -> None:
    read = accepted(event(age=age)).age
    assert read == age
    assert type(read) is float


def test_minus_zero_is_an_age() -> None:
    assert accepted(b'{"sex": "male", "pclass": 3, "age": -0.0}').age == 0


def test_class_is_accepted_for_pclass() -> None:
    assert accepted(b'{"sex": "male", "class": 2}').pclass == 2


@pytest.mark.parametrize("sex", ["male", "Male", "MALE", "mAlE"])
def test_sex_is_accepted_in_any_case(sex: str) -> None:
    assert accepted(event(sex=sex)).sex == "male"


def test_unknown_fields_are_ignored() -> None:
    assert accepted(event(fare=7.25, cabin=None, nested={"a": [1]})) == accepted(event())


def test_3_point_0_is_the_class_3_for_json_has_one_kind_of_number() -> None:
    pclass = accepted(event(pclass=3.0)).pclass
    assert pclass == 3
    assert type(pclass) is int


@pytest.mark.parametrize("name", ["é", "😀" * 128, "x", "a" * 128, "\u0000", " "])
def test_an_id_is_1_to_128_characters_whatever_their_bytes(name: str) -> None:
    assert accepted(event(passenger_id=name)).passenger_id == name


def test_an_absent_id_is_unset_and_not_made_up() -> None:
    assert accepted(event()).passenger_id is msgspec.UNSET


@pytest.mark.parametrize("value", [None, b""])
def test_no_value_is_refused_as_empty(value: bytes | None) -> None:
    assert refused(value).reason is Reason.EMPTY


@pytest.mark.parametrize(
    "value",
    [
        b"not JSON",
        b"{",
        b'{"sex": "male", "pclass": 3,}',
        b"{'sex': 'male', 'pclass': 3}",
        b" ",
        b"\x00",
        FEMALE_FIRST + b"x",
        FEMALE_FIRST + FEMALE_FIRST,
        b"\xef\xbb\xbf" + FEMALE_FIRST,
        b"[" * 100_000,
        b'{"sex":' * 100_000,
        b"\x93" * 1_000_000,
    ],
    ids=lambda value: repr(value[:20]),
)
def test_what_is_not_json_is_refused_as_that(value: bytes) -> None:
    assert refused(value).reason is Reason.NOT_JSON


@pytest.mark.parametrize(
    "value", [b"[]", b"null", b"1", b'"x"', b"true", b"[" + FEMALE_FIRST + b"]"]
)
def test_json_that_is_no_object_is_refused_as_that(value: bytes) -> None:
    rejection = refused(value)
    assert rejection.reason is Reason.NOT_AN_OBJECT
    assert rejection.message.endswith("a JSON object is expected")


@pytest.mark.parametrize(
    ("value", "field"), [(b'{"pclass": 3}', "sex"), (b'{"sex": "male"}', "pclass")]
)
def test_a_missing_field_is_named(value: bytes, field: str) -> None:
    rejection = refused(value)
    assert rejection.reason is Reason.MISSING_FIELD
    assert rejection.faults[0].field == field
    assert rejection.message.startswith(f"{field}: missing; ")


@pytest.mark.parametrize(
    ("age", "reason"),
    [
        ("-1", Reason.OUT_OF_RANGE),
        ("-5e-324", Reason.OUT_OF_RANGE),
        ("101", Reason.OUT_OF_RANGE),
        ("100.00000000000002", Reason.OUT_OF_RANGE),
        ("1e300", Reason.OUT_OF_RANGE),
        ("1e400", Reason.OUT_OF_RANGE),
        ("-1e400", Reason.OUT_OF_RANGE),
        ("1" + "0" * 400, Reason.OUT_OF_RANGE),
        ("NaN", Reason.OUT_OF_RANGE),
        ("Infinity", Reason.OUT_OF_RANGE),
        ("-Infinity", Reason.OUT_OF_RANGE),
        ('"29"', Reason.WRONG_TYPE),
        ('"NaN"', Reason.WRONG_TYPE),
        ("true", Reason.WRONG_TYPE),
        ("false", Reason.WRONG_TYPE),
        ("[29]", Reason.WRONG_TYPE),
        ("{}", Reason.WRONG_TYPE),
        ("029", Reason.NOT_JSON),
        ("29.", Reason.NOT_JSON),
    ],
)
def test_a_wrong_age_is_refused(age: str, reason: Reason) -> None:
    rejection = refused(b'{"sex": "male", "pclass": 3, "age": %s}' % age.encode())
    assert rejection.reason is reason
    if reason is not Reason.NOT_JSON:
        assert [fault.field for fault in rejection.faults] == ["age"]


@pytest.mark.parametrize(
    ("sex", "reason"),
    [
        ("other", Reason.OUT_OF_RANGE),
        ("", Reason.OUT_OF_RANGE),
        (" male", Reason.OUT_OF_RANGE),
        ("m", Reason.OUT_OF_RANGE),
        (None, Reason.WRONG_TYPE),
        (1, Reason.WRONG_TYPE),
        (True, Reason.WRONG_TYPE),
        (["male"], Reason.WRONG_TYPE),
    ],
)
def test_a_wrong_sex_is_refused(sex: object, reason: Reason) -> None:
    assert refused(event(sex=sex)).reason is reason


@pytest.mark.parametrize(
    ("pclass", "reason"),
    [
        (0, Reason.OUT_OF_RANGE),
        (4, Reason.OUT_OF_RANGE),
        (2.5, Reason.OUT_OF_RANGE),
        (10**30, Reason.OUT_OF_RANGE),
        ("3", Reason.WRONG_TYPE),
        (True, Reason.WRONG_TYPE),
        (None, Reason.WRONG_TYPE),
        ([3], Reason.WRONG_TYPE),
    ],
)
def test_a_wrong_class_is_refused(pclass: object, reason: Reason) -> None:
    assert refused(event(pclass=pclass)).reason is reason


@pytest.mark.parametrize("name", ["", "x" * 129, "é" * 129])
def test_an_id_of_another_length_is_refused(name: str) -> None:
    assert refused(event(passenger_id=name)).reason is Reason.OUT_OF_RANGE


@pytest.mark.parametrize("name", [None, 42, True, ["1-42"]])
def test_an_id_that_is_no_string_is_refused(name: object) -> None:
    assert refused(event(passenger_id=name)).reason is Reason.WRONG_TYPE


def test_bytes_that_are_not_utf_8_are_refused_and_the_place_is_named() -> None:
    rejection = refused(b'{"sex": "m\xe4le", "pclass": 3}')
    assert rejection.reason is Reason.NOT_JSON
    assert rejection.message == "not JSON: the bytes are not UTF-8 (byte 11)"


def test_an_unpaired_surrogate_is_no_id() -> None:
    assert refused(b'{"sex": "male", "pclass": 3, "passenger_id": "\\ud800"}').reason is (
        Reason.NOT_JSON
    )


def test_everything_that_is_wrong_is_said_at_once() -> None:
    rejection = refused(b'{"age": -1, "pclass": "3"}')
    assert [(fault.field, fault.reason) for fault in rejection.faults] == [
        ("age", Reason.OUT_OF_RANGE),
        ("sex", Reason.MISSING_FIELD),
        ("pclass", Reason.WRONG_TYPE),
    ]
    assert rejection.message == (
        "age: -1 is out of range; a number of years from 0 to 100, or null, is allowed; "
        'sex: missing; "female" or "male" is required; '
        'pclass: "3" is a string; 1, 2 or 3 is allowed'
    )


def test_a_message_quotes_no_more_than_a_log_line_bears() -> None:
    message = refused(event(sex="x" * 1_000_000)).message
    assert "x" * (MAX_QUOTED_CHARACTERS - 1) + "…" in message
    assert len(message) < 120


def test_a_message_cannot_steer_a_terminal_or_end_a_line() -> None:
    message = refused(event(sex="\x9b31m\x7f\u2028\u202e\n\x1b[2J")).message
    assert message.isprintable()
    assert quote("é😀") == '"é😀"'


def test_the_schema_of_a_prediction_takes_an_answer() -> None:
    answer = Prediction(survived=1, probability=0.5, model_version="0" * 12, passenger_id="1-42")
    assert answer.event is None


def test_the_documented_examples_are_accepted_as_they_stand() -> None:
    examples = PassengerEvent.model_json_schema()["examples"]
    for example in examples:
        value = json.dumps(example).encode()
        assert accepted(value) == judge(value)
    assert len(examples) == 2
