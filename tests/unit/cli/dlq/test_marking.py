"""The place of an error in a value: where the reason of a real refusal says it is."""

from typing import cast

import pytest
from confluent_kafka import Message
from hypothesis import given
from hypothesis import strategies as st

from cli.dlq.marking import WINDOW_BYTES, marked, place_of
from stream import batch
from stream.dead_letters import Letter, read
from stream.record import Record
from tests.synthetic import DISTINCT
from titanic_model.scorer import Scorer, encode_table

SCORER = Scorer("0123456789ab", encode_table(list(DISTINCT)))


def letter_of(value: bytes | None) -> Letter:
    event = Message(topic="passengers", partition=0, offset=1, value=value, timestamp=(1, 1))
    limits = batch.Limits(1_000_000, 1_000_000)
    [dead] = batch.score([cast(Record, event)], SCORER, limits).dead_letters
    return read(
        cast(
            Record,
            Message(
                topic="passengers.dlq",
                partition=0,
                offset=0,
                value=dead.value,
                headers=dead.headers,  # type: ignore[arg-type] # it asks for text, too
                timestamp=(1, 1),
            ),
        )
    )


@pytest.mark.parametrize(
    ("before", "wrong"),
    [
        (b'{"age": ', b"x}"),
        ('{"é": 1,\n "船": '.encode(), b"?}"),
        (b'{"passenger_id": "', b"\xff"),
        (b'{"sex": "male", ', b'"pclass": 4}'),
        (b'{"sex": "male", ', b'"class": "3"}'),
        (b'{"pclass": 1, ', b'"sex": "x"}'),
        (b'{"sex": "male", "pclass": 1, ', b'"age": 101}'),
        (b'{"sex": "male"}', b"}"),
    ],
)
def test_the_reasons_place_is_marked(before: bytes, wrong: bytes) -> None:
    letter = letter_of(before + wrong)
    assert place_of(letter) == len(before)
    lines = marked(letter.value or b"", place_of(letter))
    [number] = [n for n, line in enumerate(lines) if f"^ byte {len(before) + 1}" in line]
    last_line = before.rsplit(b"\n")[-1].decode()
    assert lines[number].index("^") == len(last_line)
    assert lines[number - 1].startswith(last_line)


@pytest.mark.parametrize("value", [None, b"", b"[1]", b'{"sex": "male"}'])
def test_a_reason_without_a_place_marks_nothing(value: bytes | None) -> None:
    assert place_of(letter_of(value)) is None


@given(st.binary(max_size=200))
def test_whatever_a_value_holds_its_mark_is_in_it(value: bytes) -> None:
    letter = letter_of(value)
    at = place_of(letter)
    lines = marked(value, at)
    assert all(line.isprintable() for line in lines)
    assert sum("^ byte" in line for line in lines) >= (at is not None)


def test_of_a_long_value_the_part_around_the_mark_is_shown() -> None:
    value = b'{"more": "' + "é".encode() * 50_000 + b'", "age": oops}' + b" " * 50_000
    lines = marked(value, place_of(letter_of(value)))
    assert "oops" in "".join(lines)
    assert "\\x" not in "".join(lines)
    assert len("".join(lines)) < 3 * WINDOW_BYTES
    assert "before" in lines[0]
    assert "more" in lines[-1]
