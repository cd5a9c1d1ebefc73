"""The profile: any data set that can be read becomes a page that asks for nothing."""

import os
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from training import profile as profiling
from training.dataset import BadData, load
from training.profile import profile


@pytest.fixture
def nothing_leaves(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A look-up or a connection fails the test, also where the caller would swallow the error."""
    tried: list[object] = []

    def refuse(*what: object, **_: object) -> None:
        tried.append(what)
        raise OSError("no network in this test")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    yield
    assert not tried


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return load().frame


@pytest.mark.usefixtures("nothing_leaves")
def test_the_page_describes_each_column_and_asks_for_nothing(
    frame: pd.DataFrame, capfd: pytest.CaptureFixture[str]
) -> None:
    page = profile(frame, "The Titanic")
    for told in ("The Titanic", "pclass", "sex", "age", "survived", "Median", "Missing", "28"):
        assert told in page
    assert not re.findall(
        r"<(?:script|link|img|iframe)[^>]+(?:src|href)=[\"']?(?:https?:)?//", page
    )
    assert not re.findall(r"@import|url\([\"']?(?:https?:)?//", page)
    assert "default-src 'none'" in page
    assert capfd.readouterr() == ("", "")
    assert profiling._NO_TELEMETRY not in os.environ


def test_cells_that_break_the_rules_are_named_and_the_rest_described(frame: pd.DataFrame) -> None:
    broken = frame.copy()
    broken.loc[5, "age"] = "old"
    broken.loc[6, "age"] = "inf"
    page = profile(broken, "broken")
    assert "age: 2 cells are no number and count as missing: ″old″ in row 5, ″inf″ in row 6" in page
    assert "Median" in page


@pytest.mark.parametrize(
    "change",
    [
        {"age": ""},
        {"age": "x"},
        {"sex": "male", "survived": "1"},
    ],
)
def test_a_column_of_one_kind_is_no_obstacle(frame: pd.DataFrame, change: dict[str, str]) -> None:
    assert "Overview" in profile(frame.head(120).assign(**change), "odd")


def test_one_row_is_enough_and_none_is_not(frame: pd.DataFrame) -> None:
    assert "Overview" in profile(frame.head(1), "one")
    with pytest.raises(BadData, match="no rows"):
        profile(frame.head(0), "none")


def test_the_data_cannot_write_into_the_page(frame: pd.DataFrame) -> None:
    attack = "<script>alert(1)</script>"
    page = profile(frame.head(120).assign(sex=attack, age=attack), attack)
    assert attack not in page
    assert "\u2039script\u203a" in page


def test_of_many_rows_a_sample_is_described_and_the_title_says_so(
    frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiling, "MAX_ROWS", 100)
    assert "data.csv: a sample of 100 of 1,309 rows" in profile(frame, "data.csv")


def titanic_profile(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["profile", *map(str, arguments)])


def test_the_command_writes_the_report_and_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("few.csv").write_text("pclass,sex,age,survived\n" + "3,male,29,0\n1,female,,1\n" * 20)
    Path("profile.html").write_text("an older one")
    done = titanic_profile("few.csv")
    assert (done.exit_code, done.stderr) == (0, "")
    assert re.fullmatch(r"profile\.html  \d\.\d MiB, 40 rows\n", done.stdout)
    assert "few.csv" in Path("profile.html").read_text(encoding="utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["few.csv", "profile.html"]


def test_any_csv_can_be_described_with_all_its_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{n / 4},{'AB'[n % 2]}, {n}\n" for n in range(40))
    Path("harvest.csv").write_text("Tons,field,\n" + rows)
    done = CliRunner().invoke(app, ["profile", "harvest.csv"])
    assert (done.exit_code, done.stderr) == (0, "")
    page = Path("profile.html").read_text(encoding="utf-8")
    for told in ("Tons", "field", "column 3", "Real number", "Categorical"):
        assert told in page


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["gone.csv"], "gone.csv: No such file or directory"),
        (["few.csv", "-o", "few.csv"], "few.csv: the report is an HTML page; name it few.html"),
        (["few.csv", "-o", "gone/profile.html"], "gone/profile.html: No such file or directory"),
        (["twice.csv"], "twice.csv: the column a is there twice"),
        (["none.csv"], "none.csv: no rows, so nothing to profile"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], why: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("few.csv").write_text("pclass,sex,age,survived\n3,male,29,0\n1,female,,1\n")
    Path("twice.csv").write_text("a,a\n1,2\n")
    Path("none.csv").write_text("pclass,sex,age,survived\n")
    refused = titanic_profile(*arguments)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr.startswith(f"titanic profile: {why}")
    assert refused.stderr.count("\n") == 1
    assert not list(tmp_path.glob("**/*.html"))


def test_the_commands_help_needs_none_of_what_it_runs() -> None:
    import subprocess

    heavy = "{'pandas', 'sklearn', 'matplotlib', 'data_profiling'}"
    code = f"import sys, training.profile_command; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
