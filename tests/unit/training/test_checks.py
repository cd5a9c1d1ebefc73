"""The hard rules for data: what they let through, and how they name what they don't."""

import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from titanic_model.passenger import Passenger, parse
from training.cells import number, word
from training.checks import NAMESAKES, check, fingerprint
from training.dataset import MISSING, BadData, Dataset, load


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
    checked = check(dataset()).rows
    assert [str(dtype) for dtype in checked.dtypes] == ["int64", "object", "float64", "int64"]
    assert len(checked) == 120


@pytest.mark.parametrize("text", ["", " ", "?", "NA", "NaN", "nan", "null", "None"])
def test_a_missing_age_goes_by_many_names(text: str) -> None:
    assert check(dataset(age={2: text})).rows["age"].isna().sum() == 1


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
    value = check(dataset(**{column: {2: text}})).rows.loc[2, column]
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
        "people.csv: 2 rules are broken\n"
        '  pclass: "4" in row 5; 1, 2 or 3 is allowed\n'
        '  age: "110" in row 10, "111" in row 11, "112" in row 12 and in 7 more; '
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
    plain = fingerprint(check(dataset()).rows)
    spelled = dataset(sex={2: "MALE"}, pclass={2: "1.0"}, age={3: "1.00"}, survived={2: "0.0"})
    assert fingerprint(check(spelled).rows) == plain
    for column, text in {"age": "1.01", "sex": "male", "pclass": "1", "survived": "0"}.items():
        assert fingerprint(check(dataset(**{column: {3: text}})).rows) != plain


def test_the_order_of_the_rows_is_part_of_the_fingerprint() -> None:
    there = check(dataset()).rows
    assert fingerprint(there[::-1]) != fingerprint(there)


def named(names: dict[int, str]) -> Dataset:
    people = dataset()
    frame = people.frame.assign(name=[f"Person {row}" for row in people.frame.index])
    for row, name in names.items():
        frame.loc[row, "name"] = name
    return Dataset(people.source, frame)


def test_a_passenger_who_is_there_twice_is_named() -> None:
    with pytest.raises(BadData) as refused:
        check(named({4: "Braund, Mr. Owen", 9: " braund,  mr. OWEN"}))
    assert str(refused.value).startswith(
        'people.csv: name: "Braund, Mr. Owen" in row 4, " braund,  mr. OWEN" in row 9; '
    )
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", NAMESAKES)
def test_namesakes_are_people_as_many_as_are_listed(name: str) -> None:
    assert NAMESAKES[name] == 2
    assert len(check(named({4: name, 9: name})).rows) == 120
    with pytest.raises(BadData, match=r"name: .* in row 4, .* in row 9, .* in row 11"):
        check(named({4: name, 9: name, 11: name}))


def test_people_without_a_name_are_not_one_person() -> None:
    assert len(check(named({4: "", 9: "", 11: "?", 12: "?"})).rows) == 120


def test_the_titanics_own_passengers_keep_all_rules() -> None:
    checked = check(load(), quarantine=True)
    assert (len(checked.rows), len(checked.aside)) == (1_309, 0)


def test_ages_of_which_most_are_missing_are_refused() -> None:
    assert len(check(dataset(age=dict.fromkeys(range(2, 62), ""))).rows) == 120
    with pytest.raises(BadData, match=r"age: 50\.8% are missing; at most 50% may be$"):
        check(dataset(age=dict.fromkeys(range(2, 63), "")))


def test_what_is_wrong_with_the_whole_is_told_with_what_is_wrong_with_cells() -> None:
    with pytest.raises(BadData) as refused:
        check(dataset(survived=dict.fromkeys(range(2, 122), "0"), sex={3: "m"}))
    assert str(refused.value).splitlines() == [
        "people.csv: 2 rules are broken",
        '  sex: "m" in row 3; male or female is allowed',
        "  0 passengers who survived; at least 10 are needed",
    ]


