"""A worker with a trap: the real one, that ends by signal 9, freezes or is slow at a step of its
work.

Run as the worker is (`python -m tests.faults.doomed`); the variable DOOMED says STEP:COUNT, the
step and how often it goes well before. Nothing in the worker knows of it: its producer, its way to
publish or its scoring is replaced before it starts.
"""

import os
import random
import runpy
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, Final

from confluent_kafka import Producer, TopicPartition

from stream import batch, publisher, sending

VARIABLE: Final = "DOOMED"
# What it says when the trap springs.
SPRINGS: Final = "the trap springs"
FLUSHED_WITHIN_S: Final = 5.0
# A commit takes some milliseconds; somewhere in them.
COMMIT_S: Final = 0.008


class Step(StrEnum):
    """Where the trap is."""

    BEGUN = "transaction begun"
    HALF_PRODUCED = "half produced"
    OFFSETS_SENT = "offsets sent"
    COMMIT_SENT = "commit sent"
    COMMITTED = "committed"
    FROZEN = "frozen in a transaction"
    SLOW = "slow batch"
    # What breaks the promise on purpose, at least once.
    SENT_NOT_COMMITTED = "sent, not committed"
    COMMITTED_NOT_SENT = "committed, not sent"
    REVERSED = "answers reversed"


STEPS: Final = (Step.BEGUN, Step.HALF_PRODUCED, Step.OFFSETS_SENT, Step.COMMIT_SENT, Step.COMMITTED)


class Trap:
    """Springs when its step comes for the last time that it is to."""

    def __init__(self, told: str) -> None:
        step, _, count = told.partition(":")
        self.step = Step(step)
        self._left = int(count)

    def is_due(self, step: Step) -> bool:
        """Whether it springs now."""
        self._left -= step is self.step
        return step is self.step and self._left < 0


def die() -> None:
    """End as a power cut would."""
    print(SPRINGS, flush=True)  # noqa: T201
    os.kill(os.getpid(), signal.SIGKILL)


def freeze() -> None:
    """Stand still until somebody sends SIGCONT."""
    print(SPRINGS, flush=True)  # noqa: T201
    os.kill(os.getpid(), signal.SIGSTOP)


def producer(trap: Trap) -> type[Producer]:
    """A producer that ends or freezes its process in the middle of a transaction."""

    class Doomed(Producer):
        produced = 0

        def begin_transaction(self) -> None:
            super().begin_transaction()
            self.produced = 0
            if trap.is_due(Step.BEGUN):
                die()

        def produce(self, *record: Any, **more: Any) -> None:
            super().produce(*record, **more)
            self.produced += 1
            if self.produced == 2 and trap.is_due(Step.HALF_PRODUCED):
                self.flush(FLUSHED_WITHIN_S)
                die()

        def send_offsets_to_transaction(self, *arguments: Any) -> None:
            super().send_offsets_to_transaction(*arguments)
            if trap.is_due(Step.OFFSETS_SENT):
                self.flush(FLUSHED_WITHIN_S)
                die()
            if trap.is_due(Step.FROZEN):
                trap.step = Step.SLOW  # once; nothing looks for that one
                self.flush(FLUSHED_WITHIN_S)
                freeze()

        def commit_transaction(self, *arguments: Any) -> None:
            if trap.is_due(Step.COMMIT_SENT):
                self.flush(FLUSHED_WITHIN_S)
                commit = threading.Thread(target=super().commit_transaction, args=arguments)
                commit.start()
                time.sleep(random.random() * COMMIT_S)  # noqa: S311
                die()
            super().commit_transaction(*arguments)
            if trap.is_due(Step.COMMITTED):
                die()

    return Doomed


def at_least_once(trap: Trap) -> type[publisher.AtLeastOnce]:
    """A way to publish that ends its process between sending and committing, in either order."""

    class Doomed(publisher.AtLeastOnce):
        def _deliver(self) -> None:
            super()._deliver()
            if trap.is_due(Step.SENT_NOT_COMMITTED):
                die()

        def publish(
            self, outcome: batch.Outcome, offsets: list[TopicPartition], member: Any
        ) -> None:
            if trap.step is Step.COMMITTED_NOT_SENT:
                self._consumer.commit(offsets=offsets, asynchronous=False)
                if trap.is_due(Step.COMMITTED_NOT_SENT):
                    die()
            super().publish(outcome, offsets, member)

    return Doomed


def slow(trap: Trap, score: Callable[..., batch.Outcome], seconds: float) -> Callable[..., Any]:
    """Scoring that once takes that long."""

    def scored(records: Sequence[Any], *arguments: Any) -> batch.Outcome:
        if trap.is_due(Step.SLOW):
            trap.step = Step.BEGUN  # once; nothing looks for that one
            print(SPRINGS, flush=True)  # noqa: T201
            time.sleep(seconds)
        return score(records, *arguments)

    return scored


def reversed_after(trap: Trap, score: Callable[..., batch.Outcome]) -> Callable[..., Any]:
    """Scoring whose answers come in the wrong order from some batch on."""

    def scored(*arguments: Any) -> batch.Outcome:
        outcome = score(*arguments)
        if trap.is_due(Step.REVERSED):
            outcome.predictions.reverse()
        return outcome

    return scored


def main() -> None:
    """Set the trap, and run the worker."""
    trap = Trap(os.environ[VARIABLE])
    if trap.step in {*STEPS, Step.FROZEN}:
        sending.Producer = producer(trap)  # type: ignore[attr-defined]
    elif trap.step is Step.SLOW:
        poll_s = int(os.environ["KAFKA_MAX_POLL_INTERVAL_MS"]) / 1000
        batch.score = slow(trap, batch.score, 1.5 * poll_s)
    elif trap.step is Step.REVERSED:
        batch.score = reversed_after(trap, batch.score)
    else:
        publisher.AtLeastOnce = at_least_once(trap)  # type: ignore[misc]
    sys.argv = ["faust", "-A", "stream.app", "worker", "-l", "info"]
    runpy.run_module("faust", run_name="__main__")


if __name__ == "__main__":
    main()
