"""Data that keep the rules and are wrong are caught and named; good data raise no question."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.corruptions import CORPUS, Corruption
from training.checks import check
from training.dataset import Dataset, load
from training.distributions import questions
from training.finding import told
from training.reference import Reference, describe

COLUMNS = ["pclass", "sex", "age", "survived"]


@pytest.fixture(scope="module")
def good() -> pd.DataFrame:
    return check(load()).rows[COLUMNS]


@pytest.fixture(scope="module")
def reference(good: pd.DataFrame) -> Reference:
    return describe(good)


def sample(rows: pd.DataFrame, size: int, seed: int) -> pd.DataFrame:
    return rows.take(np.random.default_rng(seed).integers(0, len(rows), size))


def names(rows: pd.DataFrame, reference: Reference | None) -> set[str]:
    return {finding.check for finding in questions(rows, reference)}


by_name = pytest.mark.parametrize("corruption", CORPUS, ids=[c.name for c in CORPUS])


def mains(rows: pd.DataFrame, reference: Reference | None) -> list[str]:
    return [odd.check for odd in questions(rows, reference) if odd.follows is None]


def test_the_corpus_is_large() -> None:
    assert len({corruption.name for corruption in CORPUS}) >= 50


@by_name
def test_a_corruption_keeps_every_hard_rule(corruption: Corruption, good: pd.DataFrame) -> None:
    rows = corruption.corrupt(good, np.random.default_rng(0)).reset_index(drop=True)
    text = rows.astype(object).where(rows.notna(), "").map(str)
    assert len(check(Dataset("corrupted", text)).rows) == len(rows)


@by_name
@pytest.mark.parametrize("seed", range(3))
def test_a_corruption_is_caught_and_named(
    corruption: Corruption, seed: int, good: pd.DataFrame, reference: Reference
) -> None:
    rows = corruption.corrupt(good, np.random.default_rng(seed))
    assert corruption.named in names(rows, reference)


@by_name
@pytest.mark.parametrize("seed", range(3))
def test_a_corruption_is_caught_and_named_where_there_is_no_reference(
    corruption: Corruption, seed: int, good: pd.DataFrame
) -> None:
    rows = corruption.corrupt(good, np.random.default_rng(seed))
    assert corruption.named in names(rows, None)


@pytest.mark.parametrize("size", [150, 400, 1_309, 5_000])
def test_of_a_thousand_good_samples_less_than_ten_are_questioned(
    size: int, good: pd.DataFrame, reference: Reference
) -> None:
    asked = [
        found for seed in range(1_000) if (found := names(sample(good, size, seed), reference))
    ]
    assert len(asked) < 10, asked


def test_of_a_thousand_good_samples_less_than_ten_are_questioned_without_a_reference(
    good: pd.DataFrame,
) -> None:
    asked = [found for seed in range(1_000) if (found := names(sample(good, 1_309, seed), None))]
    assert len(asked) < 10, asked


def test_a_million_good_rows_are_as_good_as_few(good: pd.DataFrame, reference: Reference) -> None:
    million = sample(good, 1_000_000, 0)
    assert questions(million, reference) == questions(million, None) == []


def test_a_small_reference_is_itself_a_sample(good: pd.DataFrame) -> None:
    """It knows little: what differs from it by its own chance is not questioned."""
    asked = []
    for seed in range(200):
        order = np.random.default_rng(seed).permutation(len(good))
        few, rest = good.take(order[:200]), good.take(order[200:])
        if found := names(rest, describe(few)):
            asked.append(found)
    assert len(asked) < 4, asked


def test_a_small_difference_is_no_question_in_any_number_of_rows(
    good: pd.DataFrame, reference: Reference
) -> None:
    million = sample(good, 1_000_000, 0)
    drifted = million.assign(age=(million["age"] + 0.5).clip(0, 100))
    fewer = million[(million["sex"] == "male") | (np.arange(len(million)) % 20 > 0)]
    assert questions(drifted, reference) == questions(fewer, reference) == []


def test_many_small_steps_are_noticed(good: pd.DataFrame) -> None:
    """Each is near enough to the one before; what anyone would expect does not drift along."""
    rng = np.random.default_rng(0)
    reference, by_steps = describe(good), list[set[str]]()
    for step in range(1, 16):
        dropped = (good["survived"] == 1) & (rng.random(len(good)) > 0.88**step)
        rows = sample(good[~dropped], 1_309, step)
        by_steps.append(names(rows, reference))
        if by_steps[-1]:
            break
        reference = describe(rows)
    assert len(by_steps) > 3
    assert "survival" in by_steps[-1]


def test_what_the_reference_itself_breaks_is_not_asked_again(good: pd.DataFrame) -> None:
    adults = good[(good["age"] >= 18) | good["age"].isna()]
    assert "children" in names(adults, None)
    assert questions(adults, describe(adults)) == []


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), which=st.sampled_from(CORPUS))
def test_the_order_of_the_rows_does_not_matter(seed: int, which: Corruption) -> None:
    rows = sample(check(load()).rows[COLUMNS], 300, seed)
    corrupted = which.corrupt(rows.reset_index(drop=True), np.random.default_rng(seed))
    if not corrupted["age"].notna().any():
        return
    shuffled = corrupted.sample(frac=1, random_state=seed)
    reference = describe(rows)
    assert questions(shuffled, reference) == questions(corrupted, reference)
    assert questions(shuffled, None) == questions(corrupted, None)


def test_a_finding_is_one_sentence_that_says_what_was_expected_found_and_meant(
    good: pd.DataFrame, reference: Reference
) -> None:
    (finding,) = questions(good.assign(age=np.floor(good["age"])), reference)
    assert finding.sentence == (
        "rounded ages: found 0% with a fraction, 100% others; expected 4.3% with a fraction, "
        "96% others (Cramér's V 0.15). Ages were rounded or guessed on the way."
    )
    for corruption in CORPUS:
        rows = corruption.corrupt(good, np.random.default_rng(0))
        for odd in questions(rows, reference) + questions(rows, None):
            assert odd.effect > 0
            assert len(odd.sentence) < 400
            assert "\n" not in odd.sentence
            assert "nan" not in odd.sentence.split()


WOMEN_VANISHED = next(each for each in CORPUS if each.name == "women vanished")
MISSING_DOUBLED = next(each for each in CORPUS if each.name == "missing ages doubled")
MONTHS = next(each for each in CORPUS if each.name == "months for years")
FLIPPED = next(each for each in CORPUS if each.name == "labels flipped")


@by_name
def test_one_fault_is_few_lines_and_the_rest_is_named_below(
    corruption: Corruption, good: pd.DataFrame, reference: Reference
) -> None:
    rows = corruption.corrupt(good, np.random.default_rng(0))
    for before in (reference, None):
        found = questions(rows, before)
        lines = list(told(found))
        two_faults = corruption.name == "ages known of the dead alone"
        assert len(mains(rows, before)) <= (5 if two_faults else 3), lines
        for odd in found:
            assert any(odd.check in line for line in lines)


@pytest.mark.parametrize(
    ("corruption", "first"),
    [
        ("the vast majority are over 90", "age"),
        ("women vanished", "constant column"),
        ("class 3 vanished", "class"),
        ("months for years", "age"),
        ("missing ages doubled", "missing ages"),
        ("missing ages filled with the median", "one age"),
        ("a row repeated a thousand times", "repeated row"),
        ("ages rounded to fives", "rounded ages"),
        ("ages of the dead are 20 years more", "age by outcome"),
        ("most survivors were dropped", "survival"),
    ],
)
def test_the_cause_comes_first(
    corruption: str, first: str, good: pd.DataFrame, reference: Reference
) -> None:
    (fault,) = (each for each in CORPUS if each.name == corruption)
    assert mains(fault.corrupt(good, np.random.default_rng(0)), reference)[0] == first


@pytest.mark.parametrize(
    ("faults", "told_of"),
    [
        ((WOMEN_VANISHED, MONTHS), {"constant column", "age"}),
        ((MONTHS, MISSING_DOUBLED), {"age", "missing ages"}),
        ((WOMEN_VANISHED, MISSING_DOUBLED), {"constant column", "missing ages"}),
        ((FLIPPED, MONTHS), {"survival by sex", "age"}),
        ((FLIPPED, MISSING_DOUBLED, MONTHS), {"survival by sex", "missing ages", "age"}),
    ],
)
def test_a_fault_does_not_hide_another(
    faults: tuple[Corruption, ...], told_of: set[str], good: pd.DataFrame, reference: Reference
) -> None:
    rows = good
    for fault in faults:
        rows = fault.corrupt(rows, np.random.default_rng(0))
    assert told_of <= set(mains(rows, reference))


def test_a_default_is_told_from_a_selection(good: pd.DataFrame, reference: Reference) -> None:
    """Where the women are lost, the men's fates are as before; where all were made men, not."""
    lost = good[good["sex"] == "male"]
    assert mains(lost, reference) == ["constant column"]
    assert mains(good.assign(sex="male"), reference) == ["constant column", "survival by sex"]
