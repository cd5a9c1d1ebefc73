"""The file of a release that the next one is compared on: whole, or refused."""

from collections import Counter

import pandas as pd
import pytest

from tests.unit.training.conftest import Parts
from titanic_model.manifest import ReleaseRefused
from training import held_out
from training.dataset import COLUMNS
from training.split import split


def content(rows: pd.DataFrame) -> Counter[str]:
    rounded = rows[list(COLUMNS)].assign(age=rows["age"].round(2))
    return Counter(map(str, rounded.itertuples(index=False)))


def test_what_was_written_is_read(parts: Parts) -> None:
    rows = held_out.read(held_out.write(parts.held_out))
    expected = parts.held_out[list(COLUMNS)].reset_index(drop=True)
    pd.testing.assert_frame_equal(rows, expected, check_dtype=False)


ROWS = "3,male,22.0,0\n1,female,,1\n"


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("", "no table"),
        ("PK\x03\x04", "no table"),
        ("pclass,sex,survived\n3,male,0\n", "no table of pclass, sex, age, survived"),
        (f"pclass,sex,age,survived\n{ROWS}3,male,old,0\n", "no table"),
        (f"pclass,sex,age,survived\n{ROWS}4,male,22,0\n", "values in pclass"),
        (f"pclass,sex,age,survived\n{ROWS}3,other,22,0\n", "values in sex"),
        (f"pclass,sex,age,survived\n{ROWS}3,male,101,0\n", "values in age"),
        (f"pclass,sex,age,survived\n{ROWS}3,male,22,2\n", "values in survived"),
        ("pclass,sex,age,survived\n3,male,22,0\n", "lacks an outcome"),
    ],
)
def test_what_is_no_such_file_is_refused(file: str, said: str) -> None:
    with pytest.raises(ReleaseRefused, match=f"its held_out.csv .*{said}"):
        held_out.read(file.encode())


def test_either_has_each_passenger_of_both_once(known: pd.DataFrame, parts: Parts) -> None:
    ours, theirs = split(known.head(800))[1], split(known.tail(800))[1]
    together = content(held_out.either(ours, theirs))
    assert together == content(ours) | content(theirs)
    assert together <= content(parts.held_out)
    assert content(held_out.either(ours, parts.held_out)) == content(parts.held_out)


def test_neither_model_learned_a_passenger_that_both_are_compared_on(known: pd.DataFrame) -> None:
    one, other = split(known.head(800)), split(known.tail(800))
    together = content(held_out.either(one[1], other[1]))
    for learned, _ in (one, other):
        assert together + content(learned) <= content(known)
