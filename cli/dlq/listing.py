"""`titanic dlq list`: how many dead letters there are, why, and the latest."""

import heapq
import json
from collections import Counter
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from cli import kafka
from cli.dlq.ledger import Replayed
from cli.dlq.options import From, Json, Reasons, Since, Until, desk, wanted
from cli.plain import plain
from stream.dead_letters import Letter, NoDeadLetter, Origin
from stream.record import size_bytes

ROWS: Final = 20
MAX_MESSAGE: Final = 100
Row = dict[str, Any]


def list_(
    *,
    reason: Reasons = None,
    since: Since = None,
    until: Until = None,
    source: From = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1, help="So many of the latest.", show_default="20; with --json all there are"
        ),
    ] = None,
    as_json: Json = False,
    bootstrap_servers: kafka.BootstrapServers = None,
) -> None:
    """List dead letters: how many of each reason, and the latest of them.

    With --json one line for each letter: all there are, in the order of each
    partition; with --limit the latest, the oldest of them first.

    titanic dlq list --reason out_of_range --since 2026-11-24T15:00
    titanic dlq list --source passengers/3 --limit 100
    titanic dlq list --json | jq -r 'select(.replays > 0) | .id'
    """
    with desk("list", bootstrap_servers) as opened:
        asked = wanted(reason, since, until, source)
        spans = opened.spans()
        replayed = Replayed(opened.admin, opened.topic)
        replayed.load(opened.reader)
        found = Found(ROWS if limit is None else limit)
        for place, letter in opened.letters(spans):
            if isinstance(letter, NoDeadLetter):
                found.strangers += 1
            elif asked.takes(letter):
                told = row(place, letter, replayed)
                if as_json and limit is None:
                    typer.echo(json.dumps(told))
                else:
                    found.add(letter.timestamp_ms or 0, place, told)
    if as_json:
        for told in found.latest():
            typer.echo(json.dumps(told))
    else:
        _show(opened.topic, found)
    if found.strangers:
        kafka.say("dlq list", f"{found.strangers:,} records of {opened.topic} are no dead letters")


class Found:
    """Counts by reason, how many records were no letters, and the latest letters, so many."""

    def __init__(self, limit: int) -> None:
        self.reasons: Counter[str] = Counter()
        self.strangers = 0
        self._limit = limit
        self._heap: list[tuple[int, int, int, Row]] = []

    def add(self, time_ms: int, place: Origin, told: Row) -> None:
        """Count a letter, and keep it if it is of the latest."""
        self.reasons[told["reason"]] += 1
        # A place is unique, so that rows are not compared.
        found = time_ms, place.partition, place.offset, told
        if len(self._heap) < self._limit:
            heapq.heappush(self._heap, found)
        else:
            heapq.heappushpop(self._heap, found)

    def latest(self) -> list[Row]:
        """The oldest of them first."""
        return [told for *_, told in sorted(self._heap, key=lambda found: found[:3])]


def row(place: Origin, letter: Letter, replayed: Replayed) -> Row:
    """A letter in short, for scripts."""
    return {
        "id": f"{place.partition}/{place.offset}",
        "event": str(letter.origin),
        "time": when(letter),
        "reason": letter.reason,
        "message": letter.message,
        "size_bytes": size_bytes(letter.key, letter.value, letter.headers),
        "missing": letter.missing,
        "replays": letter.replays,
        "replayed": place in replayed,
    }


def when(letter: Letter) -> str | None:
    """The event's time in ISO 8601; None when it has none."""
    if letter.timestamp_ms is None:
        return None
    try:
        at = datetime.fromtimestamp(letter.timestamp_ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):  # a producer may write any number
        return f"{letter.timestamp_ms} ms"
    return at.isoformat(timespec="milliseconds")


def _show(topic: str, found: Found) -> None:
    console = Console(highlight=False, soft_wrap=True)
    table = Table("id", "time", "event", "reason", "replays", "what is wrong", box=None)
    latest = found.latest()
    for told in latest:
        table.add_row(
            told["id"],
            told["time"] or "",
            plain(told["event"]),
            plain(told["reason"]),
            f"{told['replays'] or ''}{' ✓' if told['replayed'] else ''}",
            plain(_short(told["message"])),
        )
    if latest:
        console.print(table)
    count = found.reasons.total()
    counts = "".join(f"; {reason} {number:,}" for reason, number in found.reasons.most_common())
    console.print(plain(f"{count:,} dead letters on {topic}{counts}"))
    if count > len(latest):
        console.print(f"the latest {len(latest):,} are shown; --limit shows more")


def _short(text: str) -> str:
    return text if len(text) <= MAX_MESSAGE else text[:MAX_MESSAGE] + "…"
