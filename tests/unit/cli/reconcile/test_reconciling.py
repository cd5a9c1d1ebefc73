"""What a reconciliation finds in records that a worker's own code has answered, then damaged."""

import json
import random
from collections.abc import Callable, Sequence
from typing import cast

import pytest
from confluent_kafka import Message
from hypothesis import given
from hypothesis import strategies as st

from cli.reconcile.answers import Answers
from cli.reconcile.events import Events, expected
from cli.reconcile.findings import Findings, Kind
from cli.reconcile.ledger import CHUNK_OFFSETS, Sheet
from cli.reconcile.order import overtaken
from cli.reconcile.partitioner import partition_of
from cli.reconcile.settling import Group, settle
from cli.span import Span
from stream import batch
from stream.dead_letters import DeadLetter, bury
from stream.record import Headers, Record
from tests.synthetic import DISTINCT
from titanic_model.passenger import Reason, Rejection
from titanic_model.scorer import Scorer, encode_table

VERSION = "0123456789ab"
SCORER = Scorer(VERSION, encode_table(list(DISTINCT)))
LIMITS = batch.Limits(prediction_bytes=10_000, dead_letter_bytes=20_000)
PARTITIONS = 3


def message(  # noqa: PLR0917 - as a record has them
    topic: str,
    partition: int,
    offset: int,
    value: bytes | None,
    key: bytes | None = b"key",
    headers: Headers | None = None,
    time_ms: int | None = 1_700_000_000_123,
) -> Message:
    return Message(
        topic=topic,
        partition=partition,
        offset=offset,
        key=key,
        value=value,
        headers=headers,  # type: ignore[arg-type] # it asks for text, too
        timestamp=(0, 0) if time_ms is None else (1, time_ms),
    )


def event(number: int, offset: int | None = None, **more: object) -> Message:
    """Event `number`; of ten, one is invalid. Its key is one of seven."""
    value = {"passenger_id": f"p{number}", "age": number % 100, "sex": "male", "pclass": 1}
    if number % 10 == 3:
        value["age"] = -1
    place = number % PARTITIONS if offset is None else 0
    return message(
        "passengers",
        place,
        number // PARTITIONS if offset is None else offset,
        json.dumps(value).encode(),
        **{"key": b"key-%d" % (number % 7), **more},  # type: ignore[arg-type]
    )


