"""Producers and consumers for the commands, and the address they go to."""

import sys
from typing import Annotated, Any, Final

import typer
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer

from cli.broker import running
from cli.unavailable import BrokerUnavailable
from stream.clients import build
from titanic_model.settings import given_bootstrap_servers, kafka_settings

ANSWERS_WITHIN_S: Final = 5.0

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
    raise BrokerUnavailable(
        "no broker runs here: start one with 'titanic up', or name yours with "
        "KAFKA_BOOTSTRAP_SERVERS"
    )


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


def delivered(failures: list[str]) -> Any:
    """A delivery callback that collects what went wrong."""

    def on_delivery(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            failures.append(error.str())

    return on_delivery


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


def fail(command: str, reason: object, code: int = 1) -> typer.Exit:
    """One line on stderr for what stops a command; raise what this returns."""
    print(f"titanic {command}: {reason}", file=sys.stderr)  # noqa: T201
    return typer.Exit(code)
