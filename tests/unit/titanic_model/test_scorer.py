"""The table: its order, its edges, and what is no table."""

import json
import math
import struct

import pytest

from titanic_model.passenger import Passenger
from titanic_model.scorer import (
    DOMAIN_SIZE,
    MISSING_AGE,
    SHAPE,
    TABLE_BYTES,
    BadTable,
    Scorer,
    domain,
    encode_table,
    index,
)


def table(fill: float = 0.25, **at: float) -> bytes:
    probabilities = [fill] * DOMAIN_SIZE
    for place, probability in at.items():
        probabilities[int(place.removeprefix("at_"))] = probability
    return encode_table(probabilities)


def test_the_domain_is_every_input_in_the_order_of_the_index() -> None:
    assert [index(passenger) for passenger in domain()] == list(range(DOMAIN_SIZE))
    assert math.prod(SHAPE) == DOMAIN_SIZE == 60_012


@pytest.mark.parametrize(
    ("passenger", "place"),
    [
        (Passenger("female", 1, 0.0), 0),
        (Passenger("female", 1, -0.0), 0),
        (Passenger("female", 1, 5e-324), 0),
        (Passenger("female", 1, 0.005), 0),
        (Passenger("female", 1, 0.015), 2),
        (Passenger("female", 1, 100.0), 10_000),
        (Passenger("female", 1, math.nextafter(100, 0)), 10_000),
        (Passenger("female", 1, None), MISSING_AGE),
        (Passenger("female", 2, 0.0), 10_002),
        (Passenger("male", 1, 0.0), 30_006),
        (Passenger("male", 3, None), DOMAIN_SIZE - 1),
    ],
)
def test_a_passenger_has_one_place_in_the_table(passenger: Passenger, place: int) -> None:
    assert index(passenger) == place


def test_an_answer_is_the_tables_for_that_passenger() -> None:
    scorer = Scorer("a-version", table(0.25, at_2900=0.75))
    assert scorer.answer(Passenger("female", 1, 29.0))[:2] == (1, 0.75)
    assert scorer.answer(Passenger("female", 1, 29.01))[:2] == (0, 0.25)


@pytest.mark.parametrize(
    ("probability", "survived"),
    [(0.0, 0), (0.5, 0), (math.nextafter(0.5, 1), 1), (1.0, 1), (5e-324, 0)],
)
def test_a_tie_is_not_survived_as_in_scikit_learn(probability: float, survived: int) -> None:
    assert Scorer("v", table(probability)).answers[0].survived == survived


def test_the_encoded_part_is_the_answer_to_the_last_bit() -> None:
    probability = 0.1 + 0.2
    answer = Scorer("v-1", table(probability)).answers[0]
    assert json.loads(b"{%s}" % answer.json) == {
        "survived": 0,
        "probability": probability,
        "model_version": "v-1",
    }


@pytest.mark.parametrize(
    "content", [b"", b"\0" * (TABLE_BYTES - 1), b"\0" * (TABLE_BYTES + 8), b"\0" * 7]
)
def test_a_table_of_another_size_is_refused(content: bytes) -> None:
    with pytest.raises(BadTable, match=f"{len(content):,} bytes; 480,096 are expected"):
        Scorer("v", content)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, -5e-324, 1.0000000000000002])
def test_a_table_with_a_number_that_is_no_probability_is_refused(number: float) -> None:
    with pytest.raises(BadTable, match="no probability"):
        Scorer("v", table(0.5, at_59999=number))


def test_a_tables_bytes_are_little_endian_whatever_wrote_them() -> None:
    assert table(0.25)[:8] == struct.pack("<d", 0.25)
