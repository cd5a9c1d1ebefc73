"""The benchmark's result: figures that come of the runs, in a file that is read again."""

from pathlib import Path

from benchmarks.machine import machine, versions
from benchmarks.result import SCHEMA, Result, Run, Spread, contestant, read, write
from benchmarks.throughput import table


def test_a_contestants_figures_are_median_and_range_of_its_runs() -> None:
    rates = (3_000.0, 1_000.0, 2_000.0)
    runs = [Run(n, rate, 1, startup_s=n, ratio=rate / 4_000) for n, rate in enumerate(rates, 1)]
    one = contestant("it", runs)
    assert one.events_per_s == Spread(2_000, 1_000, 3_000)
    assert one.ratio == Spread(0.5, 0.25, 0.75)
    assert one.startup_s == Spread(2, 1, 3)


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = Result(
        schema=SCHEMA,
        at="2026-11-23T02:00:00+00:00",
        commit=None,
        machine=machine(),
        versions=versions(),
        broker="given",
        events=1_000,
        partitions=4,
        seed=1,
        rounds=1,
        contestants=[contestant("it", [Run(1, 1_000.0, 1.0, 1.0, 1.0)])],
    )
    write(made, tmp_path / "result.json")
    assert read(tmp_path / "result.json") == made
    assert table(made).row_count == 1
