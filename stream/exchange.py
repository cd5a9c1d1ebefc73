"""The one Kafka thread: poll a batch, have it scored, publish its outcome and offsets together.

Every call to the consumer is made by this thread, and so are those to the producer but for its
transactions' steps, which its `hand` makes. The next batch may be polled and scored while the last
one is committed: the offsets of that one are with the broker, as those of the membership that it
was read by, and whoever reads its partitions next waits for the end of its transaction (KIP-447).
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing

from confluent_kafka import KafkaException

from stream.answering import Answering
from stream.batch import Limits, Outcome
from stream.clients import check_timeouts, consumer_properties, producer_properties
from stream.errors import Errors
from stream.intake import Intake
from stream.lag import Lag
from stream.patience import Patience, Stopped
from stream.publisher import AtLeastOnce, Publisher, Transactional
from stream.record import Record
from stream.slots import Slot
from stream.status import State, Status
from stream.upkeep import Upkeep
from titanic_model.settings import Settings, kafka_settings

log = logging.getLogger("stream.exchange")


class Exchange:
    """Reads events and publishes their outcome until `stopping` is set.

    `score` turns records into their outcome, within what the output topics take; it may block, and
    must not raise for a bad record.
    """

    def __init__(
        self,
        settings: Settings,
        score: Callable[[Sequence[Record], Limits], Outcome],
        stopping: threading.Event,
    ) -> None:
        self.status = Status()
        self._settings = settings
        self._score = score
        self._stopping = stopping
        servers = kafka_settings()["bootstrap.servers"]
        self._errors = Errors(servers)
        self._kafka = Patience(f"Kafka at {servers}", stopping, log, self.status.waiting)
        # For a batch that is undone again and again, while Kafka answers all else.
        self._again = Patience(f"Kafka at {servers}", stopping, log, self.status.waiting)
        self._slot: Slot | None = None
        self._upkeep = Upkeep(settings, self._errors, self._kafka, stopping)

    def run(self) -> None:
        """The thread's whole life. Raises what no retry can mend; `stopping` ends it."""
        try:
            if self._settings.processing_guarantee == "exactly_once":
                check_timeouts()
            self._upkeep.begin()
            name = self._own_name()
            # The publisher is there before the group is joined, so that no partition waits for it,
            # and lets go before the group is left, so that the next reader finds nothing open.
            with (
                closing(self._intake(name)) as intake,
                closing(self._publisher(intake, name)) as publisher,
            ):
                self._read(intake, publisher)
        except Stopped:
            pass
        finally:
            self.status.state = State.STOPPED
            if self._slot:
                self._slot.close()

    def _read(self, intake: Intake, publisher: Publisher) -> None:
        lag = Lag(intake)
        answering = Answering(
            topic=self._settings.passengers_topic,
            rewind=intake.rewind,
            publisher=publisher,
            score=self._score,
            upkeep=self._upkeep,
            lag=lag,
            kafka=self._kafka,
            again=self._again,
            confirmed=self._is_back,
        )
        intake.subscribe()
        while not self._stopping.is_set():
            self.status.alive()
            self._let_events_gather(answering.confirmed_at)
            batch = intake.gather()
            if batch is None:
                answering.settle()
                self._look_for_kafka(intake)
                self._upkeep.replace_lost_topic(intake)
            else:
                answering.answer(batch)
            lag.show(self.status.partitions)
        answering.settle()

    def _own_name(self) -> str | None:
        """What no other worker's transactions are called; at least once there are none."""
        if self._settings.processing_guarantee == "at_least_once":
            return None
        self._slot = Slot(consumer_properties()["group.id"])
        return producer_properties().get("transactional.id", self._slot.transactional_id)

    def _intake(self, name: str | None) -> Intake:
        name = name if self._settings.static_membership else None
        return Intake(self._settings, self.status, self._errors, name)

    def _publisher(self, intake: Intake, name: str | None) -> Publisher:
        if name is None:
            return AtLeastOnce(self._settings, self._upkeep.limits, intake.consumer, self._kafka)
        return Transactional(self._settings, self._upkeep.limits, name, self._kafka)

    def _let_events_gather(self, since: float) -> None:
        gather_for_s = since + self._settings.batch_wait_ms / 1000 - time.monotonic()
        if gather_for_s > 0:
            self._stopping.wait(gather_for_s)

    def _look_for_kafka(self, intake: Intake) -> None:
        """After the client lost brokers: ask until one answers, and say so."""
        if not self._errors.out_of_reach and self.status.state is not State.WAITING:
            return
        try:
            intake.ask()
        except KafkaException as error:
            self._kafka.wait(error.args[0].str())
        else:
            self._is_back()

    def _is_back(self) -> None:
        self._errors.out_of_reach = False
        self._kafka.rewarded()
        if self.status.state is State.WAITING:
            self.status.reading_or_joining()
