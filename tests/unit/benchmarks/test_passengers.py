"""The generated passengers: as the real ones, the same for a seed, as many as asked for."""

from pathlib import Path

from benchmarks.passengers import write
from training.checks import check
from training.dataset import load
from training.distributions import questions
from training.reference import describe


def test_they_keep_all_rules_and_raise_no_question(tmp_path: Path) -> None:
    write(5_000, tmp_path / "some.csv")
    checked = check(load(tmp_path / "some.csv"), quarantine=True)
    assert (len(checked.rows), len(checked.aside)) == (5_000, 0)
    assert questions(checked.rows, describe(check(load()).rows)) == []
    assert questions(checked.rows, None) == []
    assert checked.rows["age"].nunique() > 1_000
    assert checked.rows["name"].nunique() == 5_000


def test_the_same_seed_gives_the_same_file(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        write(200, tmp_path / name, seed=seed)
    one, again, other = (tmp_path.joinpath(name).read_bytes() for name in ("one", "again", "other"))
    assert one == again != other


def test_of_more_the_first_are_the_same(tmp_path: Path) -> None:
    write(200, tmp_path / "few")
    write(300, tmp_path / "more")
    assert (tmp_path / "more").read_bytes().startswith((tmp_path / "few").read_bytes())
