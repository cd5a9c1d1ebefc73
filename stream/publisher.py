"""Publishing a batch's outcome together with the offsets it came from.

`Transactional` does so in one Kafka transaction: readers of `read_committed` see all of it or
nothing. `AtLeastOnce` waits for the broker's word on every record and then commits the offsets.
Both raise `Undone` when the batch has to be read again, and are then ready for the next one. The
last batch is settled before the next is published, and the next read and scored meanwhile.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from typing import Any, Final, Protocol

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from stream.batch import Limits, Outcome
from stream.clients import producer_properties
from stream.hand import Hand
from stream.patience import Patience, Stopped
from stream.sending import QueueStuck, Refused, drop, producer, send, text_of
from titanic_model.settings import Settings

log = logging.getLogger("stream.publisher")

# How long one call may wait before it looks at its deadline again.
CALL_TIMEOUT_S: Final = 5.0
# How long a step is repeated while Kafka says that it may be; then the producer is replaced.
# A broker ends a transaction after that time anyway (`transaction.timeout.ms`).
STEP_DEADLINE_S: Final = 10.0
# What a call may take on top of its own limit before the producer is given up.
GRACE_S: Final = 0.5


class Undone(Exception):
    """Nothing of the batch counts: read it again from the committed offsets."""


class Publisher(Protocol):
    """What the exchange needs of a way to publish."""

    def publish(self, outcome: Outcome, offsets: list[TopicPartition], member: Any) -> None:
        """Publish the outcome with the offsets of the group's `member`, or raise `Undone`."""

    def settle(self) -> None:
        """Wait until what was published counts, or raise `Undone`."""

    def renew(self, limits: Limits) -> None:
        """A new producer, since topics are new or take records of another size."""

    def close(self) -> None:
        """Let go of the producer."""


class Transactional:
    """Exactly once: predictions, dead letters and offsets in one transaction.

    `patience` waits between the attempts where Kafka does not answer; it may raise `Stopped`. If
    the transaction cannot be aborted then, it is left to the next producer of the same id.
    """

    def __init__(
        self, settings: Settings, limits: Limits, transactional_id: str, patience: Patience
    ) -> None:
        self._settings = settings
        self._own = {"transactional.id": transactional_id}
        self._limits = limits
        self._patience = patience
        self._start()

    def _start(self) -> None:
        """A new producer; its first act ends what an earlier one of the same id left open."""
        while True:
            self._hand = Hand()
            self._refused = Refused()
            self._reach = Reach()
            properties = self._own | producer_properties(min(self._limits))
            self._producer = producer(properties, self._refused, self._reach)
            try:
                self._persist(self._producer.init_transactions)
            except (KafkaException, NoAnswer) as error:
                self._patience.wait(f"transactions cannot be started ({text_of(error)})")
                self.close()
            else:
                self._reaches()  # what was lost before it began counts for nothing
                self._reach.lost = False
                self._patience.rewarded()
                return

    def renew(self, limits: Limits) -> None:
        """As `Publisher` says."""
        self._limits = limits
        self._replace("the topics are not what they were")

    def _reaches(self) -> bool:
        self._producer.poll(0)  # for what it has to say
        return not self._reach.lost

    def publish(self, outcome: Outcome, offsets: list[TopicPartition], member: Any) -> None:
        """One transaction. A stale `member` is refused by the broker, and the batch undone.

        The offsets are sent while the records are, and count with the transaction alone.
        """
        if not self._reaches():
            self._replace("it had lost every broker")
        self._refused.clear()
        with self._undoing():
            self._producer.begin_transaction()
            step = self._producer.send_offsets_to_transaction, offsets, member
            begun = self._begin(*step)
            send(self._producer, outcome, self._settings)
            self._persist(*step, begun=begun)
            self._commit = self._begin(self._producer.commit_transaction)

    def settle(self) -> None:
        """The end of the commit that `publish` began."""
        with self._undoing():
            self._persist(self._producer.commit_transaction, begun=self._commit)

    @contextlib.contextmanager
    def _undoing(self) -> Iterator[None]:
        try:
            yield
        except (KafkaException, QueueStuck, NoAnswer) as error:
            self._undo(error)
            raise Undone(self._refused.text or text_of(error)) from None
        except Stopped:
            self._abort_at_once()
            raise

    def _persist(
        self, step: Callable[..., None], *arguments: Any, begun: Future[None] | None = None
    ) -> None:
        """Take a step, and again while Kafka says that it may be repeated, up to a deadline.

        It may have `begun`.
        """
        deadline = time.monotonic() + STEP_DEADLINE_S
        while True:
            try:
                return self._end(begun or self._begin(step, *arguments), step.__name__)
            except KafkaException as error:
                if not error.args[0].retriable() or time.monotonic() > deadline:
                    raise
                begun = None
                self._patience.wait(text_of(error))

    def _begin(self, step: Callable[..., None], *arguments: Any) -> Future[None]:
        return self._hand.call(step, *arguments, CALL_TIMEOUT_S)

    def _end(self, taken: Future[None], name: str) -> None:
        """Wait for a step's end. Raises `NoAnswer` when it has not returned after it should."""
        if taken not in wait([taken], CALL_TIMEOUT_S + GRACE_S).done:
            raise NoAnswer(f"{name} does not return")
        taken.result()

    def _undo(self, error: Exception) -> None:
        """Abort; where that is impossible or its end unknown, replace the producer.

        A commit or abort that timed out may yet succeed. The new producer's start settles it:
        the transaction is then either in the committed offsets or gone.
        """
        fatal = isinstance(error, KafkaException) and error.args[0].fatal()
        if not fatal and not isinstance(error, NoAnswer) and self._is_free():
            with contextlib.suppress(KafkaException, NoAnswer):
                self._persist(self._producer.abort_transaction)
                return
        self._replace(text_of(error))

    def _abort_at_once(self) -> None:
        """Readers of `read_committed` would else wait for the end of the transaction's time."""
        if self._is_free():
            with contextlib.suppress(KafkaException, NoAnswer):
                self._end(self._begin(self._producer.abort_transaction), "abort_transaction")

    def _is_free(self) -> bool:
        """Whether another step can be taken: the last may still be under way."""
        return self._hand.returns_within(CALL_TIMEOUT_S + GRACE_S)

    def _replace(self, why: str) -> None:
        log.warning("the Kafka producer is replaced: %s", why)
        self.close()
        self._start()

    def close(self) -> None:
        """Let go of what has not been sent; a producer that hangs in a call is left to itself."""
        if not self._hand.hangs:
            drop(self._producer)
        self._hand.close()


