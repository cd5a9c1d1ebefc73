"""Where the passengers come from, and what is said of a file that has none."""

import csv
import gzip
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from titanic_model.passenger import Passenger, parse
from training import dataset
from training.checks import check, fingerprint
from training.dataset import BadData, load, passengers

Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def _write(content: str | bytes) -> Path:
        path = tmp_path / "people.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return _write


def test_the_installed_scikit_learn_carries_all_passengers() -> None:
    known = check(load()).rows
    assert len(known) == 1_309
    assert known["survived"].sum() == 500
    assert known["age"].isna().sum() == 263
    assert (known["age"].min(), known["age"].max()) == (0.1667, 80.0)


def test_the_passengers_as_events_have_ids_that_stay() -> None:
    everyone = list(passengers())
    ids = [one.passenger_id for one in everyone]
    assert len(set(ids)) == 1_309
    assert (ids[0], ids[-1]) == ("1-1", "3-709")
    assert (everyone[0].name, everyone[0].age, everyone[0].survived) == (
        "Allen, Miss. Elisabeth Walton",
        29.0,
        1,
    )
    assert sum(one.survived for one in everyone) == 500
    assert sum(one.age is None for one in everyone) == 263
    assert all(one.passenger_id.startswith(f"{one.pclass}-") for one in everyone)


def test_every_real_passenger_is_a_valid_event() -> None:
    import msgspec

    for one in passengers():
        event = {"passenger_id": one.passenger_id, "age": one.age}
        assert isinstance(
            parse(msgspec.json.encode({**event, "sex": one.sex, "pclass": one.pclass})), Passenger
        )


def test_a_csv_of_the_same_data_has_the_same_fingerprint(tmp_path: Path) -> None:
    known = check(load()).rows
    known.to_csv(tmp_path / "out.csv", index=False)
    again = check(load(tmp_path / "out.csv")).rows
    assert fingerprint(again) == fingerprint(known)
    assert again["age"].equals(known["age"].set_axis(again.index))


def test_the_download_is_the_same_data(monkeypatch: pytest.MonkeyPatch) -> None:
    bundled = load()

    def fetch_openml(**_: Any) -> SimpleNamespace:
        # as it gives them: numbers as floats, categories, None or NaN for what is missing
        text = bundled.frame
        frame = pd.DataFrame(
            {
                "pclass": text["pclass"].map(float),
                "survived": text["survived"].astype("category"),
                "name": text["name"],
                "sex": text["sex"].astype("category"),
                "age": text["age"].map(lambda age: float("nan") if age == "?" else float(age)),
            }
        )
        return SimpleNamespace(frame=frame)

    monkeypatch.setattr(dataset, "_BUNDLED", "sklearn.datasets.tests.data.openml.gone")
    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch_openml)
    downloaded = load()
    assert downloaded.source == "OpenML 40945"
    assert fingerprint(check(downloaded).rows) == fingerprint(check(bundled).rows)
    assert sum(one.age is None for one in passengers()) == 263


def test_without_bundle_and_network_a_csv_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch_openml(**_: Any) -> None:
        raise OSError("no network")

    monkeypatch.setattr(dataset, "_BUNDLED", "sklearn.datasets.tests.data.openml.gone")
    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch_openml)
    with pytest.raises(BadData, match=r"OpenML gave none \(no network\); name a CSV with --data"):
        load()


def test_a_csv_may_have_other_columns_in_any_order_and_case(write: Write) -> None:
    path = write(
        "PassengerId,Survived,Pclass,Name,Sex,Age,Cabin\r\n"
        '1,0,3,"Braund, Mr. ""Owen""\r\nHarris",male,22,\r\n'
        "2,1,1,Cumings,FEMALE,,C85\r\n"
    )
    frame = load(path).frame
    assert list(frame.columns) == ["pclass", "sex", "age", "survived", "name"]
    assert frame.iloc[0].to_list() == ["3", "male", "22", "0", 'Braund, Mr. "Owen"\nHarris']
    assert list(frame.index) == [2, 3]


