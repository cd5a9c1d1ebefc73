"""Data that keep every hard rule and are wrong all the same, each by one named corruption.

A corruption takes checked rows and a seeded generator, and returns other rows. `named` is the
check that has to tell of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

Rows = pd.DataFrame
Corrupt = Callable[[Rows, np.random.Generator], Rows]


@dataclass(frozen=True)
class Corruption:
    """One way to go wrong, the check that names it, and the one that does without a reference."""

    corrupt: Corrupt
    named: str
    unreferenced: str

    @property
    def name(self) -> str:
        return self.corrupt.__name__.replace("_", " ")


CORPUS: Final[list[Corruption]] = []


def named(check: str, *, unreferenced: str | None = None) -> Callable[[Corrupt], Corrupt]:
    def register(corrupt: Corrupt) -> Corrupt:
        CORPUS.append(Corruption(corrupt, check, unreferenced or check))
        return corrupt

    return register


def _years(rows: Rows, change: Callable[[pd.Series], pd.Series]) -> Rows:
    return rows.assign(age=change(rows["age"]).clip(0, 100))


def _repeated(rows: Rows, again: Rows, times: int) -> Rows:
    return pd.concat([rows, *[again] * times], ignore_index=True)


@named("age")
def the_vast_majority_are_over_90(rows: Rows, rng: np.random.Generator) -> Rows:
    old = rows["age"].notna() & (rng.random(len(rows)) < 0.9)
    return rows.assign(
        age=rows["age"].mask(old, pd.Series(rng.uniform(90, 100, len(rows)), rows.index))
    )


@named("sex")
def women_vanished(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows[rows["sex"] == "male"]


@named("sex")
def men_vanished(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows[rows["sex"] == "female"]


@named("class")
def class_1_vanished(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows[rows["pclass"] != 1]


@named("class")
def class_2_vanished(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows[rows["pclass"] != 2]


@named("class")
def class_3_vanished(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows[rows["pclass"] != 3]


@named("constant column")
def everyone_is_30(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows.assign(age=30.0)


@named("constant column")
def everyone_is_male(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows.assign(sex="male")


@named("constant column")
def everyone_is_in_class_3(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows.assign(pclass=3)


@named("missing ages")
def missing_ages_doubled(rows: Rows, rng: np.random.Generator) -> Rows:
    known = rows.index[rows["age"].notna()]
    lost = rng.choice(known, size=len(rows) - len(known), replace=False)
    return rows.assign(age=rows["age"].mask(rows.index.isin(lost)))


@named("survival")
def most_survivors_were_dropped(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows[(rows["survived"] == 0) | (rng.random(len(rows)) < 0.2)]


@named("survival")
def most_of_the_dead_were_dropped(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows[(rows["survived"] == 1) | (rng.random(len(rows)) < 0.2)]


@named("age")
def months_for_years(rows: Rows, rng: np.random.Generator) -> Rows:
    return _years(rows, lambda age: age * 12)


@named("age")
def years_for_months(rows: Rows, rng: np.random.Generator) -> Rows:
    return _years(rows, lambda age: age / 12)


@named("age")
def ages_doubled(rows: Rows, rng: np.random.Generator) -> Rows:
    return _years(rows, lambda age: age * 2)


@named("age")
def ages_halved(rows: Rows, rng: np.random.Generator) -> Rows:
    return _years(rows, lambda age: age / 2)


@named("age")
def ages_shifted_by_20(rows: Rows, rng: np.random.Generator) -> Rows:
    return _years(rows, lambda age: age + 20)


@named("age")
def ages_shifted_back_by_12(rows: Rows, rng: np.random.Generator) -> Rows:
    return _years(rows, lambda age: age - 12)


@named("age")
def ages_counted_down_from_100(rows: Rows, rng: np.random.Generator) -> Rows:
    return _years(rows, lambda age: 100 - age)


@named("age")
def ages_are_random_numbers(rows: Rows, rng: np.random.Generator) -> Rows:
    random = pd.Series(rng.uniform(0, 100, len(rows)), rows.index)
    return rows.assign(age=random.where(rows["age"].notna()))


@named("repeated row")
def a_row_repeated_a_thousand_times(rows: Rows, rng: np.random.Generator) -> Rows:
    known = rows[rows["age"].notna()]
    return _repeated(rows, known.sample(1, random_state=rng), 1_000)


@named("repeated row")
def a_row_without_age_repeated_500_times(rows: Rows, rng: np.random.Generator) -> Rows:
    return _repeated(rows, rows[rows["age"].isna()].sample(1, random_state=rng), 500)


@named("repeated rows")
def fifty_rows_repeated_a_thousand_times(rows: Rows, rng: np.random.Generator) -> Rows:
    return _repeated(rows, rows.sample(50, random_state=rng), 1_000)


@named("repeated file")
def every_row_repeated_a_thousand_times(rows: Rows, rng: np.random.Generator) -> Rows:
    return _repeated(rows, rows, 999)


@named("repeated file")
def the_file_appended_to_itself(rows: Rows, rng: np.random.Generator) -> Rows:
    return _repeated(rows, rows, 1)


@named("survival by sex")
def labels_flipped(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows.assign(survived=1 - rows["survived"])


@named("survival by sex")
def labels_of_women_flipped(rows: Rows, rng: np.random.Generator) -> Rows:
    women = rows["sex"] == "female"
    return rows.assign(survived=rows["survived"].mask(women, 1 - rows["survived"]))


@named("survival by sex")
def labels_shuffled(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows.assign(survived=rng.permutation(rows["survived"]))


@named("survival by sex")
def sexes_swapped(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows.assign(sex=rows["sex"].map({"male": "female", "female": "male"}))


@named("survival by sex")
def sexes_shuffled(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows.assign(sex=rng.permutation(rows["sex"]))


@named("survival by class")
def classes_reversed(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows.assign(pclass=4 - rows["pclass"])


@named("age by class")
def classes_shuffled(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows.assign(pclass=rng.permutation(rows["pclass"]))


@named("age by class")
def ages_shuffled(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows.assign(age=rng.permutation(rows["age"]))


@named("rounded ages")
def ages_rounded_to_tens(rows: Rows, rng: np.random.Generator) -> Rows:
    return _years(rows, lambda age: age.round(-1))


@named("rounded ages")
def ages_rounded_to_fives(rows: Rows, rng: np.random.Generator) -> Rows:
    return _years(rows, lambda age: (age / 5).round() * 5)


@named("rounded ages")
def ages_cut_to_whole_years(rows: Rows, rng: np.random.Generator) -> Rows:
    return _years(rows, np.floor)


@named("one age")
def missing_ages_filled_with_the_median(rows: Rows, rng: np.random.Generator) -> Rows:
    return _years(rows, lambda age: age.fillna(age.median()))


@named("one age")
def missing_ages_filled_with_0(rows: Rows, rng: np.random.Generator) -> Rows:
    return _years(rows, lambda age: age.fillna(0))


@named("age")
def only_children(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows[rows["age"] < 18]


@named("children")
def only_adults(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows[(rows["age"] >= 18) | rows["age"].isna()]


@named("survival by class")
def survivors_of_class_1_alone(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows[(rows["survived"] == 0) | (rows["pclass"] == 1)]


@named("class")
def cut_after_400_rows(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows.head(400)


@named("class")
def cut_after_800_rows(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows.head(800)


@named("class")
def the_last_400_rows(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows.tail(400)


@named("leak")
def outcome_copied_from_sex(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows.assign(survived=(rows["sex"] == "female").astype("int64"))


@named("leak")
def class_copied_from_outcome(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows.assign(pclass=3 - 2 * rows["survived"])


@named("leak")
def ages_known_of_the_dead_alone(rows: Rows, rng: np.random.Generator) -> Rows:
    age = rows["age"].fillna(rows["age"].median())
    return rows.assign(age=age.where(rows["survived"] == 0))


@named("missing ages by outcome")
def half_the_ages_of_the_dead_are_lost(rows: Rows, rng: np.random.Generator) -> Rows:
    lost = (rows["survived"] == 0) & (rng.random(len(rows)) < 0.6)
    return rows.assign(age=rows["age"].mask(lost))


@named("age by outcome")
def ages_of_the_dead_are_20_years_more(rows: Rows, rng: np.random.Generator) -> Rows:
    return _years(rows, lambda age: age + 20 * (rows["survived"] == 0))


@named("sex by class")
def women_of_class_1_alone(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows[(rows["sex"] == "male") | (rows["pclass"] == 1)]
