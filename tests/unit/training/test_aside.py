"""The rows that were set aside, as a file that replaces none."""

from pathlib import Path

import pandas as pd
import pytest

from training.aside import write_aside
from training.dataset import BadData

ASIDE = pd.DataFrame(
    {"row": [5], "age": ["101"], "name": ['Braund, Mr. "Owen"'], "reasons": ["age: too old"]}
)


def test_the_file_says_what_the_rows_said(tmp_path: Path) -> None:
    write_aside(ASIDE, tmp_path / "aside.csv")
    assert pd.read_csv(tmp_path / "aside.csv", dtype={"age": str}).equals(ASIDE)
    assert [file.name for file in tmp_path.iterdir()] == ["aside.csv"]


def test_a_file_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "aside.csv"
    path.write_text("mine")
    with pytest.raises(BadData, match=r"aside\.csv is there already"):
        write_aside(ASIDE, path)
    assert path.read_text() == "mine"
    assert [file.name for file in tmp_path.iterdir()] == ["aside.csv"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="cannot be written: No such file or directory"):
        write_aside(ASIDE, tmp_path / "gone" / "aside.csv")
