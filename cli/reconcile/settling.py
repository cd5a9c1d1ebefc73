"""What is left when all was read: events without an answer, and answers out of order."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cli.reconcile.answers import Answers
from cli.reconcile.events import Events
from cli.reconcile.findings import Findings, Kind
from cli.reconcile.ledger import ANYWHERE, FIRST_EXPECTED, NOWHERE
from cli.reconcile.order import overtaken
from cli.span import Span


@dataclass(frozen=True)
class Group:
    """A consumer group, and by partition the offset it goes on from; None: it has none."""

    name: str
    committed: Mapping[int, int | None]

    def next_offset(self, partition: int) -> int:
        """The offset that the group goes on from."""
        return self.committed.get(partition) or 0


def settle(
    events: Events,
    source: str,
    answers: Answers,
    outputs: Sequence[Span],
    findings: Findings,
    *,
    group: Group | None,
) -> None:
    """Find what no single answer tells.

    An answer that may have been on a part of its partition that is gone (`Span.first`) is told
    of apart: it can't be asked for.
    """
    for partition, sheet in events.sheets.items():
        next_offset = group.next_offset(partition) if group else math.inf
        for row in sheet.rows(unanswered=True):
            event = f"{source}/{partition}/{row.offset}"
            if row.offset >= next_offset:
                findings.add(Kind.WAITING, f"{event} has no answer yet", event=event)
            elif gone := _gone(row.answered_in, partition, row.offset, answers, outputs):
                findings.aside[f"events whose answer may have been in what {gone} lost"] += 1
            else:
                findings.add(Kind.LOST, "no prediction and no dead letter", event=event)
        if group and sheet.last >= next_offset:
            for row in sheet.rows(since=int(next_offset)):
                event = f"{source}/{partition}/{row.offset}"
                text = f"{group.name} goes on from {source}/{partition}/{next_offset}"
                findings.add(Kind.NOT_COMMITTED, text, event=event)
        if answers.disorder:
            for earlier, row in overtaken(sheet):
                output = outputs[row.answered_in - 1]
                findings.add(
                    Kind.OUT_OF_ORDER,
                    f"its answer is before that of {source}/{partition}/{earlier}, of the same key",
                    event=f"{source}/{partition}/{row.offset}",
                    answer=f"{output}/{row.answered_at}",
                )


def _gone(
    expected: int, partition: int, offset: int, answers: Answers, outputs: Sequence[Span]
) -> Span | None:
    """The output partition that may have lost the answer to an event; None: it wasn't lost so."""
    if expected == NOWHERE:
        return None
    numbers = range(len(outputs)) if expected == ANYWHERE else [FIRST_EXPECTED - expected]
    for number in numbers:
        oldest = answers.oldest(number, partition)
        if outputs[number].first and (oldest is None or offset < oldest):
            return outputs[number]
    return None
