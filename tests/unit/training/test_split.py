"""The split: a row's content decides, nothing else, and both parts look like the whole."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.training.conftest import Parts
from training.dataset import COLUMNS
from training.split import split

ROWS = st.lists(
    st.tuples(
        st.sampled_from([1, 2, 3]),
        st.sampled_from(["male", "female"]),
        st.sampled_from([0.1667, 29.0, float("nan")]),
        st.sampled_from([0, 1]),
    ),
    min_size=1,
    max_size=60,
).map(lambda rows: pd.DataFrame(rows, columns=list(COLUMNS)))


def content(rows: pd.DataFrame) -> list[str]:
    return sorted(map(str, rows[list(COLUMNS)].itertuples(index=False)))


def test_every_row_is_in_one_part_with_its_number(known: pd.DataFrame, parts: Parts) -> None:
    assert sorted([*parts.learn.index, *parts.held_out.index]) == sorted(known.index)
    together = pd.concat(parts).sort_index()
    pd.testing.assert_frame_equal(together, known.sort_index())


def test_one_in_five_is_held_out_and_looks_like_the_whole(
    known: pd.DataFrame, parts: Parts
) -> None:
    held = parts.held_out
    assert len(held) / len(known) == pytest.approx(0.2, abs=0.02)
    for column in ("survived", "sex", "pclass"):
        shares, of_all = (rows[column].value_counts(normalize=True) for rows in (held, known))
        assert (shares - of_all).abs().max() < 0.05
    assert held["age"].isna().mean() == pytest.approx(known["age"].isna().mean(), abs=0.05)
    assert held["age"].mean() == pytest.approx(known["age"].mean(), abs=2)


def test_neither_part_is_in_the_files_order_or_that_of_the_outcome(parts: Parts) -> None:
    for part in parts:
        assert not part.index.is_monotonic_increasing
        place = pd.Series(np.arange(len(part)), index=part.index)
        assert abs(place.corr(part["survived"])) < 0.2


def test_what_is_held_out_of_some_rows_is_held_out_of_all(
    known: pd.DataFrame, parts: Parts
) -> None:
    some = known.sample(600, random_state=1)
    for few, all_of_them in zip(split(some), parts, strict=True):
        assert Counter(content(few)) <= Counter(content(all_of_them))


def test_names_and_digits_that_the_model_does_not_see_decide_nothing(
    known: pd.DataFrame, parts: Parts
) -> None:
    other = known.assign(name=known["name"].str.upper(), age=known["age"] + 1e-4)
    for data in (other, known.drop(columns="name")):
        for part, expected in zip(split(data), parts, strict=True):
            assert part.index.tolist() == expected.index.tolist()


@settings(max_examples=50)
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_decides_nothing(rows: pd.DataFrame, random: object) -> None:
    mixed = rows.sample(frac=1, random_state=random.randrange(1000))  # type: ignore[attr-defined]
    for one, other in zip(split(rows), split(mixed), strict=True):
        columns = list(COLUMNS)
        pd.testing.assert_frame_equal(
            one[columns].reset_index(drop=True), other[columns].reset_index(drop=True)
        )


@settings(max_examples=50)
@given(ROWS)
def test_of_each_outcome_some_are_held_out_and_half_are_left(rows: pd.DataFrame) -> None:
    learn, held_out = split(rows)
    for outcome in (0, 1):
        count = int((rows["survived"] == outcome).sum())
        held = int((held_out["survived"] == outcome).sum())
        assert min(2, count // 2) <= held <= count // 2
        assert int((learn["survived"] == outcome).sum()) == count - held


def test_the_smallest_data_set_that_the_rules_allow_can_be_split(known: pd.DataFrame) -> None:
    for seed in range(50):
        dead = known[known["survived"] == 0].sample(90, random_state=seed)
        alive = known[known["survived"] == 1].sample(10, random_state=seed)
        learn, held_out = split(pd.concat([dead, alive]))
        assert 2 <= held_out["survived"].sum() <= 5
        assert learn["survived"].sum() >= 5
