"""The live table, whatever is on the topic."""

import json

import pytest
from rich.console import Console

from cli.watch import Board


def drawn(*values: bytes) -> str:
    board = Board()
    for value in values:
        board.add(value)
    console = Console(width=200, color_system=None)
    with console.capture() as captured:
        console.print(board)
    return captured.get()


def prediction(**more: object) -> bytes:
    good = {"passenger_id": "1-1", "survived": 1, "probability": 0.5, "model_version": "v"}
    return json.dumps(good | more).encode()


@pytest.mark.parametrize("field", ["passenger_id", "model_version", "event"])
@pytest.mark.parametrize("text", ["[/red]", "[bold]x", "\\[x"])
def test_what_looks_like_markup_is_shown_as_it_is(field: str, text: str) -> None:
    assert f" {text} " in drawn(prediction(**{field: text}))


@pytest.mark.parametrize("field", ["passenger_id", "model_version", "event"])
def test_no_control_character_reaches_the_terminal(field: str) -> None:
    shown = drawn(prediction(**{field: "\x1b]0;title\x07\x9b"}))
    assert r"\u001b]0;title\u0007\u009b" in shown
    assert all(line.isprintable() for line in shown.splitlines())


@pytest.mark.parametrize(
    "value",
    [
        b"nonsense",
        b'{"passenger_id":"\xe4"}',
        b"[" * 100_000,
        prediction(probability=1e300),
        prediction(survived=10**9),
    ],
)
def test_what_is_no_prediction_is_counted_and_not_shown(value: bytes) -> None:
    shown = drawn(prediction(), value)
    assert "2 predictions, 1 survive" in shown
    assert shown.count("yes") == 1


def test_an_endless_id_does_not_fill_the_screen() -> None:
    assert len(drawn(prediction(passenger_id="x" * 100_000)).splitlines()) < 10
