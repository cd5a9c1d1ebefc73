"""Answers against the ledger: each at its own event, once, and what its release says."""

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Final, Literal

import msgspec

from cli.reconcile.events import Events, answer_hash, letter_hash
from cli.reconcile.findings import Findings, Kind
from cli.reconcile.ledger import A_DEAD_LETTER, FIRST_INDEX, NO_EVENT, NOWHERE, Chunk
from cli.span import Span
from stream.dead_letters import Letter, NoDeadLetter, event_time_ms, origin_of, read
from stream.record import Headers, Record
from titanic_model.passenger import Reason
from titanic_model.scorer import Answer

# A release's answers in its table's order; None: the store cannot give it.
Releases = Callable[[str], Sequence[Answer] | None]


class Prediction(msgspec.Struct, frozen=True):
    """A prediction as it is on its topic."""

    passenger_id: str
    survived: Literal[0, 1]
    probability: Annotated[float, msgspec.Meta(ge=0, le=1)]
    model_version: str
    event: str


_decode: Final = msgspec.json.Decoder(Prediction).decode
_NO_PREDICTION: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError)


class Answers:
    """Reads the output topics against the events that were entered.

    `outputs` are the partitions that are read, numbered by their place: an answer's is kept with
    its event, for `order`. `disorder` says whether an event was answered behind a later one, of
    whichever key. Where the source is `compacted`, what is not there may have been.
    """

    def __init__(
        self,
        events: Events,
        source: str,
        outputs: Sequence[Span],
        releases: Releases,
        findings: Findings,
        *,
        compacted: bool = False,
    ) -> None:
        # By output partition, and the name of the source partition.
        self._newest: list[dict[str, int]] = [{} for _ in outputs]
        self._oldest: list[dict[str, int]] = [{} for _ in outputs]
        self.disorder = False
        self._events = events
        self._source = source
        self._sheets = {f"{source}/{p}": sheet for p, sheet in events.sheets.items()}
        self._numbers = {(o.topic, o.partition): number for number, o in enumerate(outputs)}
        self._releases = releases
        self._known: dict[str, Sequence[Answer] | None] = {}
        self._findings = findings
        self._compacted = compacted

    def predictions(self, records: Iterable[Record]) -> None:
        """Compare predictions, in the order of their topic."""
        for record in records:
            try:
                answer = _decode(record.value() or b"")
                partition, _, offset = answer.event.rpartition("/")
                place = self._first(partition, int(offset), record)
            except _NO_PREDICTION as error:
                self._add(Kind.UNREADABLE, record, None, f"not a prediction: {error}")
                continue
            if place:
                if fault := self._fault(answer, record, *place):
                    self._add(fault[0], record, answer.event, fault[1])
                else:
                    self._findings.predictions[answer.model_version] += 1

    def dead_letters(self, records: Iterable[Record]) -> None:
        """Compare dead letters, in the order of their topic."""
        for record in records:
            try:
                letter = read(record)
            except NoDeadLetter as error:
                self._add(Kind.UNREADABLE, record, None, f"not a dead letter: {error}")
                continue
            topic, partition, offset = letter.origin
            if place := self._first(f"{topic}/{partition}", offset, record):
                if fault := self._altered(letter, record, *place):
                    self._add(fault[0], record, str(letter.origin), fault[1])
                else:
                    left_out = ", left out" if letter.missing and letter.value is None else ""
                    self._findings.dead_letters[letter.reason + left_out] += 1

    def _first(self, name: str, offset: int, record: Record) -> tuple[Chunk, int] | None:
        """The event's row, where this is its first answer; else what is wrong is told.

        `name` is that of the event's partition: topic/partition. Raises `ValueError` for none.
        """
        sheet = self._sheets.get(name)
        if sheet is None or not sheet.start <= offset < sheet.end:
            self._outside(name, offset, record)
            return None
        chunk, row = sheet.chunk(offset)
        if chunk.due[row] == NO_EVENT:
            self._invented(f"{name}/{offset}", record)
            return None
        if chunk.answered_in[row] > NOWHERE:
            self._add(Kind.DUPLICATED, record, f"{name}/{offset}", "one more answer to this event")
            return None
        number = self._numbers[record.topic(), record.partition()]
        chunk.unanswered -= 1
        chunk.answered_in[row] = 1 + number
        chunk.answered_at[row] = record.offset()
        newest = self._newest[number]
        before = newest.get(name, -1)
        if offset > before:
            newest[name] = offset
            if before < 0:
                self._oldest[number][name] = offset
        else:
            self.disorder = True
            oldest = self._oldest[number]
            oldest[name] = min(oldest[name], offset)
        return chunk, row

    def oldest(self, number: int, partition: int) -> int | None:
        """The first event of a source partition that an output partition still answers."""
        return self._oldest[number].get(f"{self._source}/{partition}")

    def _fault(
        self, answer: Prediction, record: Record, chunk: Chunk, row: int
    ) -> tuple[Kind, str] | None:
        """What is wrong with a prediction."""
        due = chunk.due[row]
        if due < FIRST_INDEX:
            return Kind.WRONG, "scored, but the event is invalid"
        version = answer.model_version
        if version not in self._known:
            self._known[version] = self._releases(version)
        known = self._known[version]
        if known is None:
            return Kind.UNKNOWN_VERSION, f"the store cannot give release {version}"
        right = known[due - FIRST_INDEX]
        if right.probability != answer.probability or right.survived != answer.survived:
            return Kind.WRONG, _differs(answer, right)
        if hash(record.key()) != chunk.key[row]:
            return Kind.WRONG, "its key is not the event's"
        if answer_hash(answer.passenger_id, _headers(record)) != chunk.content[row]:
            return Kind.WRONG, "its passenger_id or its headers are not the event's"
        return None

    def _altered(
        self, letter: Letter, record: Record, chunk: Chunk, row: int
    ) -> tuple[Kind, str] | None:
        """What is wrong with a dead letter."""
        large = self._events.large.get(letter.origin[1:])
        if chunk.due[row] != A_DEAD_LETTER and not (large and letter.reason == Reason.TOO_LARGE):
            text = f"refused ({letter.reason}: {letter.message}), but the event is valid"
            return Kind.WRONG, text
        if letter.value is None and letter.missing and large:
            return None
        content = large or chunk.content[row]
        times = event_time_ms(record), None
        found = [letter_hash(letter.value, letter.headers, time_ms) for time_ms in times]
        if hash(letter.key) == chunk.key[row] and content in found:
            return None
        return Kind.ALTERED, "its key, value, headers or timestamp are not the event's"

    def _outside(self, name: str, offset: int, record: Record) -> None:
        topic, _, partition = name.rpartition("/")
        if not (topic and partition.isdecimal()):
            raise ValueError(f"{name}/{offset} names no event")
        if topic != self._source:
            self._findings.aside[f"answers to events of {topic}"] += 1
        elif sheet := self._sheets.get(name):
            when = "before" if offset < sheet.start else "after"
            self._findings.aside[f"answers to events {when} the range"] += 1
        else:
            self._invented(f"{name}/{offset}", record)

    def _invented(self, event: str, record: Record) -> None:
        if self._compacted:
            self._findings.aside["answers to events that were compacted"] += 1
        else:
            text = "no committed event is there: aborted, or never produced"
            self._add(Kind.INVENTED, record, event, text)

    def _add(self, kind: Kind, record: Record, event: str | None, text: str) -> None:
        self._findings.add(kind, text, event=event, answer=str(origin_of(record)))


def _headers(record: Record) -> Headers | None:
    try:
        return record.headers()
    except SystemError:  # a name that is not UTF-8, which no event that is scored has
        return [("", None)]


def _differs(answer: Prediction, right: Answer) -> str:
    return (
        f"survived {answer.survived} at {answer.probability}; release {answer.model_version} says "
        f"{right.survived} at {right.probability}"
    )
