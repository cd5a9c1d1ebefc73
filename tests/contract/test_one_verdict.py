"""The fast decoder and the schema give one verdict: what is fast is only fast."""

import json
import math

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from titanic_model.passenger import Passenger, Rejection, judge, parse

WHITESPACE = st.sampled_from(["", "", "", " ", "\n", "\t \r"])
ODD_NUMBERS = st.sampled_from(
    "0 -0 -0.0 0.0 1 1.0 1e0 10E-1 2 3 3.0 3.5 4 29 29.0 24.5 100 1e2 100.00000000000000001 "
    "100.0000000000001 101 -1 0.005 0.015 5e-324 1e-400 -1e-400 1e400 -1e400 NaN Infinity "
    f"-Infinity 01 1. .5 +1 0x1 1_0 {2**63} {2**64} {10**400}".split()
)
ODD_STRINGS = st.one_of(
    st.sampled_from(['"male"', '"female"', '"MALE"', '"Female"', '" male"', '""', '"29"']),
    st.sampled_from([r'"m\u0061le"', r'"male\u0000"', r'"ma\u017fe"', r'"\u212a"', r'"\/"']),
    st.sampled_from([r'"\ud800"', r'"\ud83d\ude00"', r'"\udc00x"', '"a\tb"', "'male'"]),
    st.sampled_from([f'"{"é" * 128}"', f'"{"é" * 129}"', f'"{"😀" * 128}"']),
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
).map(json.dumps)
NUMBERS = (
    ODD_NUMBERS
    | st.floats(0, 100).map(repr)
    | st.floats().map(repr)
    | st.integers(-5, 105).map(str)
)
VALUES = NUMBERS | ODD_STRINGS | st.sampled_from(["null", "true", "false", "[]", "{}"]) | ANY_JSON
KEYS = st.sampled_from(
    ['"sex"', '"pclass"', '"age"', '"passenger_id"', '"class"', '"s\\u0065x"', '"Sex"', '"fare"']
)


def _likely(key: str) -> st.SearchStrategy[str]:
    right = {
        "sex": st.sampled_from(['"male"', '"female"', '"Male"']),
        "pclass": st.sampled_from(["1", "2", "3", "3.0"]),
        "age": NUMBERS,
        "passenger_id": st.text(max_size=130).map(json.dumps) | ODD_STRINGS,
    }[key]
    return st.tuples(st.just(f'"{key}"'), right | right | right | VALUES).map(":".join)


@st.composite
def objects(draw: st.DrawFn) -> bytes:
    """Objects around the event's shape: most fields there, some odd, some twice, some unknown."""
    members = [draw(_likely(key)) for key in ("sex", "pclass")]
    members += [draw(_likely(key)) for key in ("age", "passenger_id") if draw(st.booleans())]
    more = st.tuples(KEYS, WHITESPACE, VALUES).map(lambda m: f"{m[0]}:{m[1]}{m[2]}")
    members += draw(st.lists(more, max_size=2))
    members = draw(st.permutations(members))
    comma = draw(WHITESPACE) + "," + draw(WHITESPACE)
    text = draw(WHITESPACE) + "{" + comma.join(members) + "}" + draw(WHITESPACE)
    return text.encode("utf-8", "surrogatepass")


def _same(one: Passenger, other: Passenger) -> bool:
    """Field by field; 0.0 and -0.0 are two."""
    ages = (one.age, other.age)
    same_age = ages == (None, None) or (
        None not in ages
        and type(one.age) is type(other.age) is float
        and one.age == other.age
        and math.copysign(1, one.age) == math.copysign(1, other.age)
    )
    return same_age and (one.sex, one.pclass, one.passenger_id) == (
        other.sex,
        other.pclass,
        other.passenger_id,
    )


def _one_verdict(value: bytes) -> None:
    told = parse(value)
    judged = judge(value)
    if isinstance(told, Passenger):
        assert isinstance(judged, Passenger), judged
        assert _same(told, judged)
    else:
        assert isinstance(told, Rejection)
        assert told == judged or not value
        assert told.message.isprintable()
        assert len(told.message) < 1_000
        msgspec.json.encode(told)


@settings(max_examples=300)
@given(objects())
@example(b'{"sex":"male","pclass":1,"age":-0}')
@example(b'{"sex":"male","pclass":1,"age":-0.0}')
@example(b'{"sex":"male","sex":"female","pclass":1,"pclass":2,"age":1,"age":2}')
@example(b'{"sex":"male","pclass":1,"passenger_id":null,"passenger_id":"a"}')
@example(b'{"sex":"male","pclass":1,"class":2}')
@example(b'\xef\xbb\xbf{"sex":"male","pclass":1}')
def test_objects_around_an_events_shape_get_one_verdict(value: bytes) -> None:
    _one_verdict(value)


@settings(max_examples=100)
@given(st.binary(max_size=200) | ANY_JSON.map(str.encode))
@example(b"\x00")
@example(b"[" * 100_000)
@example(b'{"a":' * 100_000)
def test_any_bytes_get_one_verdict(value: bytes) -> None:
    _one_verdict(value)


@settings(max_examples=100)
@given(objects(), st.integers(0, 60), st.binary(max_size=2))
def test_a_damaged_event_gets_one_verdict(value: bytes, at: int, splinter: bytes) -> None:
    _one_verdict(value[:at] + splinter + value[at + 1 :])
