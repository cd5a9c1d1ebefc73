"""What the commands about dead letters share: which letters, which Kafka, how they end."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Annotated, Any, Final

import typer
from confluent_kafka import Consumer, IsolationLevel, KafkaException
from confluent_kafka.admin import AdminClient

from cli import kafka
from cli.dlq.wanted import BadSource, Wanted, source_of
from cli.moment import parse_moment
from cli.reading import NotRead, records, whole
from cli.span import Span
from cli.unavailable import BrokerUnavailable
from stream.clients import build
from stream.dead_letters import Letter, NoDeadLetter, Origin, origin_of, read
from titanic_model.passenger import Reason
from titanic_model.settings import BadSetting, kafka_settings, settings

WRONG: Final = 2
STOPPED: Final = 130
# Nothing of this group is kept: partitions are assigned, not subscribed to.
READER: Final = "titanic-dlq"

Reasons = Annotated[
    list[Reason] | None,
    typer.Option("--reason", help="Only those of this reason; it may be repeated."),
]
Since = Annotated[
    int | None,
    typer.Option(parser=parse_moment, metavar="TIME", help="Only events of that time or later."),
]
Until = Annotated[
    int | None, typer.Option(parser=parse_moment, metavar="TIME", help="Only events before it.")
]
From = Annotated[
    str | None,
    typer.Option(
        "--source",
        metavar="TOPIC[/PARTITION[/OFFSET]]",
        help="Only events from there, or that one.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="For scripts: JSON on standard output.")]


class NoLetter(LookupError):
    """There is no such dead letter; the message says where it was looked for."""


class Desk:
    """Kafka, for the commands about dead letters, and where the letters are."""

    def __init__(self, servers: str) -> None:
        self.properties: dict[str, Any] = {**kafka_settings(), "bootstrap.servers": servers}
        self.topic = settings().dead_letters_topic
        self.reader: Consumer = kafka.consumer(
            servers, READER, **{"enable.partition.eof": "true", "auto.offset.reset": "error"}
        )
        self.admin = build(AdminClient, self.properties)

    def spans(self) -> list[Span]:
        """All letters that are there now."""
        return whole(self.admin, self.topic, IsolationLevel.READ_COMMITTED)

    def letters(self, spans: list[Span]) -> Iterator[tuple[Origin, Letter | NoDeadLetter]]:
        """The letters and their places; what is none comes as the reason why."""
        ends = {span.partition: span.end for span in spans}
        for batch in records(self.reader, spans):
            for record in batch:
                place = origin_of(record)
                if place.offset >= ends[place.partition]:
                    continue
                try:
                    yield place, read(record)
                except NoDeadLetter as reason:
                    yield place, reason


@contextmanager
def desk(command: str, bootstrap_servers: str | None) -> Iterator[Desk]:
    """What stops a command is one line, and an exit code: 2."""
    command = f"dlq {command}"
    try:
        opened = Desk(kafka.address(bootstrap_servers))
        with closing(opened.reader):
            yield opened
    except KeyboardInterrupt:
        kafka.fail(command, "stopped", STOPPED)
    except (
        BadSetting,
        BadSource,
        BrokerUnavailable,
        KafkaException,
        NoLetter,
        NotRead,
    ) as reason:
        kafka.fail(command, reason, WRONG)


def wanted(
    reasons: list[Reason] | None, since: int | None, until: int | None, source: str | None
) -> Wanted:
    """What was asked for. Raises `BadSource`."""
    return Wanted(frozenset(reasons or ()), since, until, source_of(source) if source else None)
