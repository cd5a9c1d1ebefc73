"""The rows that were set aside, as a file that replaces none."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from training.aside import check_new, set_aside
from training.dataset import BadData

ASIDE = pd.DataFrame(
    {"row": [5], "age": ["101"], "name": ['Braund, Mr. "Owen"'], "reasons": ["age: too old"]}
)


def write(path: Path, aside: pd.DataFrame = ASIDE) -> None:
    with set_aside(aside, path):
        pass


def test_the_file_says_what_the_rows_said(tmp_path: Path) -> None:
    write(tmp_path / "aside.csv")
    assert pd.read_csv(tmp_path / "aside.csv", dtype={"age": str}).equals(ASIDE)
    assert [file.name for file in tmp_path.iterdir()] == ["aside.csv"]


@pytest.mark.parametrize("ask", [check_new, write])
def test_a_file_that_is_there_stays_as_it_is(ask: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / "aside.csv"
    path.write_text("mine")
    with pytest.raises(BadData, match=r"aside\.csv is there already"):
        ask(path)
    assert path.read_text() == "mine"
    assert [file.name for file in tmp_path.iterdir()] == ["aside.csv"]


@pytest.mark.parametrize("ask", [check_new, write])
def test_a_folder_that_is_not_there_is_named(ask: Callable[[Path], None], tmp_path: Path) -> None:
    with pytest.raises(BadData, match="cannot be written: No such file or directory"):
        ask(tmp_path / "gone" / "aside.csv")
    (tmp_path / "file").touch()
    with pytest.raises(BadData, match="cannot be written: Not a directory"):
        ask(tmp_path / "file" / "aside.csv")


def test_to_ask_beforehand_leaves_nothing(tmp_path: Path) -> None:
    check_new(tmp_path / "aside.csv")
    assert not list(tmp_path.iterdir())


def test_what_fails_afterwards_leaves_no_file(tmp_path: Path) -> None:
    seen: list[Path] = []

    def fails() -> None:
        with set_aside(ASIDE, tmp_path / "aside.csv"):
            seen.extend(tmp_path.iterdir())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fails()
    assert seen == [tmp_path / "aside.csv"]
    assert not list(tmp_path.iterdir())


def test_no_rows_are_no_file(tmp_path: Path) -> None:
    write(tmp_path / "aside.csv", ASIDE.head(0))
    assert not list(tmp_path.iterdir())
