"""Two releases side by side: what differs is found, counted and drawn where it is."""

from titanic_model.comparison import YEARS_A_CELL, Cell, compare, ruler, strips
from titanic_model.passenger import Passenger
from titanic_model.scorer import DOMAIN_SIZE, Scorer, encode_table, index


def scorer(probability: float, *changes: tuple[Passenger, float]) -> Scorer:
    table = [probability] * DOMAIN_SIZE
    for passenger, other in changes:
        table[index(passenger)] = other
    return Scorer("0" * 12, encode_table(table))


def man(age: float | None) -> Passenger:
    return Passenger(sex="male", pclass=3, age=age)


def woman(age: float | None) -> Passenger:
    return Passenger(sex="female", pclass=1, age=age)


def test_a_release_does_not_differ_from_itself() -> None:
    found = compare(scorer(0.3), scorer(0.3))
    assert (found.outcomes, found.probabilities, found.largest, found.mean) == (0, 0, 0, 0)
    assert found.regions == ()


def test_differences_are_counted_among_all_inputs() -> None:
    found = compare(scorer(0.25), scorer(0.25, (man(30), 0.5), (man(31), 0.75)))
    assert found.inputs == 60_012
    assert found.probabilities == 2
    assert found.outcomes == 1, "0.5 is no survival"
    assert found.largest == 0.5
    assert found.mean == 0.75 / DOMAIN_SIZE


def test_neighbouring_ages_that_flip_are_one_region() -> None:
    ages = [hundredths / 100 for hundredths in range(1200, 1550)]
    after = scorer(0.25, *((man(age), 0.75) for age in ages), (man(None), 0.75), (man(100), 0.75))
    told = [str(region) for region in compare(scorer(0.25), after).regions]
    assert told == [
        "male, class 3: 12.00 to 15.49: 0 -> 1",
        "male, class 3: 100.00 to 100.00: 0 -> 1",
        "male, class 3: age not known: 0 -> 1",
    ]


def test_a_region_ends_where_the_group_does_and_where_the_flip_turns() -> None:
    before = scorer(0.25, (woman(1), 0.75))
    after = scorer(0.25, (woman(100), 0.75), (woman(0), 0.75))
    regions = compare(before, after).regions
    assert [(r.from_age, r.to_age, r.before, r.after) for r in regions] == [
        (0, 0, 0, 1),
        (1, 1, 1, 0),
        (100, 100, 0, 1),
    ]


def test_the_smallest_flip_is_in_the_strip() -> None:
    before = scorer(0.25, (woman(99.5), 0.75), (woman(None), 0.75))
    after = scorer(0.25, (woman(0), 0.75))
    drawn = {(sex, pclass): (known, none) for sex, pclass, known, none in strips(before, after)}
    assert len(drawn) == 6
    known, none = drawn.pop(("female", 1))
    assert len(known) == 100 // YEARS_A_CELL
    assert (known[0], known[1], known[-1], none) == (
        Cell.NOW_SURVIVES,
        Cell.DIES,
        Cell.NOW_DIES,
        Cell.NOW_DIES,
    )
    assert {cell for cells, none in drawn.values() for cell in (*cells, none)} == {Cell.DIES}


def test_the_oldest_are_in_the_last_cell() -> None:
    drawn = strips(scorer(0.25), scorer(0.25, (woman(100), 0.75)))
    (known,) = (known for sex, pclass, known, _ in drawn if (sex, pclass) == ("female", 1))
    assert len(known) == 100 // YEARS_A_CELL
    assert known[-1] is Cell.NOW_SURVIVES


def test_the_ruler_is_as_wide_as_a_strip_and_has_the_ages_at_their_cells() -> None:
    assert len(ruler()) == 100 // YEARS_A_CELL
    assert ruler().index("40") == 40 // YEARS_A_CELL
