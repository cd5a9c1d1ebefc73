"""What a reconciliation came to, for people and for scripts."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from cli.plain import plain
from cli.reconcile.findings import MEANING, Kind
from cli.reconcile.run import Result
from cli.span import Span

SHOWN: Final = 10


def lines(result: Result) -> list[str]:
    """For people: what was compared, the differences, the verdict last."""
    findings = result.findings
    predictions, letters = findings.predictions.total(), findings.dead_letters.total()
    told = [
        f"{result.events:,} events: {_spans(result.source)}",
        f"{predictions:,} predictions and {letters:,} dead letters are right",
        *(f"  release {version}: {n:,}" for version, n in findings.predictions.most_common()),
        *(f"  {reason}: {n:,}" for reason, n in findings.dead_letters.most_common()),
        *(f"left aside: {n:,} {why}" for why, n in findings.aside.most_common()),
        *_beginnings(result),
    ]
    if result.group:
        told.append(f"group {result.group.name}: lag {findings.counts[Kind.NOT_COMMITTED]:,}")
    told += [
        f"{kind.value.replace('_', ' ')}: {findings.counts[kind]:,} {MEANING[kind]}"
        for kind in Kind
        if findings.counts[kind]
    ]
    for kind in Kind:
        first = [one for one in findings.differences if one.kind is kind][:SHOWN]
        for one in first:
            places = " <- ".join(place for place in (one.answer, one.event) if place)
            told.append(f"  {kind.value.replace('_', ' ')}  {places}: {one.text}")
        if (more := findings.counts[kind] - len(first)) and first:
            told.append(f"  {kind.value.replace('_', ' ')}  and {more:,} more")
    rate = result.events / result.seconds if result.seconds else 0
    told.append(f"{verdict(result)}, in {result.seconds:.1f} s ({rate:,.0f} events/s)")
    return [str(plain(line)) for line in told]


def verdict(result: Result) -> str:
    """In a word, for people."""
    if result.findings:
        return f"NOT reconciled: {sum(result.findings.counts.values()):,} differences"
    if nothing_compared(result):
        return "nothing could be compared: the answers have expired"
    if not result.events:
        return "reconciled: there are no events"
    return "reconciled: each event that can be asked for has its one answer, in order"


def nothing_compared(result: Result) -> bool:
    """Whether there were events, and of none an answer is left."""
    found = result.findings
    return bool(result.events) and not found and not (found.predictions or found.dead_letters)


def as_json(result: Result) -> str:
    """For scripts. `counts` has every kind of difference, also those of which there is none."""
    findings = result.findings
    return json.dumps(
        {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "reconciled": not findings and not nothing_compared(result),
            "events": result.events,
            "counts": {kind.value: findings.counts[kind] for kind in Kind},
            "predictions": findings.predictions,
            "dead_letters": findings.dead_letters,
            "aside": findings.aside,
            "group": result.group.name if result.group else None,
            "lag": findings.counts[Kind.NOT_COMMITTED] if result.group else None,
            "source": [span._asdict() for span in result.source],
            "outputs": [span._asdict() for span in result.outputs],
            "differences": [one._asdict() for one in findings.differences],
            "seconds": round(result.seconds, 3),
        },
        indent=2,
    )


def _beginnings(result: Result) -> list[str]:
    """Partitions whose beginning is gone, a line for each topic."""
    by_topic: dict[str, list[Span]] = {}
    for span in (*result.source, *result.outputs):
        if span.first:
            by_topic.setdefault(span.topic, []).append(span)
    return [
        f"{topic} starts at "
        + ", ".join(f"{span}/{span.first}" for span in spans)
        + ": what was before has expired or was deleted"
        for topic, spans in by_topic.items()
    ]


def _spans(spans: Sequence[Span]) -> str:
    parts = [f"{span}/{span.start} to {span.end}" for span in spans if span.start < span.end]
    more = f" and {len(parts) - SHOWN} more partitions" if len(parts) > SHOWN else ""
    return ", ".join(parts[:SHOWN]) + more or "none in the range"
