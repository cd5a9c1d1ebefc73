"""What is kept of data: small, the same each time, and enough to compare with."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from training.checks import check
from training.dataset import load
from training.reference import AGE_BINS, Reference, describe


@pytest.fixture(scope="module")
def good() -> pd.DataFrame:
    return check(load()).rows


def test_the_counts_are_those_of_the_rows(good: pd.DataFrame) -> None:
    reference = describe(good)
    assert reference.rows == 1_309
    assert reference.counts.shape == (2, 3, 2, AGE_BINS + 1)
    assert reference.counts.sum() == 1_309
    assert reference.counts[..., AGE_BINS].sum() == good["age"].isna().sum() == 263
    for (sex, pclass, survived), rows in good.groupby(["sex", "pclass", "survived"]):
        place = ["female", "male"].index(str(sex)), int(str(pclass)) - 1, int(str(survived))
        assert reference.counts[place].sum() == len(rows)
        assert reference.counts[place][30] == ((rows["age"] >= 30) & (rows["age"] < 31)).sum()
    assert reference.age_quantiles["50"] == good["age"].median() == 28.0
    assert (reference.commonest_age.what, reference.commonest_age.rows) == ("24", 47)
    assert reference.commonest_row.what == "male, class 3, did not survive, 21 years"
    assert reference.commonest_row.rows == 19
    assert reference.ages_in_tens == (good["age"] % 10 == 0).sum()
    assert reference.ages_in_fractions == (good["age"].dropna() % 1 != 0).sum()
    assert reference.times == 1


@pytest.mark.parametrize("times", [2, 3, 10])
def test_a_file_in_a_file_is_seen_though_a_few_rows_are_gone(
    good: pd.DataFrame, times: int
) -> None:
    again = pd.concat([good] * times, ignore_index=True)
    assert describe(again).times == times
    assert describe(again.sample(len(again) - 10, random_state=0)).times == times


def test_chance_makes_no_file_in_a_file(good: pd.DataFrame) -> None:
    for seed in range(100):
        rows = 150 + 50 * seed
        assert describe(good.sample(rows, replace=True, random_state=seed)).times == 1


def test_alike_is_the_share_of_pairs_that_are_equal(good: pd.DataFrame) -> None:
    few = good.dropna().head(60)[["pclass", "sex", "age", "survived"]].to_numpy().tolist()
    pairs = [(one, other) for at, one in enumerate(few) for other in few[:at]]
    reference = describe(good.dropna().head(60))
    assert reference.alike == pytest.approx(np.mean([a == b for a, b in pairs]), rel=1e-4)


def test_it_is_the_same_each_time_in_any_order_and_after_json(good: pd.DataFrame) -> None:
    reference = describe(good)
    written = reference.model_dump_json()
    assert describe(good.sample(frac=1, random_state=0)).model_dump_json() == written
    assert Reference.model_validate_json(written) == reference
    assert len(written) < 10_000


def test_it_knows_nobody_by_name(good: pd.DataFrame) -> None:
    assert "Allen" not in describe(good).model_dump_json()


def test_a_column_of_a_hundred_years_has_its_place(good: pd.DataFrame) -> None:
    reference = describe(good.assign(age=100.0))
    assert reference.counts[..., AGE_BINS - 1].sum() == 1_309
    assert Reference.model_validate_json(reference.model_dump_json()) == reference


def test_counts_that_cannot_be_are_refused(good: pd.DataFrame) -> None:
    content = describe(good).model_dump()
    content["groups"][0]["rows"] = 1
    with pytest.raises(ValidationError, match="more ages than rows"):
        Reference.model_validate_json(pd.Series(content).to_json())
