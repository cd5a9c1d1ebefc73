"""`titanic reconcile`: every event has exactly one answer, in order, and the right one."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Annotated, Final

import typer
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from cli import kafka
from cli.moment import parse_moment
from cli.reading import NotRead
from cli.reconcile import report
from cli.reconcile.run import Progress, Question, Result, reconcile_topics
from cli.unavailable import BrokerUnavailable
from stream.clients import build, consumer_properties
from titanic_model.releases import NoRelease, ReleaseRefused, Releases, StoreUnavailable
from titanic_model.scorer import Answer
from titanic_model.settings import BadSetting, kafka_settings, settings

DIFFERENCES: Final = 1
NOT_READ: Final = 2
STOPPED: Final = 130
# A reader of its own, where no group is asked about.
NO_GROUP: Final = "titanic-reconcile"


def reconcile(
    *,
    since: Annotated[
        int | None,
        typer.Option(
            parser=parse_moment, metavar="TIME", help="From the first event of that time or later."
        ),
    ] = None,
    until: Annotated[
        int | None,
        typer.Option(
            parser=parse_moment,
            metavar="TIME",
            help="To the first event of that time or later, without it.",
        ),
    ] = None,
    starts: Annotated[
        list[str] | None,
        typer.Option("--from", metavar="PARTITION/OFFSET", help="Repeat it for more partitions."),
    ] = None,
    ends: Annotated[
        list[str] | None,
        typer.Option("--to", metavar="PARTITION/OFFSET", help="The first offset that is left out."),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            help="The workers' group, whose lag must be 0; empty: none is asked about.",
            show_default="KAFKA_GROUP_ID, else titanic-scorer",
        ),
    ] = None,
    wait: Annotated[
        float, typer.Option(min=0, help="Seconds that the group is given to come to the end.")
    ] = 10,
    as_json: Annotated[
        bool, typer.Option("--json", help="For scripts: JSON on standard output.")
    ] = False,
    releases: Annotated[
        str | None,
        typer.Option(
            metavar="PATH|URL",
            help="The release store.",
            show_default="TITANIC_RELEASES, else ./releases",
        ),
    ] = None,
    bootstrap_servers: kafka.BootstrapServers = None,
) -> None:
    """Prove that every event has exactly one answer: the right one, in the order
    of its key.

    Reads the events that are there when it begins (or a part of them), then all
    predictions and dead letters, read committed. Each prediction must be what
    the release that it names says of its event; each dead letter must be its
    event byte for byte, and the event invalid. What has expired is told, and
    not taken for lost. Needs some 30 bytes of memory for each event.

    Exit codes: 0 reconciled; 1 there are differences, of which the first are
    shown; 2 something could not be read.

    titanic reconcile
    titanic reconcile --since 2026-11-24T15:00 --group titanic-scorer
    titanic reconcile --from 3/1000 --to 3/2000 --json | jq .counts
    """
    try:
        asked = Question(
            group=consumer_properties()["group.id"] if group is None else group or None,
            wait_s=wait,
            since_ms=since,
            until_ms=until,
            starts=_offsets(starts or [], "--from"),
            ends=_offsets(ends or [], "--to"),
        )
        store = Releases(releases or settings().releases)
        store.ids()  # is it there? else that is known before all events are read
        servers = kafka.address(bootstrap_servers)
        with _progress() as show:
            result = _run(servers, asked, store, show)
    except KeyboardInterrupt:
        kafka.fail("reconcile", "stopped; nothing is proved", STOPPED)
    except (
        BrokerUnavailable,
        BadSetting,
        KafkaException,
        NotRead,
        StoreUnavailable,
    ) as reason:
        kafka.fail("reconcile", reason, NOT_READ)
    if as_json:
        typer.echo(report.as_json(result))
    else:
        for line in report.lines(result):
            typer.echo(line)
    if result.findings:
        raise typer.Exit(DIFFERENCES)
    if report.nothing_compared(result):
        raise typer.Exit(NOT_READ)


def _run(servers: str, asked: Question, store: Releases, show: Progress) -> Result:
    reader = kafka.consumer(
        servers,
        asked.group or NO_GROUP,
        **{
            "enable.partition.eof": "true",
            # What is fetched ahead would else be more than what is kept: 100,000 a partition.
            "queued.min.messages": "20000",
            "queued.max.messages.kbytes": "32768",
            # What expires while it is read would else be passed over in silence.
            "auto.offset.reset": "error",
        },
    )
    admin = build(AdminClient, {**kafka_settings(), "bootstrap.servers": servers})
    with closing(reader):
        return reconcile_topics(
            admin,
            reader,
            settings(),
            asked,
            releases=lambda version: _answers(store, version),
            progress=show,
        )


def _answers(store: Releases, version: str) -> Sequence[Answer] | None:
    """What a release says of every input; None, and a line on stderr, when it can't be told."""
    try:
        return store.load(version)[1].answers
    except (NoRelease, ReleaseRefused) as reason:
        kafka.say("reconcile", reason)
        return None


def _offsets(texts: list[str], option: str) -> dict[int, int]:
    found = {}
    for text in texts:
        partition, _, offset = text.partition("/")
        if not (partition.isdecimal() and offset.isdecimal()):
            raise NotRead(f"{option} {text}: PARTITION/OFFSET is expected, such as 3/1000")
        found[int(partition)] = int(offset)
    return found


@contextmanager
def _progress() -> Iterator[Progress]:
    bar = Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    tasks = {}

    def show(what: str, done: int, total: int) -> None:
        if what not in tasks:
            tasks[what] = bar.add_task(what, total=total)
        bar.update(tasks[what], completed=done)

    with bar:
        yield show
