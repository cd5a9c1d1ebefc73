"""Producers and consumers for the commands, and the address they go to."""

import sys
import time
from dataclasses import dataclass
from typing import Annotated, Any, Final, NoReturn

import typer
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer

from cli.broker import running
from cli.embedded import jars
from cli.unavailable import BrokerUnavailable
from stream.clients import build
from titanic_model.settings import given_bootstrap_servers, kafka_settings

ANSWERS_WITHIN_S: Final = 5.0
# A flush goes on while it gets anywhere; this long without is the end of it.
STUCK_AFTER_S: Final = 10.0

BootstrapServers = Annotated[
    str | None,
    typer.Option(
        envvar="KAFKA_BOOTSTRAP_SERVERS",
        show_default="the broker that `titanic up` or `titanic broker` runs",
        help="Kafka's address.",
    ),
]


def address(given: str | None) -> str:
    """The given broker, else the one that runs on this machine. Raises `BrokerUnavailable`."""
    if found := given or given_bootstrap_servers() or running():
        return found
    start = "start one with 'titanic up', or " if jars.installed() else ""
    raise BrokerUnavailable(f"no broker runs here: {start}name yours with KAFKA_BOOTSTRAP_SERVERS")


def producer(servers: str, **more: Any) -> Producer:
    """A producer that partitions as Java does and loses nothing. Raises `BrokerUnavailable`."""
    properties = {
        "partitioner": "murmur2_random",
        "enable.idempotence": "true",
        "linger.ms": "5",
        "queue.buffering.max.messages": "1000000",
        "message.max.bytes": "10485760",
        **kafka_settings(),
        "bootstrap.servers": servers,
        **more,
    }
    # the worker may share our environment; nothing here begins a transaction
    properties.pop("transactional.id", None)
    client = build(Producer, properties, _ignore)
    _must_answer(client, servers)
    return client


def consumer(servers: str, group: str, **more: Any) -> Consumer:
    """A reader of committed records that leaves no trace. Raises `BrokerUnavailable`."""
    properties = {
        **kafka_settings(),
        "bootstrap.servers": servers,
        "group.id": group,
        "enable.auto.commit": "false",
        "isolation.level": "read_committed",
        "fetch.queue.backoff.ms": "10",
        **more,
    }
    client = build(Consumer, properties, _ignore)
    _must_answer(client, servers)
    return client


@dataclass
class Deliveries:
    """A delivery callback that counts what Kafka has taken, and keeps why it took one not."""

    count: int = 0
    failure: str | None = None

    def __call__(self, error: KafkaError | None, _: Message) -> None:
        """Take note of one event."""
        if error is None:
            self.count += 1
        else:
            self.failure = self.failure or error.str()


def flush(producer: Producer) -> int:
    """Wait for Kafka to take what is queued, as long as it takes any; returns what is left."""
    left, deadline = len(producer), time.monotonic() + STUCK_AFTER_S
    while left and time.monotonic() < deadline:
        if (now := producer.flush(0.2)) < left:
            left, deadline = now, time.monotonic() + STUCK_AFTER_S
    return left


def _must_answer(client: Producer | Consumer, servers: str) -> None:
    try:
        client.list_topics(timeout=ANSWERS_WITHIN_S)
    except KafkaException as error:
        raise BrokerUnavailable(
            f"no broker answers at {servers} ({error.args[0].str()}); "
            "is it running, and is KAFKA_BOOTSTRAP_SERVERS right?"
        ) from None


def _ignore(_: KafkaError) -> None:
    """The calls that fail say what is wrong; librdkafka goes on trying meanwhile."""


def say(command: str, reason: object) -> None:
    """One line on stderr for what a command has met with."""
    if isinstance(reason, KafkaException):
        reason = f"Kafka: {reason.args[0].str()}"
    print(f"titanic {command}: {reason}", file=sys.stderr)  # noqa: T201


def fail(command: str, reason: object, code: int = 1) -> NoReturn:
    """Say what stops a command, and end it."""
    say(command, reason)
    raise typer.Exit(code)
