"""The trend: what is kept of a night, how it is drawn, and when a night is too slow."""

from pathlib import Path

import msgspec
import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from benchmarks import result, trend
from benchmarks.contestants import EXACTLY_ONCE
from benchmarks.result import Contestant, Machine, Run
from benchmarks.trend import HISTORY, PAGE, BadHistory, Night, judge, line, night, page, parse

command = Typer()
command.command()(trend.main)


def ran(ratio: float, day: int = 1, *, events: int = 1_000_000) -> result.Result:
    """A benchmark of one round, in which the pass-through does 1,000 events a second."""

    def contestant(name: str, by: float) -> Contestant:
        run = Run(1, events_per_s=1_000 * by, seconds=1, startup_s=1, ratio=by)
        return result.contestant(name, [run])

    return result.Result(
        schema=result.SCHEMA,
        at=f"2026-11-{day:02}T02:00:00+00:00",
        commit="0123456789abcdef",
        machine=Machine("a | processor", 2, "Linux"),
        versions={},
        broker="embedded",
        events=events,
        partitions=4,
        seed=1,
        rounds=1,
        contestants=[contestant("pass-through", 1), contestant(EXACTLY_ONCE, ratio)],
    )


def nights(*ratios: float) -> list[Night]:
    return [night(ran(ratio, day)) for day, ratio in enumerate(ratios, start=1)]


def run(of: result.Result, folder: Path) -> Result:
    file = folder / "result.json"
    result.write(of, file)
    return CliRunner().invoke(command, [str(file), str(folder / "history")])


def test_a_night_is_what_the_worker_did_next_to_the_pass_through() -> None:
    kept = night(ran(0.45))
    assert kept.ratio.median == 0.45
    assert (kept.worker_events_per_s, kept.limit_events_per_s) == (450, 1_000)


def test_what_is_kept_is_read_again() -> None:
    kept = nights(0.4, 0.5)
    assert parse(b"".join(map(line, kept))) == kept


def test_a_last_line_without_its_end_counts_when_it_is_whole() -> None:
    kept = nights(0.4)
    assert parse(line(kept[0]).rstrip(b"\n")) == kept


@pytest.mark.parametrize("bad", [b"{", b"", b"[]", b'{"at": "2026"}', b"\xff", b"<<<<<<< ours"])
def test_a_torn_or_foreign_line_is_named(bad: bytes) -> None:
    (whole,) = nights(0.4)
    with pytest.raises(BadHistory, match="line 2"):
        parse(line(whole) + bad + b"\n" + line(whole))


@pytest.mark.parametrize(("ratio", "good"), [(0.41, True), (0.39, False), (0.6, True)])
def test_a_night_is_judged_by_the_median_of_those_before(ratio: float, good: bool) -> None:
    *before, last = nights(0.1, 0.5, 0.5, 0.5, 0.9, ratio)
    assert judge(last, before)[0] is good


def test_five_nights_are_needed_to_judge() -> None:
    *before, last = nights(0.5, 0.5, 0.5, 0.5, 0.1)
    assert judge(last, before)[0]


def test_only_the_last_ten_nights_judge() -> None:
    *before, last = nights(*[0.9] * 20, *[0.5] * 10, 0.41)
    assert judge(last, before)[0]


def test_nights_of_another_length_do_not_judge() -> None:
    last = night(ran(0.1, 30, events=1_000))
    assert judge(last, nights(*[0.5] * 10))[0]


def test_the_page_draws_ninety_nights_and_lists_the_newest_first() -> None:
    text = page(nights(*[0.25] * 5, *[0.5] * 90))
    assert f"line [{', '.join(['0.500'] * 90)}]" in text
    assert 'x-axis "nights" -89 --> 0' in text
    rows = [row for row in text.splitlines() if row.startswith("| 2026")]
    assert len(rows) == 30
    assert rows[0].startswith("| 2026-11-95")


def test_a_row_has_as_many_cells_as_its_head() -> None:
    head, _, row = page(nights(0.5)).splitlines()[-3:]
    assert row.replace("\\|", "").count("|") == head.count("|")


def test_each_night_adds_a_line_and_draws_the_page(tmp_path: Path) -> None:
    for day, ratio in enumerate((0.5, 0.6), start=1):
        assert run(ran(ratio, day), tmp_path).exit_code == 0
    history = (tmp_path / "history" / HISTORY).read_bytes()
    assert [one.ratio.median for one in parse(history)] == [0.5, 0.6]
    assert "0.500, 0.600" in (tmp_path / "history" / PAGE).read_text()


def test_a_result_that_comes_twice_is_kept_once(tmp_path: Path) -> None:
    for _ in range(2):
        assert run(ran(0.5), tmp_path).exit_code == 0
    assert len(parse((tmp_path / "history" / HISTORY).read_bytes())) == 1


def test_a_slow_night_is_kept_and_told_by_the_exit_code_and_one_line(tmp_path: Path) -> None:
    for day in range(1, 7):
        assert run(ran(0.5, day), tmp_path).exit_code == 0
    for _ in range(2):  # also when it is asked again
        slow = run(ran(0.3, 7), tmp_path)
        assert slow.exit_code == 1
        assert slow.stderr.count("\n") == 1
        assert "slower: the worker does 0.30 of the pass-through" in slow.stderr
    assert len(parse((tmp_path / "history" / HISTORY).read_bytes())) == 7


def test_a_damaged_history_is_left_as_it_is(tmp_path: Path) -> None:
    assert run(ran(0.5), tmp_path).exit_code == 0
    file = tmp_path / "history" / HISTORY
    damaged = file.read_bytes() + b'{"schema": 1, "at": "20'
    file.write_bytes(damaged)
    told = run(ran(0.5, 2), tmp_path)
    assert told.exit_code == 2
    assert told.stderr.count("\n") == 1
    assert f"{file}: line 2" in told.stderr
    assert file.read_bytes() == damaged


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"{}", "no result of benchmarks.throughput"),
        (msgspec.json.encode(msgspec.structs.replace(ran(1), schema=99)), "schema 99"),
        (msgspec.json.encode(msgspec.structs.replace(ran(1), contestants=[])), EXACTLY_ONCE),
        (None, "No such file"),
    ],
)
def test_what_is_no_result_is_told_in_one_line(
    tmp_path: Path, content: bytes | None, why: str
) -> None:
    file = tmp_path / "result.json"
    if content is not None:
        file.write_bytes(content)
    told = CliRunner().invoke(command, [str(file), str(tmp_path / "history")])
    assert told.exit_code == 2
    assert told.stderr.count("\n") == 1
    assert why in told.stderr
    assert not (tmp_path / "history").exists()