class World:
    """Events, and their answers on three partitions of each output topic, as the worker writes."""

    def __init__(self, events: Sequence[Message]) -> None:
        self.events = cast(list[Record], events)
        self.outcome: dict[str, list[list[Message]]] = {
            topic: [[] for _ in range(PARTITIONS)] for topic in ("predictions", "passengers.dlq")
        }
        for record in self.events:
            outcome = batch.score([record], SCORER, LIMITS)
            for prediction in outcome.predictions:
                self.add("predictions", prediction.key, prediction.value, prediction.headers)
            for key, value, headers, time_ms in outcome.dead_letters:
                self.add("passengers.dlq", key, value, headers, time_ms=time_ms)

    def add(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers | None,
        time_ms: int | None = 1_700_000_009_999,
    ) -> None:
        """One more answer, where the worker's client would put it."""
        partition = partition_of(key, PARTITIONS) if key is not None else 0
        there = self.outcome[topic][partition]
        # An offset in ten is a marker's.
        offset = len(there) * 10 // 9
        there.append(message(topic, partition, offset, value, key, headers, time_ms=time_ms))

    def reconcile(
        self,
        *,
        gone: int = 0,
        group: Group | None = None,
        compacted: bool = False,
        versions: Sequence[str] = (VERSION,),
        start: int = 0,
        end: int | None = None,
    ) -> Findings:
        """Find what is wrong; each partition of predictions may have lost its first records."""
        findings = Findings()
        last = max((e.offset() for e in self.events), default=-1)
        sheets = {
            p: Sheet(Span("passengers", p, 0, start, last + 1 if end is None else end))
            for p in range(PARTITIONS)
        }
        where = expected((PARTITIONS, PARTITIONS)) if gone else None
        events = Events(sheets, LIMITS.prediction_bytes // 2, where)
        events.enter(self.events)
        outputs = [
            Span(topic, p, gone if topic == "predictions" else 0, 0, 10**6)
            for topic in self.outcome
            for p in range(PARTITIONS)
        ]
        answers = Answers(
            events,
            "passengers",
            outputs,
            lambda version: SCORER.answers if version in versions else None,
            findings,
            compacted=compacted,
        )
        for records in self.outcome["predictions"]:
            kept = [m for m in records if cast(int, m.offset()) >= gone]
            answers.predictions(cast(list[Record], kept))
        for records in self.outcome["passengers.dlq"]:
            answers.dead_letters(cast(list[Record], records))
        settle(events, "passengers", answers, outputs, findings, group=group)
        return findings

    def changed(self, topic: str, number: int, change: Callable[[Message], Message]) -> "World":
        """The same with one answer replaced, the `number`th of the fullest partition."""
        there = max(self.outcome[topic], key=len)
        there[number] = change(there[number])
        return self


def copy(m: Message, **more: object) -> Message:
    """A message with some of its parts replaced."""
    parts = {
        "topic": m.topic(),
        "partition": m.partition(),
        "offset": m.offset(),
        "key": m.key(),
        "value": m.value(),
        "headers": m.headers(),
        "timestamp": m.timestamp(),
    }
    return Message(**{**parts, **more})  # type: ignore[arg-type]


def field(name: str, value: object) -> Callable[[Message], Message]:
    """A change of one field of a prediction."""

    def change(m: Message) -> Message:
        fields = {**json.loads(m.value() or b""), name: value}
        return copy(m, value=json.dumps(fields).encode())

    return change


def world(count: int = 300) -> World:
    return World([event(number) for number in range(count)])


def only(findings: Findings) -> dict[Kind, int]:
    return {kind: count for kind, count in findings.counts.items() if count}


def test_what_the_worker_answers_is_reconciled() -> None:
    findings = world().reconcile()
    assert not findings
    assert findings.predictions == {VERSION: 270}
    assert findings.dead_letters == {"out_of_range": 30}


headers = st.lists(
    st.tuples(st.text(st.characters(codec="utf-8"), max_size=5), st.none() | st.binary(max_size=9)),
    max_size=3,
)
values = st.one_of(
    st.none(),
    st.binary(max_size=30),
    st.fixed_dictionaries(
        {"sex": st.sampled_from(["male", "FEMALE", "x"]), "pclass": st.sampled_from([1, 3.0, "2"])},
        optional={
            "age": st.none() | st.floats(-1, 101),
            "passenger_id": st.text(max_size=3),
            "more": st.sampled_from(["x" * 6_000, "x" * 19_000, "x" * 30_000]),
        },
    ).map(lambda fields: json.dumps(fields).encode()),
)


@given(
    st.lists(
        st.tuples(
            values,
            st.none() | st.binary(max_size=9) | st.just(b"k" * 9_950),
            headers,
            st.sampled_from([None, 0, 1]),
        ),
        max_size=20,
    )
)
def test_whatever_events_hold_their_answers_are_reconciled(
    parts: list[tuple[bytes | None, bytes | None, Headers, int | None]],
) -> None:
    found = World(
        [
            message("passengers", 0, offset, value, key, given, time_ms=time_ms)
            for offset, (value, key, given, time_ms) in enumerate(parts)
        ]
    ).reconcile()
    assert only(found) == {}
    assert found.predictions.total() + found.dead_letters.total() == len(parts)


def test_a_missing_answer_is_lost_and_named() -> None:
    damaged = world()
    gone = json.loads(damaged.outcome["predictions"][0].pop(5).value() or b"")["event"]
    findings = damaged.reconcile()
    assert only(findings) == {Kind.LOST: 1}
    assert findings.differences[0].event == gone


def test_a_second_answer_is_a_duplicate_and_no_disorder() -> None:
    damaged = world()
    for topic in damaged.outcome:
        there = max(damaged.outcome[topic], key=len)
        there += [copy(m, offset=10_000 + n) for n, m in enumerate(there)]
    findings = damaged.reconcile()
    assert set(only(findings)) == {Kind.DUPLICATED}


def refusal_of(record: Message) -> DeadLetter:
    """A dead letter of an event, whatever it holds."""
    rejection = Rejection.because(Reason.OUT_OF_RANGE, "age: it is out of range")
    return bury(cast(Record, record), None, rejection, LIMITS.dead_letter_bytes)


def test_an_event_that_is_both_scored_and_refused_is_answered_twice() -> None:
    damaged = world()
    damaged.add("passengers.dlq", *refusal_of(event(4)))
    assert only(damaged.reconcile()) == {Kind.DUPLICATED: 1}


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (field("probability", 0.123), Kind.WRONG),
        (lambda m: field("survived", 1 - json.loads(m.value())["survived"])(m), Kind.WRONG),
        (field("passenger_id", "somebody"), Kind.WRONG),
        (lambda m: copy(m, key=b"another"), Kind.WRONG),
        (lambda m: copy(m, key=None), Kind.WRONG),
        (lambda m: copy(m, headers=[("more", b"1")]), Kind.WRONG),
        (field("model_version", "ffffffffffff"), Kind.UNKNOWN_VERSION),
    ],
)
def test_a_prediction_that_is_not_what_its_release_says_of_its_event_is_found(
    change: Callable[[Message], Message], kind: Kind
) -> None:
    findings = world().changed("predictions", 4, change).reconcile()
    assert only(findings) == {kind: 1}
    assert findings.differences[0].answer
    assert findings.differences[0].event


