import logging
import threading

import pytest

from stream import patience
from stream.patience import Patience, Stopped

log = logging.getLogger("test")


def waiter(stopping: threading.Event | None = None) -> tuple[Patience, list[str]]:
    seen: list[str] = []
    made = Patience("Kafka", stopping or threading.Event(), log, lambda: seen.append("waiting"))
    return made, seen


@pytest.fixture
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(patience, "LONGEST_PAUSE_S", 0.004)


@pytest.mark.usefixtures("_short")
def test_pauses_grow_to_a_limit_and_each_is_said(caplog: pytest.LogCaptureFixture) -> None:
    kafka, seen = waiter()
    for _ in range(5):
        kafka.wait("no answer")
    pauses = [record.message.rpartition(" in ")[2] for record in caplog.records]
    assert pauses == ["0.001 s", "0.002 s", "0.004 s", "0.004 s", "0.004 s"]
    assert "Kafka: no answer; trying again" in caplog.records[0].message
    assert len(seen) == 5


@pytest.mark.usefixtures("_short")
def test_it_begins_anew_once_rewarded(caplog: pytest.LogCaptureFixture) -> None:
    kafka, _ = waiter()
    with caplog.at_level(logging.INFO):
        kafka.wait("no answer")
        kafka.wait("no answer")
        kafka.rewarded()
        kafka.wait("no answer")
    said = [record.message for record in caplog.records]
    assert said[2].startswith("Kafka: there again after ")
    assert said[3].endswith("0.001 s")


def test_what_was_never_waited_for_is_not_mentioned(caplog: pytest.LogCaptureFixture) -> None:
    kafka, _ = waiter()
    with caplog.at_level(logging.INFO):
        kafka.rewarded()
    assert caplog.records == []


def test_a_stop_cuts_a_pause_short() -> None:
    stopping = threading.Event()
    stopping.set()
    kafka, _ = waiter(stopping)
    with pytest.raises(Stopped):
        kafka.wait("no answer")