class AtLeastOnce:
    """Lower latency: an event is answered at least once, and after a failure maybe again."""

    def __init__(
        self, settings: Settings, limits: Limits, consumer: Consumer, patience: Patience
    ) -> None:
        self._settings = settings
        self._limits = limits
        self._consumer = consumer
        self._patience = patience
        self._start()

    def _start(self) -> None:
        """A new producer, and an ear for it that hears nothing of an earlier one's records."""
        self._refused = Refused()
        properties = producer_properties(min(self._limits))
        properties.pop("transactional.id", None)
        self._producer = producer(properties, self._refused, _debug)

    def renew(self, limits: Limits) -> None:
        """As `Publisher` says."""
        self._limits = limits
        self.close()
        self._start()

    def publish(
        self,
        outcome: Outcome,
        offsets: list[TopicPartition],
        member: Any,  # noqa: ARG002 - the consumer knows its own membership
    ) -> None:
        """Send, wait until all of it is delivered, then commit the offsets.

        At once: by a later poll the partitions may be another's, and it further than these offsets.
        """
        self._refused.clear()
        try:
            send(self._producer, outcome, self._settings)
            self._deliver()
            self._consumer.commit(offsets=offsets, asynchronous=False)
        except (KafkaException, QueueStuck) as error:
            reason = self._refused.text or text_of(error)
            # What is stuck is purged in the background: records queued behind it would be, too.
            if isinstance(error, QueueStuck) or error.args[0].fatal():
                log.warning("the Kafka producer is replaced: %s", text_of(error))
                self.close()
                self._start()
            raise Undone(reason) from None

    def settle(self) -> None:
        """Nothing is left to wait for."""

    def _deliver(self) -> None:
        deadline = time.monotonic() + STEP_DEADLINE_S
        while left := self._producer.flush(CALL_TIMEOUT_S):
            if time.monotonic() > deadline:
                raise QueueStuck(f"{left:,} records were not taken in time")
            self._patience.wait(f"{left:,} records are not taken yet")
        if self._refused.error:
            raise KafkaException(self._refused.error)

    def close(self) -> None:
        """Let go of what has not been sent."""
        drop(self._producer)


class NoAnswer(TimeoutError):
    """A call of the producer's did not return."""


class Reach:
    """Whether a producer has lost every broker since it was made; hears what it says of itself.

    Once they are back, its `send_offsets_to_transaction` hangs on the group's coordinator that it
    remembers (librdkafka #5511): after each of five kills of a broker, for as long as was waited.
    """

    lost = False

    def __call__(self, error: KafkaError) -> None:
        """What a producer says."""
        self.lost |= error.code() == KafkaError._ALL_BROKERS_DOWN
        _debug(error)


def _debug(error: KafkaError) -> None:
    # What matters reaches us as the failure of a call; the consumer tells of the connection.
    log.debug("producer: %s", error.str())