@pytest.mark.parametrize("named", ["passengers/0/7000", "passengers/9/1"])
def test_an_answer_to_no_event_is_invented(named: str) -> None:
    damaged = world().changed("predictions", 4, field("event", named))
    assert only(damaged.reconcile(end=8_000)) == {Kind.INVENTED: 1, Kind.LOST: 1}


@pytest.mark.parametrize(
    "change",
    [
        lambda m: copy(m, value=m.value() + b" "),
        lambda m: copy(m, value=None),
        lambda m: copy(m, key=b"another"),
        lambda m: copy(m, headers=[("more", b"1"), *m.headers()]),
        lambda m: copy(m, timestamp=(1, 5)),
    ],
)
def test_a_dead_letter_that_is_not_its_event_byte_for_byte_is_found(
    change: Callable[[Message], Message],
) -> None:
    findings = world().changed("passengers.dlq", 2, change).reconcile()
    assert only(findings) == {Kind.ALTERED: 1}


def test_a_valid_event_that_was_refused_is_found() -> None:
    damaged = World([])
    damaged.events = cast(list[Record], [event(0)])
    damaged.add("passengers.dlq", *refusal_of(event(0)))
    assert only(damaged.reconcile()) == {Kind.WRONG: 1}


def test_an_invalid_event_that_was_scored_is_found_whatever_the_score() -> None:
    for answer in (SCORER.answers[0], SCORER.answers[-1]):
        damaged = World([])
        damaged.events = cast(list[Record], [event(3)])
        told = json.loads(b"{%b}" % answer.json)
        scored = {"passenger_id": "p3", "event": "passengers/0/1", **told}
        damaged.add("predictions", event(3).key(), json.dumps(scored).encode(), None)
        findings = damaged.reconcile()
        assert only(findings) == {Kind.WRONG: 1}
        assert "the event is invalid" in findings.differences[0].text


@pytest.mark.parametrize("size", [9_900, 30_000])
def test_a_valid_event_may_be_refused_for_its_size_and_left_out(size: int) -> None:
    large = event(0, headers=[("large", b"x" * size)])
    findings = World([large]).reconcile()
    assert only(findings) == {}
    assert findings.dead_letters.total() == 1


@pytest.mark.parametrize("value", [None, b"", b"{}", b"\xff", b"[" * 5_000, b'{"event":"x"}'])
@pytest.mark.parametrize("topic", ["predictions", "passengers.dlq"])
def test_a_record_that_is_no_answer_is_found_and_its_place_told(
    topic: str, value: bytes | None
) -> None:
    damaged = world()
    damaged.add(topic, b"k", value, None)
    findings = damaged.reconcile()
    assert only(findings) == {Kind.UNREADABLE: 1}
    assert (findings.differences[0].answer or "").startswith(topic)


def test_answers_of_one_key_that_change_places_are_out_of_order() -> None:
    damaged = world()
    # A partition holds three keys at the most, and each of them every third event's.
    there = max(damaged.outcome["predictions"], key=len)
    same = [
        n
        for n, m in enumerate(there)
        if m.key() == there[0].key()
        and json.loads(m.value() or b"")["event"].startswith("passengers/0/")
    ]
    a, b = same[2], same[3]
    there[a], there[b] = (
        copy(there[b], offset=there[a].offset()),
        copy(there[a], offset=there[b].offset()),
    )
    findings = damaged.reconcile()
    assert only(findings) == {Kind.OUT_OF_ORDER: 1}


def test_answers_of_other_keys_may_change_places() -> None:
    damaged = world()
    there = max(damaged.outcome["predictions"], key=len)
    there.sort(key=lambda m: m.key() or b"")
    there[:] = [copy(m, offset=n) for n, m in enumerate(there)]
    assert not damaged.reconcile()


