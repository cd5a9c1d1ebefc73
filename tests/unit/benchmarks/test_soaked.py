"""Whether a worker stayed as it was: what counts as growth, and what a run says of itself."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from benchmarks import curves, soaked
from benchmarks.result import Machine
from benchmarks.soaked import Sample, Soaked, TooShort, Transactions, grows

EVENTS = 100_000


def flat(_: float) -> float:
    return 100


def ran(
    rss_mib: Callable[[float], float] = flat,
    files: Callable[[float], float] = flat,
    seconds: int = 100,
    still_open: int = 0,
) -> Soaked:
    """A worker that answers evenly; the figures are functions of the share that is answered."""
    samples = []
    for second in range(seconds + 1):
        share = second / seconds
        count = int(EVENTS * share)
        samples.append(
            Sample(
                second,
                count,
                count,
                rss_mib(share),
                threads=20,
                files=int(files(share)),
                uncommitted=0,
            )
        )
    return Soaked(
        schema=soaked.SCHEMA,
        at="2026-11-25T02:00:00+00:00",
        commit=None,
        machine=Machine("a processor", 2, "Linux"),
        versions={},
        broker="embedded",
        producer="paced",
        events=EVENTS,
        counted=EVENTS,
        batches=10,
        undone=0,
        transactions=Transactions(ids=1, open=still_open),
        peak_mib=max(s.rss_mib for s in samples),
        samples=samples,
    )


def test_what_stays_as_it_is_does_not_grow() -> None:
    assert grows(ran()) == []


def test_the_warm_up_does_not_count() -> None:
    assert grows(ran(lambda share: 50 if share < soaked.WARM_UP else 100)) == []


def test_one_high_sample_is_no_growth() -> None:
    assert grows(ran(lambda share: 150 if share == 0.5 else 100)) == []


@pytest.mark.parametrize("slope", [0.1, -0.1])
def test_memory_that_is_not_flat_is_told(slope: float) -> None:
    [told] = grows(ran(lambda share: 100 * (1 + slope * share)))
    assert "memory" in told
    assert f"{slope:+.0%}"[0] in told


def test_one_file_more_is_told() -> None:
    assert grows(ran(files=lambda share: 30 + (share > 0.8))) == ["file descriptors: from 30 to 31"]


def test_a_transaction_that_is_left_open_is_told() -> None:
    assert grows(ran(still_open=1)) == ["transactions: 1 are open at the end"]


def test_too_short_a_run_is_not_judged() -> None:
    with pytest.raises(TooShort):
        grows(ran(seconds=5))


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    soaked.write(ran(), tmp_path / "soak.json")
    assert soaked.read(tmp_path / "soak.json") == ran()
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b"{}", type=Soaked)


def test_the_table_has_a_cell_for_each_column() -> None:
    short = msgspec.structs.replace(ran(seconds=5), transactions=None)
    head, _, *rows = curves.table([ran(), short]).splitlines()
    assert {row.count("|") for row in rows} == {head.count("|")}
    assert "| 1,000 | 1,000 | 100 | +0.0% |" in rows[0]


def test_the_picture_is_a_png() -> None:
    assert curves.draw(ran()).startswith(b"\x89PNG")
