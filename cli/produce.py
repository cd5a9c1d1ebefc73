"""`titanic produce`: passengers from a file, a pipe or history onto the topic."""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from confluent_kafka import KafkaException, Producer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli import kafka
from cli.events import Event, Format, NoEvents, of_real, read
from cli.unavailable import BrokerUnavailable
from titanic_model.settings import BadSetting, settings


class NotDelivered(Exception):
    """Kafka did not take all events; the message says how many and why."""


class Stopped(Exception):
    """Ctrl-C while events were sent; the message says how many Kafka has."""


def produce(
    *,
    file: Annotated[
        str | None, typer.Argument(help="A CSV or JSON lines file; - is standard input.")
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="The 1,309 real passengers.")] = False,
    rate: Annotated[
        float | None, typer.Option(min=0.001, help="Events a second; unset: as fast as it goes.")
    ] = None,
    form: Annotated[
        Format | None, typer.Option("--format", show_default="by the name or the first line")
    ] = None,
    bootstrap_servers: kafka.BootstrapServers = None,
) -> None:
    """Send passengers as events to `passengers`.

    A CSV needs the columns sex and pclass, and may have age and passenger_id.
    JSON lines are sent as they stand, good or bad.

        titanic produce --demo --rate 100
        titanic produce people.csv
        jq -c '.[]' people.json | titanic produce -
    """
    if demo == (file is not None):
        kafka.fail("produce", "name a file, or - for standard input, or give --demo", 2)
    try:
        with ExitStack() as stack:
            source = _passengers() if demo else _file(str(file), form, stack)
            servers = kafka.address(bootstrap_servers)
            sent = send(source, servers, rate, total=1309 if demo else None)
    except Stopped as how_far:
        kafka.fail("produce", how_far, 130)
    except KeyboardInterrupt:
        kafka.fail("produce", "stopped; nothing was sent", 130)
    except UnicodeDecodeError as error:
        kafka.fail("produce", f"{file}: not UTF-8 text ({error.reason})")
    except (BrokerUnavailable, BadSetting, NoEvents, NotDelivered, OSError) as reason:
        kafka.fail("produce", reason)
    typer.echo(f"{sent:,} events sent to {settings().passengers_topic} at {servers}", err=True)


def send(source: Iterator[Event], servers: str, rate: float | None, total: int | None) -> int:
    """Send all events and wait until Kafka has them. Raises `NotDelivered` and `Stopped`."""
    deliveries = kafka.Deliveries()
    producer = kafka.producer(servers, on_delivery=deliveries)
    progress = Progress(
        TextColumn("sending"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    sent = 0
    try:
        try:
            with progress:
                task = progress.add_task("sending", total=total)
                for event in paced(source, rate):
                    _queue(producer, event)
                    sent += 1
                    progress.update(task, completed=sent)
        finally:
            kafka.flush(producer)
    except KafkaException as error:
        raise NotDelivered(
            f"event {sent + 1:,} was not taken, {deliveries.count:,} are delivered: "
            f"{error.args[0].str()}"
        ) from None
    except KeyboardInterrupt:
        unknown = f", of {left:,} it is not known" if (left := len(producer)) else ""
        raise Stopped(f"stopped; {deliveries.count:,} events are delivered{unknown}") from None
    if lost := sent - deliveries.count:
        why = deliveries.failure or "Kafka did not answer in time"
        raise NotDelivered(f"{lost:,} of {sent:,} events were not delivered: {why}")
    return sent


def _queue(producer: Producer, event: Event) -> None:
    while True:
        try:
            producer.produce(settings().passengers_topic, event.value, event.key)
            producer.poll(0)
        except BufferError:
            producer.poll(0.1)
        else:
            return


def paced(source: Iterator[Event], rate: float | None) -> Iterator[Event]:
    """The events at so many a second, evenly; a late one does not delay those after it."""
    started = time.monotonic()
    for number, event in enumerate(source):
        if rate and (early_s := started + number / rate - time.monotonic()) > 0:
            time.sleep(early_s)
        yield event


def _file(name: str, form: Format | None, stack: ExitStack) -> Iterator[Event]:
    if name == "-":
        # as a file is read, whatever the locale says
        stdin = open(0, encoding="utf-8-sig", newline="", closefd=False)  # noqa: SIM115 - as below
        return read(stack.enter_context(stdin), "standard input", form)
    try:
        source = Path(name).open(encoding="utf-8-sig", newline="")  # noqa: SIM115 - the stack has it
    except OSError as error:
        raise NoEvents(f"{name}: {error.strerror}") from None
    return read(stack.enter_context(source), name, form)


def _passengers() -> Iterator[Event]:
    try:
        from training.dataset import passengers  # noqa: PLC0415 - serving has no scikit-learn
    except ModuleNotFoundError as error:
        raise NoEvents(
            f"the real passengers come with the training extra, which is not installed ({error})"
        ) from None
    yield from map(of_real, passengers())
