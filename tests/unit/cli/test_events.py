"""What `titanic produce` makes of files."""

import io
import json
from collections.abc import Iterator

import pytest

from cli.events import Event, Format, NoEvents, read


def events(text: str, name: str = "-", form: Format | None = None) -> list[Event]:
    return list(read(io.StringIO(text, newline=""), name, form))


def test_a_csv_row_becomes_an_event_under_its_id() -> None:
    [event] = events("passenger_id,age,sex,pclass\n1-42,29,female,1\n")
    assert event.key == b"1-42"
    assert json.loads(event.value) == {
        "passenger_id": "1-42",
        "age": 29.0,
        "sex": "female",
        "pclass": 1,
    }


def test_kaggles_column_names_are_understood() -> None:
    [event] = events('PassengerId,Survived,Pclass,Name,Sex,Age\n7,0,3,"Doe, J",male,\n')
    assert json.loads(event.value) == {"passenger_id": "7", "sex": "male", "pclass": 3}


def test_class_is_accepted_for_pclass() -> None:
    [event] = events("sex,class\nmale,2\n")
    assert json.loads(event.value)["pclass"] == 2


def test_a_row_without_an_id_is_named_after_its_line() -> None:
    keys = [event.key for event in events("sex,pclass\nmale,2\n\nfemale,1\n")]
    assert keys == [b"line-2", b"line-4"]


def test_a_wrong_cell_is_sent_as_it_is_for_the_worker_to_judge() -> None:
    [event] = events("sex,pclass,age\nmale,first,old\n")
    assert json.loads(event.value)["pclass"] == "first"
    assert json.loads(event.value)["age"] == "old"


def test_a_csv_without_the_needed_columns_is_refused_by_name() -> None:
    with pytest.raises(NoEvents, match=r"people\.csv: no column pclass and no column sex"):
        events("a,b\n1,2\n", "people.csv")


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(NoEvents):
        events("")


def test_json_lines_are_sent_byte_for_byte() -> None:
    line = '{"passenger_id": "ü", "age":1.50, "sex":"male","pclass":3}'
    [event] = events(line + "\n")
    assert event == Event("ü".encode(), line.encode())


@pytest.mark.parametrize(
    "line", ["nonsense", "[1]", '{"passenger_id": 7}', "{}", "[" * 100_000, '{"a":1}']
)
def test_a_line_without_an_id_is_sent_under_its_number(line: str) -> None:
    [event] = events(line, form=Format.JSON_LINES)
    assert event == Event(b"line-1", line.encode())


@pytest.mark.parametrize(
    ("name", "text"),
    [("x.jsonl", "sex,pclass"), ("x.NDJSON", "sex,pclass"), ("-", '{"sex": "male"}')],
)
def test_the_name_or_the_first_line_tells_json_lines(name: str, text: str) -> None:
    [event] = events(text, name)
    assert event.value == text.encode()


def test_a_stream_is_read_as_it_comes() -> None:
    def lines() -> Iterator[str]:
        yield "sex,pclass\n"
        yield "male,3\n"
        raise AssertionError("the second row was asked for before the first was used")

    class Pipe(io.StringIO):
        def __iter__(self) -> Iterator[str]:  # type: ignore[override]
            return lines()

    first = next(read(Pipe(), "-"))
    assert json.loads(first.value)["pclass"] == 3


def test_half_a_surrogate_pair_is_no_id_and_the_line_is_sent_as_it_stands() -> None:
    line = r'{"passenger_id":"\ud800","sex":"male","pclass":3}'
    assert events(line, form=Format.JSON_LINES) == [Event(b"line-1", line.encode())]


def test_a_field_too_large_for_a_csv_is_refused_by_its_line() -> None:
    with pytest.raises(NoEvents, match=r"people\.csv, line 3: field larger than"):
        events("sex,pclass\nmale,3\nmale," + "x" * 140_000, "people.csv")
