from confluent_kafka import Message

from stream.dead_letters import bury
from stream.record import Headers
from titanic_model.passenger import Reason, Rejection

REJECTION = Rejection.because(Reason.NOT_JSON, "not JSON: « é » 船")
HEADERS: Headers = [("ce_id", b"\x00\xff"), ("ce_id", None)]

LIMIT = 1_000_000


def message(timestamp: tuple[int, int] = (1, 1_700_000_000_123)) -> Message:
    return Message(
        topic="passengers",
        partition=3,
        offset=10_482,
        key=b"\xff key",
        value=b"\x00 value \xff",
        timestamp=timestamp,
    )


def test_key_value_headers_and_timestamp_are_the_originals() -> None:
    letter = bury(message(), HEADERS, REJECTION, LIMIT)  # type: ignore[arg-type] # a consumed one is a Record
    assert (letter.key, letter.value) == (b"\xff key", b"\x00 value \xff")
    assert letter.headers[:2] == HEADERS
    assert letter.timestamp_ms == 1_700_000_000_123


def test_its_origin_and_reason_are_told_as_connect_tells_them() -> None:
    letter = bury(message(), None, REJECTION, LIMIT)  # type: ignore[arg-type]
    assert dict(letter.headers) == {
        "__connect.errors.topic": b"passengers",
        "__connect.errors.partition": b"3",
        "__connect.errors.offset": b"10482",
        "__connect.errors.stage": b"VALUE_CONVERTER",
        "__connect.errors.exception.class.name": b"not_json",
        "__connect.errors.exception.message": "not JSON: « é » 船".encode(),
    }


def test_an_original_without_a_timestamp_is_given_none() -> None:
    assert bury(message((0, 0)), None, REJECTION, LIMIT).timestamp_ms is None  # type: ignore[arg-type]
