from typing import cast

import pytest
from confluent_kafka import Message
from hypothesis import given
from hypothesis import strategies as st

from stream.dead_letters import (
    ABOUT,
    PREFIX,
    REPLAYS,
    DeadLetter,
    NoDeadLetter,
    bury,
    read,
    replayed,
    replays,
)
from stream.record import Headers, Record
from titanic_model.passenger import Reason, Rejection

REJECTION = Rejection.because(Reason.NOT_JSON, "not JSON: « é » 船")
HEADERS: Headers = [("ce_id", b"\x00\xff"), ("ce_id", None)]

LIMIT = 1_000_000

names = st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(
    [*(PREFIX + name for name in ABOUT), REPLAYS, "traceparent"]
)
bytes_or_none = st.none() | st.binary(max_size=200)
any_headers = st.lists(st.tuples(names, bytes_or_none), max_size=12)
any_reason = st.sampled_from(
    [reason for reason in Reason if reason not in {Reason.TOO_LARGE, Reason.INTERNAL_ERROR}]
)


def message(timestamp: tuple[int, int] = (1, 1_700_000_000_123)) -> Record:
    return cast(
        Record,
        Message(
            topic="passengers",
            partition=3,
            offset=10_482,
            key=b"\xff key",
            value=b"\x00 value \xff",
            timestamp=timestamp,
        ),
    )


def on_its_topic(letter: DeadLetter) -> Record:
    """A dead letter as it is read from its topic."""
    return cast(
        Record,
        Message(
            topic="passengers.dlq",
            partition=1,
            offset=7,
            key=letter.key,
            value=letter.value,
            headers=letter.headers,  # type: ignore[arg-type] # it asks for text, too
            timestamp=(1, letter.timestamp_ms or 0),
        ),
    )


def test_key_value_headers_and_timestamp_are_the_originals() -> None:
    letter = bury(message(), HEADERS, REJECTION, LIMIT)
    assert (letter.key, letter.value) == (b"\xff key", b"\x00 value \xff")
    assert letter.headers[:2] == HEADERS
    assert letter.timestamp_ms == 1_700_000_000_123


def test_its_origin_and_reason_are_told_as_connect_tells_them() -> None:
    letter = bury(message(), None, REJECTION, LIMIT)
    assert dict(letter.headers) == {
        "__connect.errors.topic": b"passengers",
        "__connect.errors.partition": b"3",
        "__connect.errors.offset": b"10482",
        "__connect.errors.stage": b"VALUE_CONVERTER",
        "__connect.errors.exception.class.name": b"not_json",
        "__connect.errors.exception.message": "not JSON: « é » 船".encode(),
    }


def test_an_original_without_a_timestamp_is_given_none() -> None:
    assert bury(message((0, 0)), None, REJECTION, LIMIT).timestamp_ms is None


@given(
    key=bytes_or_none,
    value=bytes_or_none,
    headers=any_headers,
    time_ms=st.integers(1, 2**53),
    partition=st.integers(0, 2**31 - 1),
    offset=st.integers(0, 2**63 - 1),
    reason=any_reason,
    text=st.text(st.characters(codec="utf-8")),
)
def test_any_event_can_be_rebuilt_from_its_dead_letter(
    *,
    key: bytes | None,
    value: bytes | None,
    headers: Headers,
    time_ms: int,
    partition: int,
    offset: int,
    reason: Reason,
    text: str,
) -> None:
    event = Message(
        topic="passengers",
        partition=partition,
        offset=offset,
        key=key,
        value=value,
        headers=headers,  # type: ignore[arg-type] # it asks for text, too
        timestamp=(1, time_ms),
    )
    rejection = Rejection.because(reason, text)

    letter = read(on_its_topic(bury(cast(Record, event), headers, rejection, LIMIT)))

    assert (letter.key, letter.value, letter.headers) == (key, value, headers)
    assert letter.timestamp_ms == time_ms
    assert letter.origin == ("passengers", partition, offset)
    assert (letter.reason, letter.message) == (reason, text)
    assert letter.missing is None


def test_a_letter_that_left_the_event_out_says_so() -> None:
    letter = read(on_its_topic(bury(message(), HEADERS, REJECTION, limit_bytes=100)))
    assert letter.missing
    assert "passengers/3/10482" in letter.message


def test_headers_that_could_not_be_read_are_not_taken_for_none() -> None:
    rejection = Rejection.because(Reason.INTERNAL_ERROR, "UnicodeDecodeError")
    letter = read(on_its_topic(bury(message(), None, rejection, LIMIT)))
    assert letter.missing


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("traceparent", b"1")],
        [(PREFIX + name, b"1") for name in reversed(ABOUT)],
        [(PREFIX + name, b"no number") for name in ABOUT],
        [(PREFIX + name, b"\xff") for name in ABOUT],
        [(PREFIX + name, b"-1") for name in ABOUT],
        [(PREFIX + name, None) for name in ABOUT],
        [*((PREFIX + name, b"1") for name in ABOUT), ("more", b"1")],
    ],
)
def test_what_the_worker_did_not_write_is_no_dead_letter(headers: Headers) -> None:
    with pytest.raises(NoDeadLetter):
        read(on_its_topic(DeadLetter(b"k", b"v", headers, 1)))


@given(headers=any_headers)
def test_each_replay_counts_one_more_and_keeps_the_events_own_headers(headers: Headers) -> None:
    own, before = headers, replays(headers)
    if before:
        own = headers[:-1]
    for count in (1, 2, 3):
        letter = read(on_its_topic(bury(message(), headers, REJECTION, LIMIT)))
        headers = replayed(letter)
        assert headers == [*own, (REPLAYS, str(before + count).encode())]


@pytest.mark.parametrize("value", [None, b"", b"x", b"-1", b"1" * 5_000, b"\xb2"])
def test_what_is_no_count_of_replays_is_a_header_like_any_other(value: bytes | None) -> None:
    assert replays([(REPLAYS, value)]) == 0
