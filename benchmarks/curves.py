"""A soak as a picture, and several as a table."""

import io
from collections.abc import Iterable, Iterator
from typing import Final

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.soaked import Soaked, TooShort, drift, medians, warm

_BLUE, _ORANGE, _GREEN, _GREY = "#0072b2", "#d55e00", "#009e73", "#666666"
_DPI: Final = 100
_MILLION: Final = 1e6
COLUMNS: Final = (
    "events",
    "seconds",
    "sent/s",
    "answered/s",
    "MiB after warm-up",
    "drift",
    "peak MiB",
    "threads",
    "files",
    "transactional ids",
    "left open",
)


def draw(found: Soaked) -> bytes:
    """Memory, events, threads and files over time: a PNG."""
    at = [s.seconds for s in found.samples]
    with mpl.rc_context({**mpl.rcParamsDefault, "backend": mpl.rcParams["backend"]}):
        figure = Figure(figsize=(8, 6.5), layout="constrained")
        memory, events, counts = figure.subplots(3, 1, sharex=True, height_ratios=[3, 2, 2])
        memory.plot(at, [s.rss_mib for s in found.samples], color=_BLUE)
        memory.set_ylim(0, max(s.rss_mib for s in found.samples) * 1.25)
        memory.set_ylabel("resident memory, MiB")
        memory.set_title(f"One worker, {found.events:,} events, {found.producer}", loc="left")
        events.plot(at, [s.sent / _MILLION for s in found.samples], "--", color=_GREY, label="sent")
        events.plot(
            at, [s.answered / _MILLION for s in found.samples], color=_GREEN, label="answered"
        )
        events.set_ylabel("events, millions")
        events.legend(frameon=False)
        counts.plot(at, [s.files for s in found.samples], color=_ORANGE, label="file descriptors")
        counts.plot(at, [s.threads for s in found.samples], "--", color=_BLUE, label="threads")
        counts.set_ylim(bottom=0)
        counts.set_xlabel("seconds since the worker was started")
        counts.legend(frameon=False)
        for axes in (memory, events, counts):
            axes.spines[["top", "right"]].set_visible(False)
        FigureCanvasAgg(figure)
        content = io.BytesIO()
        figure.savefig(content, format="png", dpi=_DPI, metadata={"Software": None})
    return content.getvalue()


def table(runs: Iterable[Soaked]) -> str:
    """Markdown; dashes where a run was too short, question marks where the broker does not tell."""
    lines = [
        f"| | {' | '.join(COLUMNS)} |",
        f"|---|{'---:|' * len(COLUMNS)}",
        *(f"| {' | '.join(_cells(found))} |" for found in runs),
    ]
    return "\n".join(lines)


def _cells(found: Soaked) -> Iterator[str]:
    last = found.samples[-1]
    yield found.producer
    yield f"{found.events:,}"
    yield f"{last.seconds:.0f}"
    yield _rate([(s.seconds, s.sent) for s in found.samples])
    yield _rate([(s.seconds, s.answered) for s in found.samples])
    try:
        samples = warm(found)
    except TooShort:
        yield from "--"
        samples = found.samples[-1:]
    else:
        memory = medians(samples, lambda s: s.rss_mib)
        yield f"{memory[0]:.0f}"
        yield f"{drift(memory):+.1%}"
    yield f"{found.peak_mib:.0f}"
    yield _range(s.threads for s in samples)
    yield _range(s.files for s in samples)
    ended = found.transactions
    yield from (f"{ended.ids}", f"{ended.open}") if ended else "??"


def _rate(counts: list[tuple[float, int]]) -> str:
    """A second, from the last look at nothing to the first one at all."""
    begun = max((at for at, count in counts if not count), default=counts[0][0])
    ended = min(at for at, count in counts if count == counts[-1][1])
    return f"{counts[-1][1] / max(ended - begun, 1e-3):,.0f}"


def _range(counts: Iterable[int]) -> str:
    seen = sorted(counts)
    return f"{seen[0]}" if seen[0] == seen[-1] else f"{seen[0]}-{seen[-1]}"
