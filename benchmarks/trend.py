"""Keeps one line a night, draws them, and tells when the last one is much slower than those before.

`python -m benchmarks.trend RESULT.json HISTORY_FOLDER`. What is judged is the ratio of the worker
to the pass-through, since the machines that run this at night are not alike.
"""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from benchmarks import result
from benchmarks.contestants import EXACTLY_ONCE
from benchmarks.result import BadResult, Result, Spread

HISTORY: Final = "history.jsonl"
PAGE: Final = "README.md"
DRAWN: Final = 90
LISTED: Final = 30
# Of what it was; what is above is left to noise.
LEAST_SHARE: Final = 0.8
JUDGED_BY: Final = 10
JUDGED_FROM: Final = 5

SLOWER, UNUSABLE = 1, 2


class BadHistory(ValueError):
    """A line that was not written here; the message says which."""


class Night(msgspec.Struct, frozen=True):
    """A line of the history."""

    schema: int
    at: str
    commit: str | None
    processor: str
    events: int
    rounds: int
    # The worker's rate, exactly once, by the pass-through's.
    ratio: Spread
    worker_events_per_s: float
    limit_events_per_s: float


def night(of: Result) -> Night:
    """What is kept of a result. Raises `BadResult` when the worker took no part."""
    worker = next((one for one in of.contestants if one.name == EXACTLY_ONCE), None)
    if worker is None:
        raise BadResult(f"there is no contestant {EXACTLY_ONCE!r} in the result")
    return Night(
        schema=of.schema,
        at=of.at,
        commit=of.commit,
        processor=of.machine.processor,
        events=of.events,
        rounds=of.rounds,
        ratio=worker.ratio,
        worker_events_per_s=worker.events_per_s.median,
        limit_events_per_s=of.contestants[0].events_per_s.median,
    )


def parse(history: bytes) -> list[Night]:
    """The nights of a history, oldest first. Raises `BadHistory`."""
    nights = []
    for number, line in enumerate(history.splitlines(), start=1):
        try:
            nights.append(msgspec.json.decode(line, type=Night))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadHistory(f"line {number} is not one of ours ({error})") from None
    return nights


def line(of: Night) -> bytes:
    """A night as the history holds it."""
    return msgspec.json.encode(of) + b"\n"


def judge(last: Night, before: Sequence[Night]) -> tuple[bool, str]:
    """Whether a night is as good as those before, and why.

    Only nights of as many events count: a short run is another measurement.
    """
    ratio = last.ratio.median
    alike = [one.ratio.median for one in before if one.events == last.events][-JUDGED_BY:]
    told = f"the worker does {ratio:.2f} of the pass-through"
    if len(alike) < JUDGED_FROM:
        return True, f"{told}; {len(alike)} nights before it, judged from {JUDGED_FROM} on"
    usual = statistics.median(alike)
    told += f", the median of the last {len(alike)} nights is {usual:.2f}"
    if ratio < LEAST_SHARE * usual:
        return False, f"slower: {told}, and {LEAST_SHARE:g} of that is the least"
    return True, told


def page(nights: Sequence[Night]) -> str:
    """The history for people, in what GitHub renders."""
    drawn = [one.ratio.median for one in nights[-DRAWN:]]
    top = max(1.0, *drawn)
    rows = "\n".join(_row(one) for one in reversed(nights[-LISTED:]))
    return f"""\
# The worker's throughput, night by night

Its rate, exactly once, by the rate of bytes that are only passed through: the median of a night's
rounds. Written by `benchmarks/trend.py`; all nights are in [{HISTORY}]({HISTORY}).

```mermaid
xychart-beta
    title "worker / pass-through"
    x-axis "nights" {1 - len(drawn)} --> 0
    y-axis "ratio" 0 --> {top:.2f}
    line [{", ".join(f"{ratio:.3f}" for ratio in drawn)}]
```

| night | commit | ratio | of the rounds | worker, events/s | pass-through | events | processor |
|---|---|---|---|---|---|---|---|
{rows}
"""


def _row(of: Night) -> str:
    cells = (
        of.at[:16].replace("T", " "),
        of.commit[:12] + of.commit[40:] if of.commit else "",  # with the "+" that may follow
        f"{of.ratio.median:.2f}",
        f"{of.ratio.lowest:.2f} - {of.ratio.highest:.2f}",
        f"{of.worker_events_per_s:,.0f}",
        f"{of.limit_events_per_s:,.0f}",
        f"{of.events:,}",
        of.processor.replace("|", "\\|"),
    )
    return f"| {' | '.join(cells)} |"


def keep(last: Night, folder: Path) -> list[Night]:
    """Add a night to the history and draw it; returns those before it.

    A night that is there already, by its time, is not added again. Raises `BadHistory`, with
    everything left as it was, and `OSError`.
    """
    file = folder / HISTORY
    history = file.read_bytes() if file.exists() else b""
    try:
        nights = parse(history)
    except BadHistory as reason:
        raise BadHistory(f"{file}: {reason}; nothing was changed") from None
    before = [one for one in nights if one.at < last.at]
    if last.at not in {one.at for one in nights}:
        folder.mkdir(parents=True, exist_ok=True)
        if history and not history.endswith(b"\n"):
            history += b"\n"
        _write(file, history + line(last))
        nights.append(last)
    _write(folder / PAGE, page(nights).encode())
    return before


def _write(file: Path, content: bytes) -> None:
    """All of it or, when this is cut short, nothing."""
    part = file.with_name(f".{file.name}.part")
    part.write_bytes(content)
    part.replace(file)


def main(
    outcome: Annotated[
        Path, typer.Argument(metavar="RESULT.json", help="What benchmarks.throughput wrote.")
    ],
    folder: Annotated[
        Path, typer.Argument(metavar="HISTORY_FOLDER", help="Made when it is not there.")
    ],
) -> None:
    """Add a night's result to the history, draw it, and judge it by the nights before.

    The exit code is 0 when it is as usual, 1 when it is slower, and 2 when the result or the
    history cannot be used.
    """
    try:
        last = night(result.read(outcome))
        good, told = judge(last, keep(last, folder))
    except (BadResult, BadHistory, OSError) as reason:
        typer.echo(f"trend: {reason}", err=True)
        raise typer.Exit(UNUSABLE) from None
    typer.echo(f"trend: {told}", err=not good)
    if not good:
        raise typer.Exit(SLOWER)


if __name__ == "__main__":
    typer.run(main)
