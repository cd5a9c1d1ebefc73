"""What a reconciliation has found: counts, and the first differences with where to look."""

from collections import Counter
from enum import StrEnum
from typing import Final, NamedTuple

MAX_DIFFERENCES: Final = 20


class Kind(StrEnum):
    """A difference between what was asked and what was answered."""

    LOST = "lost"
    WAITING = "waiting"
    NOT_COMMITTED = "not_committed"
    DUPLICATED = "duplicated"
    OUT_OF_ORDER = "out_of_order"
    WRONG = "wrong"
    ALTERED = "altered"
    UNKNOWN_VERSION = "unknown_version"
    INVENTED = "invented"
    UNREADABLE = "unreadable"


MEANING: Final = {
    Kind.LOST: "events without an answer",
    Kind.WAITING: "events that the group has not answered yet",
    Kind.NOT_COMMITTED: "events that the group has not committed: its lag",
    Kind.DUPLICATED: "answers to events that had one already",
    Kind.OUT_OF_ORDER: "answers before that of an earlier event of the same key",
    Kind.WRONG: "answers that are not what their release says of their event",
    Kind.ALTERED: "dead letters that are not their event byte for byte",
    Kind.UNKNOWN_VERSION: "predictions of a release that the store cannot give",
    Kind.INVENTED: "answers to events that are not there",
    Kind.UNREADABLE: "records that are neither predictions nor dead letters",
}


class Difference(NamedTuple):
    """One of them: the event and the answer, each topic/partition/offset where it is known."""

    kind: Kind
    event: str | None
    answer: str | None
    text: str


class Findings:
    """The counts, and the first differences of each kind."""

    def __init__(self) -> None:
        self.counts: Counter[Kind] = Counter()
        self.differences: list[Difference] = []
        # Answered once, by whom: releases' ids, and reasons of dead letters.
        self.predictions: Counter[str] = Counter()
        self.dead_letters: Counter[str] = Counter()
        # Which were not compared, by why.
        self.aside: Counter[str] = Counter()

    def add(
        self, kind: Kind, text: str, *, event: str | None = None, answer: str | None = None
    ) -> None:
        """Count a difference; the first ones of each kind are kept."""
        self.counts[kind] += 1
        if self.counts[kind] <= MAX_DIFFERENCES:
            self.differences.append(Difference(kind, event, answer, text))

    def __bool__(self) -> bool:
        return any(self.counts.values())
