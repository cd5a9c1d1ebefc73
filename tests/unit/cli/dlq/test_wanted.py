import pytest

from cli.dlq.wanted import BadSource, Source, Wanted, source_of
from stream.dead_letters import Letter, Origin
from titanic_model.passenger import Reason

LETTER = Letter(Origin("passengers", 3, 17), "empty", "m", None, None, [], 1_000)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("passengers", Source("passengers")),
        ("passengers/3", Source("passengers", 3)),
        ("passengers/0/0", Source("passengers", 0, 0)),
    ],
)
def test_a_source_is_a_topic_a_partition_or_an_event(text: str, source: Source) -> None:
    assert source_of(text) == source


@pytest.mark.parametrize("text", ["", "/3", "a/b", "a/1/", "a/1/2/3", "a/-1"])
def test_what_is_no_source_is_refused(text: str) -> None:
    with pytest.raises(BadSource):
        source_of(text)


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted(frozenset({Reason.EMPTY, Reason.NOT_JSON})),
        Wanted(since_ms=1_000, until_ms=1_001),
        Wanted(source=Source("passengers")),
        Wanted(source=Source("passengers", 3, 17)),
    ],
)
def test_a_letter_that_is_all_that_is_asked_for_is_taken(wanted: Wanted) -> None:
    assert wanted.takes(LETTER)


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(frozenset({Reason.NOT_JSON})),
        Wanted(since_ms=1_001),
        Wanted(until_ms=1_000),
        Wanted(source=Source("others")),
        Wanted(source=Source("passengers", 0)),
        Wanted(source=Source("passengers", 3, 0)),
    ],
)
def test_a_letter_that_misses_one_thing_asked_for_is_not(wanted: Wanted) -> None:
    assert not wanted.takes(LETTER)


def test_a_letter_without_a_time_is_of_no_time() -> None:
    timeless = LETTER._replace(timestamp_ms=None)
    assert Wanted().takes(timeless)
    assert not Wanted(since_ms=0).takes(timeless)
    assert not Wanted(until_ms=10**15).takes(timeless)
