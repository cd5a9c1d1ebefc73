"""Topics while a worker runs: created where they are absent, also when somebody deletes them, and
looked at again for the sizes that they take.
"""

import logging
import threading
import time
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from stream import topics
from stream.batch import Limits
from stream.clients import build
from stream.errors import Errors
from stream.intake import Intake
from stream.patience import Patience
from stream.publisher import Publisher
from titanic_model.settings import Settings, kafka_settings

log = logging.getLogger("stream.upkeep")

# By then the other workers have noticed that the topic is gone, too, and Kafka has forgotten what
# the group had committed of it.
FORGOTTEN_AFTER_S: Final = 3.0
# How soon it is noticed that a topic takes larger records than before.
LOOK_AGAIN_S: Final = 5.0


class Upkeep:
    """The topics' keeper, in the Kafka thread. Raises `Stopped` out of whatever waits."""

    # The largest records that the output topics take, as of the last look.
    limits: Limits

    def __init__(
        self, settings: Settings, errors: Errors, kafka: Patience, stopping: threading.Event
    ) -> None:
        self._settings = settings
        self._errors = errors
        self._kafka = kafka
        self._stopping = stopping
        self._looked_at = 0.0
        # Whether topics were made anew since the producer was.
        self._anew = False

    def begin(self) -> None:
        """Create what is absent, as soon as Kafka is there."""
        self._admin = build(AdminClient, kafka_settings(), self._errors)
        while True:
            try:
                self._create_absent(logging.INFO)
                self.limits = topics.limits(self._admin, self._settings)
            except KafkaException as error:
                self._admin.poll(0)  # for what the client has to say, such as a wrong password
                self._kafka.wait(error.args[0].str())
            else:
                self._kafka.rewarded()
                return

    def take_more_now(self, publisher: Publisher) -> bool:
        """Whether the topics take other sizes than when they were looked at, some time ago."""
        before = self.limits
        if time.monotonic() > self._looked_at + LOOK_AGAIN_S:
            self.look(publisher)
        return self.limits != before

    def look(self, publisher: Publisher) -> None:
        """Somebody may have changed or deleted them, which would be why a batch was refused."""
        self._looked_at = time.monotonic()
        try:
            self._anew |= self._create_absent(logging.WARNING)
            limits = topics.limits(self._admin, self._settings)
        except KafkaException as error:
            log.warning("the topics cannot be looked at: %s", error.args[0].str())
            return
        if self._anew or limits != self.limits:
            self._anew, self.limits = False, limits
            publisher.renew(limits)

    def replace_lost_topic(self, intake: Intake) -> None:
        """After the client lost its topic: make it anew, and begin at its beginning."""
        if not self._errors.topic_missing:
            return
        if intake.has_read:
            # Neither the client's position nor what the group has committed is one in a new topic.
            intake.leave()
            self._stopping.wait(FORGOTTEN_AFTER_S)
        while True:  # the client does not say again that it is missing
            try:
                self._create_absent(logging.WARNING)
            except KafkaException as error:
                self._kafka.wait(f"a topic is gone and cannot be made anew: {error.args[0].str()}")
            else:
                break
        self._kafka.rewarded()
        self._errors.topic_missing = False
        if intake.has_read:
            intake.subscribe()

    def _create_absent(self, level: int) -> bool:
        created = topics.ensure(self._admin, self._settings)
        for name in created:
            log.log(level, "topic %s was not there: created", name)
        return bool(created)
