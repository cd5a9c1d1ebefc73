"""What a span of time was like for who waits for answers."""

import pytest

from benchmarks.steady import Seen, figures


def answers(partition: int, times: list[float], wait_s: float = 0.1) -> list[Seen]:
    return [Seen(0, partition, at - wait_s, at) for at in times]


def test_a_gap_is_of_a_partition_and_of_the_stream() -> None:
    steady = answers(0, [1, 2, 3, 4, 5, 6])
    stopped = answers(1, [1.5, 5.5])
    found = figures(steady + stopped, since=0, until=10)
    assert found.worst_gap == 4
    assert found.usual_gap == 2.5
    assert found.stream_gap == 1


def test_a_gap_counts_that_reaches_into_the_span_and_no_other() -> None:
    seen = answers(0, [0, 5, 6, 7, 20])
    assert figures(seen, since=5.5, until=6.5).worst_gap == 1
    assert figures(seen, since=4, until=6.5).worst_gap == 5
    assert figures(seen, since=5.5, until=8).worst_gap == 13


def test_the_waits_are_of_the_events_sent_in_the_span() -> None:
    quick = answers(0, [float(at) for at in range(1, 100)])
    slow = [Seen(0, 0, 50.0, 53.0), Seen(0, 0, 200.0, 290.0)]
    found = figures(quick + slow, since=0, until=100)
    assert found.p50 == pytest.approx(0.1)
    assert found.longest == 3
