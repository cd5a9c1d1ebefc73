"""Slices: everyone is in one of each kind, and where the model is wrong it is marked."""

from collections import defaultdict

import pandas as pd
import pytest

from tests.unit.training.conftest import Parts
from training.evaluate import Evaluation
from training.slices import slices, wilson


def test_everyone_is_in_one_slice_of_each_kind(evaluation: Evaluation, parts: Parts) -> None:
    rows: dict[str, int] = defaultdict(int)
    for each in evaluation.slices:
        rows[each.by] += each.rows
    assert rows == dict.fromkeys(("sex", "class", "sex and class", "age"), len(parts.held_out))


def test_a_slices_rate_is_that_of_its_rows(evaluation: Evaluation, parts: Parts) -> None:
    held = parts.held_out
    (women,) = [each for each in evaluation.slices if each.value == "female, 1"]
    first = held[(held["sex"] == "female") & (held["pclass"] == 1)]
    assert women.rows == len(first)
    assert women.survival.value == pytest.approx(first["survived"].mean())


def people(rows: int, **columns: object) -> pd.DataFrame:
    return pd.DataFrame(
        {"sex": "male", "pclass": 3, "age": 30.0, "survived": 0, **columns}, index=range(rows)
    )


def test_a_slice_without_anyone_is_left_out() -> None:
    held = people(4)
    found = slices(held, pd.Series(0.2, index=held.index))
    assert [each.value for each in found] == ["male", "3", "male, 3", "30 to 44"]


def test_the_ages_that_are_missing_are_a_band_and_a_birthday_begins_one() -> None:
    held = people(3, age=[float("nan"), 12.99, 13.0])
    found = slices(held, pd.Series(0.2, index=held.index))
    assert {s.value: s.rows for s in found if s.by == "age"} == {
        "under 13": 1,
        "13 to 29": 1,
        "missing": 1,
    }


def test_a_group_that_is_told_too_little_or_is_often_wrong_is_marked() -> None:
    held = pd.concat([people(100), people(40, sex="female", survived=1)], ignore_index=True)
    found = {s.value: s.marks for s in slices(held, pd.Series(0.2, index=held.index))}
    assert found["female"] == (
        "too low: says 20%, 100% survived",
        "right for 0%, for all for 71%",
    )
    assert found["male"] == ("too high: says 20%, 0% survived",)


def test_a_few_passengers_are_not_marked_by_chance() -> None:
    held = people(3, survived=[0, 1, 1])
    assert not any(s.marks for s in slices(held, pd.Series(0.4, index=held.index)))


def test_wilsons_interval_stays_within_0_and_1() -> None:
    none = wilson(0, 10)
    assert none.low == 0
    assert none.high == pytest.approx(0.2775, abs=1e-4)  # Wilson's formula, by hand