def test_a_byte_order_mark_and_blank_lines_do_not_matter(write: Write) -> None:
    frame = load(write("\ufeffpclass,sex,age,survived\n\n1,male,1,1\n\n")).frame
    assert list(frame.index) == [3]


HEADER = "pclass,sex,age,survived\n"
UNREADABLE: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "empty; a CSV with the columns pclass, sex, age, survived is expected"),
    "only a header, semicolons": ("pclass;sex;age;survived\n", "no column pclass, sex, age"),
    "a column missing": ("pclass,sex,age\n1,male,2\n", "no column survived; .*found: pclass, sex"),
    "a column twice": ("pclass,sex,age,Age,survived\n", "the column age is there twice"),
    "a field too many": (HEADER + "1,male,2,1\n1,male,2,1,0\n", "row 3 has 5 fields, the header 4"),
    "a field too few": (HEADER + "1,male\n", "row 2 has 2 fields, the header 4"),
    "a quote left open": (HEADER + '1,"male,2,1\n', "row 2: a quote is left open"),
    "text after a quote": (HEADER + '1,"male"x,2,1\n', "not a CSV: row 2: "),
    "latin-1": (HEADER.encode() + b"1,m\xe4le,2,1\n", r"not UTF-8 text \(byte 28\)"),
    "utf-16": (HEADER.encode("utf-16"), r"not UTF-8 text \(byte 1\); save it as 'CSV UTF-8'"),
    "utf-16 without its mark": (HEADER.encode("utf-16-le"), "if it is UTF-16, save it as"),
    "gzip": (gzip.compress(HEADER.encode()), "not UTF-8 text"),
    "nul": (HEADER + "1,\0,2,1\n", "not a CSV: it holds NUL characters"),
    "a huge field": (
        HEADER + f"1,{'x' * 200_000},2,1\n",
        "row 2: a field of more than 131,072 char",
    ),
}


@pytest.mark.parametrize(("content", "why"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_no_csv_is_refused_in_one_line(
    write: Write, content: str | bytes, why: str
) -> None:
    path = write(content)
    with pytest.raises(BadData, match=why) as refused:
        load(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert "\n" not in str(refused.value)
    assert csv.field_size_limit() == 131_072


def test_a_fault_far_into_a_large_file_has_its_true_place(write: Write) -> None:
    good = (HEADER + "1,male,2,1\n" * 50_000).encode()
    for bad, why in (
        (b"1,m\xe4le,2,1\n", rf"not UTF-8 text \(byte {len(good) + 4}\)"),
        (b"1,male,2,1\xc3", rf"not UTF-8 text \(byte {len(good) + 11}\)"),
        (b"1,male,2\n", "row 50002 has 3 fields, the header 4"),
        (b"1,\0,2,1\n", "it holds NUL characters"),
    ):
        with pytest.raises(BadData, match=why):
            load(write(good + bad))


def test_lines_may_end_as_on_any_system(write: Write) -> None:
    for end in ("\n", "\r\n", "\r"):
        frame = load(write(HEADER.replace("\n", end) + f"1,male,2,1{end}" * 3)).frame
        assert list(frame.index) == [2, 3, 4]
        assert frame.iloc[-1].to_list() == ["1", "male", "2", "1"]


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadData, match=r"gone\.csv: No such file or directory"):
        load(tmp_path / "gone.csv")
    with pytest.raises(BadData, match="Is a directory"):
        load(tmp_path)


def test_a_pipe_is_read_and_one_that_nobody_writes_to_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset, "PIPE_WAIT_S", 0.2)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(BadData, match=r"pipe: a pipe into which nobody wrote for 0\.2 s"):
        load(pipe)
    kept = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # what is written waits for the reader
    pipe.write_text(HEADER + "1,male,2,1\n2,male,2,1\n")
    assert load(pipe).frame["pclass"].to_list() == ["1", "2"]
    os.close(kept)


def test_a_name_that_is_no_text_is_made_one(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"few\xff.csv")
    path.write_text(HEADER + "1,male,2,1\n")
    assert load(path).source == "few\ufffd.csv"


def test_a_device_is_no_file() -> None:
    with pytest.raises(BadData, match="/dev/zero: neither a file nor a pipe"):
        load(Path("/dev/zero"))