def test_bad_rows_can_be_set_aside_with_their_text_and_all_reasons() -> None:
    checked = check(dataset(age={5: "101"}, sex={5: "m", 7: " "}), quarantine=True)
    assert list(checked.rows.index) == [row for row in range(2, 122) if row not in {5, 7}]
    assert [str(dtype) for dtype in checked.rows.dtypes] == ["int64", "object", "float64", "int64"]
    assert checked.aside.to_dict("records") == [
        {
            "row": 5,
            "pclass": "1",
            "sex": "m",
            "age": "101",
            "survived": "1",
            "reasons": "sex: male or female is allowed; "
            "age: a number of years from 0 to 100, or nothing, is allowed",
        },
        {
            "row": 7,
            "pclass": "3",
            "sex": " ",
            "age": "5",
            "survived": "1",
            "reasons": "sex: male or female is allowed",
        },
    ]


def test_more_than_some_bad_rows_are_a_bad_file() -> None:
    assert len(check(dataset(sex=dict.fromkeys(range(2, 8), "m")), quarantine=True).rows) == 114
    with pytest.raises(BadData) as refused:
        check(dataset(sex=dict.fromkeys(range(2, 9), "m")), quarantine=True)
    assert str(refused.value).splitlines() == [
        (
            'people.csv: sex: "m" in row 2, "m" in row 3, "m" in row 4 and in 4 more; '
            "male or female is allowed"
        ),
        "  7 of 120 rows are bad; at most 5% can be set aside",
    ]


def test_a_report_is_short_however_much_is_wrong() -> None:
    everywhere = dict.fromkeys(range(2, 122), "x" * 1_000)
    broken = dataset(pclass=everywhere, sex=everywhere, age=everywhere, survived=everywhere)
    with pytest.raises(BadData) as refused:
        check(broken, quarantine=True)
    assert str(refused.value).startswith("people.csv: 6 rules are broken\n  pclass: ")
    assert len(str(refused.value).splitlines()) == 8
    assert len(str(refused.value)) < 2_000


def test_what_is_left_must_still_be_enough() -> None:
    with pytest.raises(BadData, match="99 rows; at least 100 are needed"):
        check(dataset(100, age={2: "101"}), quarantine=True)


@given(
    cells=st.lists(
        st.tuples(
            st.sampled_from(["pclass", "sex", "age", "survived"]),
            st.integers(2, 121),
            st.sampled_from(["", "?", "1", "3.0", "4", "101", "male", "x", "1_0", "nan", "inf"]),
        ),
        max_size=6,
    )
)
def test_every_row_is_either_kept_or_set_aside(cells: list[tuple[str, int, str]]) -> None:
    people = dataset()
    for column, row, text in cells:
        people.frame.loc[row, column] = text
    checked = check(people, quarantine=True)
    assert sorted([*checked.rows.index, *checked.aside.index]) == list(people.frame.index)
    assert checked.aside[people.frame.columns].equals(people.frame.loc[checked.aside.index])
    assert (checked.aside["reasons"] != "").all()
    assert len(check(Dataset("kept", people.frame.loc[checked.rows.index])).rows)


NUMBERS = st.one_of(
    st.floats().map(repr), st.integers(-5, 105).map(str), st.text(max_size=5), st.just("1_0")
)


@given(pclass=NUMBERS, age=NUMBERS, sex=st.sampled_from(["male", "FEMALE", "m", "", "other"]))
def test_what_the_rules_let_through_is_a_valid_event(pclass: str, age: str, sex: str) -> None:
    people = dataset(pclass={2: pclass}, age={2: age}, sex={2: sex})
    event = {
        "passenger_id": "1",
        "pclass": number(pclass),
        "age": None if age.strip().lower() in MISSING else number(age),
        "sex": word(sex),
    }
    verdict = parse(json.dumps(event).encode())  # what is no number is Infinity, and no JSON
    kept = len(check(people, quarantine=True).aside) == 0
    assert kept == isinstance(verdict, Passenger)
