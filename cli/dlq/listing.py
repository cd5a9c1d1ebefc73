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
from cli.dlq.options import Desk, From, Json, Reasons, Since, Until, desk, wanted
from cli.dlq.wanted import Wanted
from cli.plain import plain
from stream.dead_letters import Letter, NoDeadLetter, Origin
from stream.record import size_bytes

ROWS: Final = 20
MAX_MESSAGE: Final = 100
Row = tuple[int, int, int, Origin, Letter]


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

    With --json one line for each letter, the oldest first.

    titanic dlq list --reason out_of_range --since 2026-11-24T15:00
    titanic dlq list --source passengers/3 --limit 100
    titanic dlq list --json | jq -r 'select(.replays > 0) | .id'
    """
    with desk("list", bootstrap_servers) as opened:
        asked = wanted(reason, since, until, source)
        replayed = Replayed(opened.admin, opened.topic) if opened.spans() else None
        if replayed:
            replayed.load(opened.reader)
        reasons, strangers, latest = _collect(opened, asked, None if as_json else limit or ROWS)
    latest = latest[-limit:] if limit else latest
    if as_json:
        for *_, place, letter in latest:
            typer.echo(json.dumps(row(place, letter, replayed)))
    else:
        _show(opened.topic, reasons, latest, replayed)
    if strangers:
        kafka.say("dlq list", f"{strangers:,} records of {opened.topic} are no dead letters")


def _collect(opened: Desk, asked: Wanted, limit: int | None) -> tuple[Counter[str], int, list[Row]]:
    """Counts by reason, of what is no letter, and the latest by their time (all: None)."""
    reasons: Counter[str] = Counter()
    strangers = 0
    latest: list[Row] = []
    for place, letter in opened.letters(opened.spans()):
        if isinstance(letter, NoDeadLetter):
            strangers += 1
        elif asked.takes(letter):
            reasons[letter.reason] += 1
            found = letter.timestamp_ms or 0, place.partition, place.offset, place, letter
            if limit is None or len(latest) < limit:
                heapq.heappush(latest, found)
            else:
                heapq.heappushpop(latest, found)
    return reasons, strangers, sorted(latest, key=lambda found: found[:3])


def row(place: Origin, letter: Letter, replayed: Replayed | None) -> dict[str, Any]:
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
        "replayed": replayed is not None and place in replayed,
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


def _show(topic: str, reasons: Counter[str], latest: list[Row], replayed: Replayed | None) -> None:
    console = Console(highlight=False, soft_wrap=True)
    table = Table("id", "time", "event", "reason", "replays", "what is wrong", box=None)
    for *_, place, letter in latest:
        told = row(place, letter, replayed)
        again = f"{letter.replays or ''}{' ✓' if told['replayed'] else ''}"
        table.add_row(
            told["id"],
            told["time"] or "",
            plain(told["event"]),
            plain(letter.reason),
            again,
            plain(_short(letter.message)),
        )
    if latest:
        console.print(table)
    counts = "".join(f"; {reason} {count:,}" for reason, count in reasons.most_common())
    console.print(plain(f"{reasons.total():,} dead letters on {topic}{counts}"))
    if reasons.total() > len(latest):
        console.print(f"the latest {len(latest):,} are shown; --limit shows more")


def _short(text: str) -> str:
    return text if len(text) <= MAX_MESSAGE else text[:MAX_MESSAGE] + "…"
