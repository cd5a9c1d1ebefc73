"""The hard rules for data: what they let through, and how they name what they don't."""

import pandas as pd
import pytest

from training.checks import check, fingerprint
from training.dataset import BadData, Dataset


def dataset(rows: int = 120, /, **cells: dict[int, str]) -> Dataset:
    """Good rows, but for the cells given by column and row."""
    frame = pd.DataFrame(
        {
            "pclass": [str(n % 3 + 1) for n in range(rows)],
            "sex": [("male", "female")[n % 2] for n in range(rows)],
            "age": [str(n % 80) for n in range(rows)],
            "survived": [str(n % 2) for n in range(rows)],
        },
        index=range(2, rows + 2),
        dtype=str,
    )
    for column, texts in cells.items():
        for row, text in texts.items():
            frame.loc[row, column] = text
    return Dataset("people.csv", frame)


def test_good_rows_get_their_types() -> None:
    checked = check(dataset())
    assert [str(dtype) for dtype in checked.dtypes] == ["int64", "object", "float64", "int64"]
    assert len(checked) == 120


@pytest.mark.parametrize("text", ["", " ", "?", "NA", "NaN", "nan", "null", "None"])
def test_a_missing_age_goes_by_many_names(text: str) -> None:
    assert check(dataset(age={2: text}))["age"].isna().sum() == 1


@pytest.mark.parametrize(
    ("column", "text", "read"),
    [
        ("age", "0", 0.0),
        ("age", "-0.0", 0.0),
        ("age", "100", 100.0),
        ("age", " 29.5 ", 29.5),
        ("age", "1e1", 10.0),
        ("age", "0.16669999999999999", 0.1667),
        ("sex", "MALE", "male"),
        ("sex", " Female ", "female"),
        ("pclass", "3.0", 3),
        ("survived", "1.0", 1),
    ],
)
def test_what_is_allowed_is_read_as_it_is_meant(column: str, text: str, read: object) -> None:
    value = check(dataset(**{column: {2: text}})).loc[2, column]
    assert value == read
    assert str(value) == str(read)


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("age", "old"),
        ("age", "-1"),
        ("age", "-5e-324"),
        ("age", "101"),
        ("age", "100.00000000000002"),
        ("age", "inf"),
        ("age", "1_0"),
        ("age", "29,5"),
        ("sex", "other"),
        ("sex", "m"),
        ("sex", "?"),
        ("pclass", "0"),
        ("pclass", "4"),
        ("pclass", "2.5"),
        ("pclass", "first"),
        ("pclass", "nan"),
        ("survived", "2"),
        ("survived", "yes"),
        ("survived", "-1"),
    ],
)
def test_a_cell_that_breaks_a_rule_is_named(column: str, text: str) -> None:
    with pytest.raises(BadData) as refused:
        check(dataset(**{column: {7: text}}))
    assert str(refused.value).startswith(f'people.csv: {column}: "{text}" in row 7; ')
    assert str(refused.value).endswith(" is allowed")


def test_an_empty_cell_is_nothing() -> None:
    with pytest.raises(BadData, match=r"sex: nothing in row 3; male or female is allowed$"):
        check(dataset(sex={3: " "}))


def test_of_many_the_first_few_are_named_and_the_rest_counted() -> None:
    wrong = {row: str(100 + row) for row in range(10, 20)}
    with pytest.raises(BadData) as refused:
        check(dataset(age=wrong, pclass={5: "4"}))
    assert str(refused.value) == (
        'people.csv: pclass: "4" in row 5; 1, 2 or 3 is allowed; '
        'age: "110" in row 10, "111" in row 11, "112" in row 12 and in 7 more; '
        "a number of years from 0 to 100, or nothing, is allowed"
    )


def test_a_message_stays_one_short_line() -> None:
    with pytest.raises(BadData) as refused:
        check(dataset(sex={2: "x\n" * 10_000}))
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 200


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(BadData, match="99 rows; at least 100 are needed"):
        check(dataset(99))
    with pytest.raises(BadData, match="0 rows; at least 100 are needed"):
        check(dataset(0))


@pytest.mark.parametrize(("fate", "who"), [("0", "who survived"), ("1", "who did not survive")])
def test_one_outcome_alone_is_refused(fate: str, who: str) -> None:
    everyone = dict.fromkeys(range(2, 122), fate)
    with pytest.raises(BadData, match=f"0 passengers {who}; at least 10 are needed"):
        check(dataset(survived=everyone))


def test_ages_that_are_all_missing_are_refused() -> None:
    with pytest.raises(BadData, match="0 rows have an age; at least 10 are needed"):
        check(dataset(age=dict.fromkeys(range(2, 122), "")))


def test_the_fingerprint_is_the_contents_and_not_the_texts() -> None:
    plain = fingerprint(check(dataset()))
    spelled = dataset(sex={2: "MALE"}, pclass={2: "1.0"}, age={3: "1.00"}, survived={2: "0.0"})
    assert fingerprint(check(spelled)) == plain
    for column, text in {"age": "1.01", "sex": "male", "pclass": "1", "survived": "0"}.items():
        assert fingerprint(check(dataset(**{column: {3: text}}))) != plain


def test_the_order_of_the_rows_is_part_of_the_fingerprint() -> None:
    there = check(dataset())
    assert fingerprint(there[::-1]) != fingerprint(there)
