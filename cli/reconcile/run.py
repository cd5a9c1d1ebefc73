"""A whole reconciliation: the range, the events, the group, the answers, what is left."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from confluent_kafka import Consumer, IsolationLevel
from confluent_kafka.admin import AdminClient

from cli import reading
from cli.reading import NotRead
from cli.reconcile.answers import Answers, Releases
from cli.reconcile.events import Events, expected
from cli.reconcile.findings import Findings
from cli.reconcile.ledger import Sheet
from cli.reconcile.settling import Group, settle
from cli.span import Span
from stream.topics import limits_of
from titanic_model.settings import Settings

# Told of how far it is: what is read, how many records, of about how many offsets.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Question:
    """What is asked for: which events, and whose answers.

    Times are milliseconds since 1970, of the events' own; `starts` and `ends` are offsets by
    partition, the latter exclusive. Without a `group` nothing is said of what is committed.
    """

    group: str | None
    wait_s: float = 0
    since_ms: int | None = None
    until_ms: int | None = None
    starts: Mapping[int, int] = field(default_factory=dict)
    ends: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """What was read, and what was found. `events` are the committed ones of `source`'s range."""

    findings: Findings
    source: Sequence[Span]
    outputs: Sequence[Span]
    events: int
    group: Group | None
    seconds: float


def reconcile_topics(
    admin: AdminClient,
    reader: Consumer,
    settings: Settings,
    question: Question,
    *,
    releases: Releases,
    progress: Progress,
) -> Result:
    """Compare what was asked with what was answered. Raises `NotRead` and `KafkaException`."""
    begun = time.monotonic()
    source, findings = settings.passengers_topic, Findings()
    spans = _range(reader, reading.whole(admin, source, IsolationLevel.READ_COMMITTED), question)
    predictions, dead_letters = (
        reading.whole(admin, topic, IsolationLevel.READ_UNCOMMITTED)
        for topic in (settings.predictions_topic, settings.dead_letters_topic)
    )
    events = Events(
        {span.partition: Sheet(span) for span in spans},
        large_bytes=min(limits_of(admin, settings.predictions_topic, settings.dead_letters_topic))
        // 2,
        expected=expected((len(predictions), len(dead_letters)))
        if any(span.first for span in (*predictions, *dead_letters))
        else None,
    )
    _read(reader, spans, events.enter, f"reading {source}", progress)
    group = None
    if question.group:
        last = {p: sheet.last for p, sheet in events.sheets.items() if sheet.events}
        offsets = reading.await_committed(reader, spans, last, question.wait_s)
        group = Group(question.group, offsets)
    # Only now: what the group has committed is answered before these ends.
    predictions, dead_letters = (
        reading.whole(admin, topic, IsolationLevel.READ_UNCOMMITTED)
        for topic in (settings.predictions_topic, settings.dead_letters_topic)
    )
    outputs = (*predictions, *dead_letters)
    answers = Answers(
        events, source, outputs, releases, findings, compacted=reading.is_compacted(admin, source)
    )
    for part, compare in (
        (predictions, answers.predictions),
        (dead_letters, answers.dead_letters),
    ):
        _read(reader, part, compare, f"comparing {part[0].topic}", progress)
    settle(events, source, answers, outputs, findings, group=group)
    counted = sum(sheet.events for sheet in events.sheets.values())
    return Result(findings, spans, outputs, counted, group, time.monotonic() - begun)


def _range(reader: Consumer, spans: Sequence[Span], question: Question) -> list[Span]:
    """The parts of the source that were asked for. Raises `NotRead` for a wrong one."""
    there = {span.partition for span in spans}
    if wrong := {*question.starts, *question.ends} - there:
        raise NotRead(f"{spans[0].topic} has no partition {min(wrong)}, only 0 to {max(there)}")
    asked = []
    for span in spans:
        start = question.starts.get(span.partition, span.start)
        end = question.ends.get(span.partition, span.end)
        if question.since_ms is not None:
            start = max(start, reading.at_time(reader, span, question.since_ms))
        if question.until_ms is not None:
            end = min(end, reading.at_time(reader, span, question.until_ms))
        start, end = max(start, span.first), min(end, span.end)
        asked.append(span._replace(start=min(start, end), end=end))
    return asked


def _read(
    reader: Consumer,
    spans: Sequence[Span],
    take: Callable[..., None],
    what: str,
    progress: Progress,
) -> None:
    total = sum(span.end - span.start for span in spans)
    count = 0
    progress(what, 0, total)
    for records in reading.records(reader, spans):
        take(records)
        count += len(records)
        progress(what, count, total)