@given(st.randoms(), st.integers(1, 50))
def test_order_is_judged_the_same_whatever_share_of_the_keys_is_remembered(
    chance: random.Random, max_keys: int
) -> None:
    sheet = Sheet(Span("passengers", 0, 0, 0, 60))
    sheet.events = 60
    positions = list(range(60))
    chance.shuffle(positions)
    for offset in range(60):
        chunk, row = sheet.chunk(offset)
        chunk.due[row], chunk.key[row] = 2, offset % 7 - 3
        chunk.answered_in[row], chunk.answered_at[row] = 1 + offset % 2, positions[offset]
    found = sorted(row.offset for _, row in overtaken(sheet, max_keys))
    by_hand = [
        late
        for late in range(60)
        if any(
            early % 7 == late % 7 and early % 2 == late % 2 and positions[early] > positions[late]
            for early in range(late)
        )
    ]
    assert found == by_hand


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_events_where_a_chunk_ends_and_the_next_begins_are_as_any_other(offset: int) -> None:
    found = World([event(0, offset=CHUNK_OFFSETS + offset), event(1, offset=0)]).reconcile()
    assert only(found) == {}
    assert found.predictions.total() == 2


def test_offsets_without_an_event_are_no_losses() -> None:
    events = [event(n, offset=n * CHUNK_OFFSETS * 3) for n in range(5)]
    assert not World(events).reconcile()


def test_answers_to_events_outside_the_range_are_told_and_no_differences() -> None:
    findings = world().reconcile(start=20, end=60)
    assert not findings
    assert findings.predictions.total() + findings.dead_letters.total() == 40 * PARTITIONS
    assert findings.aside == {
        "answers to events before the range": 20 * PARTITIONS,
        "answers to events after the range": 40 * PARTITIONS,
    }


def test_what_the_group_has_not_come_to_is_waiting_and_its_lag_told() -> None:
    behind = world()
    for topic, parts in behind.outcome.items():
        behind.outcome[topic] = [
            [m for m in part if _offset(m) < 90 or _partition(m) != 1] for part in parts
        ]
    findings = behind.reconcile(group=Group("g", {0: 100, 1: 90, 2: 101}))
    assert only(findings) == {Kind.WAITING: 10, Kind.NOT_COMMITTED: 10}


def test_a_group_that_has_answered_but_not_committed_has_a_lag() -> None:
    findings = world().reconcile(group=Group("g", {0: 100, 1: 100, 2: None}))
    assert only(findings) == {Kind.NOT_COMMITTED: 100}


def _origin(m: Message) -> tuple[int, int]:
    if m.topic() == "predictions":
        _, partition, offset = json.loads(m.value() or b"")["event"].split("/")
        return int(partition), int(offset)
    told = dict(cast(Headers, m.headers()))
    return tuple(int(told[f"__connect.errors.{n}"] or b"") for n in ("partition", "offset"))  # type: ignore[return-value]


def _partition(m: Message) -> int:
    return _origin(m)[0]


def _offset(m: Message) -> int:
    return _origin(m)[1]


def test_answers_that_have_expired_are_told_and_not_lost() -> None:
    shortened = world()
    expired = sum(_count_below(part, 30) for part in shortened.outcome["predictions"])
    findings = shortened.reconcile(gone=30)
    assert only(findings) == {}
    assert sum(findings.aside.values()) == expired > 0
    assert all("predictions/" in why for why in findings.aside)


def test_answers_are_not_lost_where_all_of_a_partition_has_expired() -> None:
    findings = world().reconcile(gone=10_000)
    assert only(findings) == {}
    assert sum(findings.aside.values()) == 270


def test_a_loss_behind_what_has_expired_is_still_a_loss() -> None:
    shortened = world()
    for part in shortened.outcome["predictions"]:
        if part:
            part.pop()
    lost = sum(1 for part in shortened.outcome["predictions"] if part)
    assert only(shortened.reconcile(gone=30)) == {Kind.LOST: lost}


def _count_below(part: Sequence[Message], offset: int) -> int:
    return sum(cast(int, m.offset()) < offset for m in part)


def test_answers_to_events_that_a_compacted_topic_gave_up_are_told_apart() -> None:
    compacted = world()
    compacted.events = compacted.events[::2]
    findings = compacted.reconcile(compacted=True)
    assert not findings
    assert findings.aside == {"answers to events that were compacted": 150}
