import logging
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from confluent_kafka import TopicPartition

from stream.answering import Answering
from stream.batch import Limits, Outcome
from stream.errors import Errors
from stream.intake import Batch
from stream.lag import Lag
from stream.patience import Patience
from stream.publisher import Undone
from stream.record import Record
from stream.upkeep import Upkeep
from tests.unit.stream.test_batch import record
from tests.unit.stream.test_lag import Group
from titanic_model.settings import Settings


class World:
    """What there is around it, as a diary: what was asked of it, and in which order."""

    def __init__(self) -> None:
        self.diary: list[object] = []
        self.undone: set[str] = set()
        stopping = threading.Event()
        patience = Patience("Kafka", stopping, logging.getLogger("test"), lambda: None)
        upkeep = Upkeep(Settings(), Errors("nowhere"), patience, stopping)
        upkeep.limits = Limits(1_000_000, 1_000_000)
        self.answering = Answering(
            topic="passengers",
            rewind=lambda starts: self.diary.append(("rewind", dict(starts))),
            publisher=self,
            score=self.score,
            upkeep=upkeep,
            lag=Lag(Group()),
            kafka=patience,
            again=patience,
            confirmed=lambda: self.diary.append("confirmed"),
        )

    def score(self, records: Sequence[Record], limits: Limits) -> Outcome:
        self.diary.append(("score", records[0].offset()))
        return Outcome([], [], Counter())

    def publish(self, outcome: Outcome, offsets: list[TopicPartition], member: Any) -> None:
        self.diary.append(("publish", offsets[0].offset, member))
        self._fail("publish")

    def settle(self) -> None:
        self.diary.append("settle")
        self._fail("settle")

    def _fail(self, step: str) -> None:
        if step in self.undone:
            raise Undone("no")

    def renew(self, limits: Limits) -> None:
        raise AssertionError("nothing changed")

    def close(self) -> None:
        raise AssertionError("it goes on")


def batch(offset: int, *, member: str | None = "me", is_full: bool = True) -> Batch:
    return Batch([record(offset=offset)], member, is_full)


@pytest.fixture
def world() -> World:
    return World()


def test_a_full_batch_is_committed_while_the_next_is_scored(world: World) -> None:
    world.answering.answer(batch(7))
    world.answering.answer(batch(8))
    assert world.diary == [
        ("score", 7),
        ("publish", 8, "me"),
        ("score", 8),
        "settle",
        "confirmed",
        ("publish", 9, "me"),
    ]


def test_a_batch_that_is_not_full_is_waited_for(world: World) -> None:
    world.answering.answer(batch(7, is_full=False))
    assert world.diary[-2:] == ["settle", "confirmed"]
    assert world.answering.settle()
    assert world.diary.count("settle") == 1


def test_a_batch_is_counted_once_it_is_committed(world: World) -> None:
    world.answering.answer(batch(7))
    assert world.answering.confirmed_at == 0
    world.answering.settle()
    assert world.answering.confirmed_at > 0


@pytest.mark.parametrize("member", ["me", None])
def test_what_follows_a_batch_that_is_undone_is_read_again_with_it(
    world: World, member: str | None
) -> None:
    world.answering.answer(batch(7))
    world.undone = {"settle"}
    world.diary.clear()
    world.answering.answer(batch(8, member=member))
    assert [entry for entry in world.diary if entry != ("score", 8)] == [
        "settle",
        ("rewind", {3: 7}),
    ]


def test_what_follows_in_another_partition_is_read_again_too(world: World) -> None:
    world.answering.answer(batch(7))
    world.undone = {"settle"}
    following: Mapping[int, int] = {3: 8, 4: 2}
    assert not world.answering.settle(following)
    assert world.diary[-1] == ("rewind", {3: 7, 4: 2})


def test_a_batch_that_cannot_be_published_is_read_again(world: World) -> None:
    world.undone = {"publish"}
    world.answering.answer(batch(7))
    assert world.diary == [("score", 7), ("publish", 8, "me"), ("rewind", {3: 7})]


def test_a_batch_of_a_membership_that_is_over_is_not_scored(world: World) -> None:
    world.answering.answer(batch(7, member=None))
    assert world.diary == [("rewind", {3: 7})]
