"""The demo's verdict on what came back: it can fail."""

from cli.demo import BAD_EVENTS, missing
from cli.trial import Answer, Refusal

ANSWERS = {b"1-1": Answer("1-1", 1, 0.9, "v", "passengers/0/0")}
REFUSALS = {event.key or b"": Refusal(event.value, "not_json", "") for event in BAD_EVENTS}


def test_all_there_is_nothing_amiss() -> None:
    assert missing(ANSWERS, REFUSALS, 1) == []


def test_a_prediction_that_did_not_come_is_amiss() -> None:
    assert missing(ANSWERS, REFUSALS, 2) == ["2 predictions were expected, 1 came"]


def test_a_bad_event_that_was_answered_or_lost_is_amiss() -> None:
    some = {key: refusal for key, refusal in REFUSALS.items() if key != b"bad-2"}
    [line] = missing(ANSWERS, some, 1)
    assert "bad-2" in line


def test_a_dead_letter_that_is_not_byte_for_byte_is_amiss() -> None:
    changed = REFUSALS | {b"bad-1": Refusal(b"not json", "not_json", "")}
    [line] = missing(ANSWERS, changed, 1)
    assert "not as it was sent" in line
