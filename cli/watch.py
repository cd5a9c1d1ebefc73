"""`titanic watch`: predictions as they arrive, a table for people and JSON lines for pipes."""

import os
import select
import sys
import time
import uuid
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Annotated, Final, Literal

import msgspec
import typer
from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cli import kafka
from cli.plain import plain
from cli.unavailable import BrokerUnavailable
from titanic_model.passenger import MAX_ID_CHARACTERS
from titanic_model.settings import BadSetting, settings

ROWS: Final = 15
REDRAWS_A_SECOND: Final = 8
MAX_RECORDS: Final = 1_000
# They are not about what is read: there is no group to have a right to, and an end is no error.
HARMLESS: Final = {KafkaError.GROUP_AUTHORIZATION_FAILED, KafkaError._PARTITION_EOF}


class Seen(msgspec.Struct):
    """What the table shows of a prediction."""

    passenger_id: str | None
    survived: Literal[0, 1]
    probability: Annotated[float, msgspec.Meta(ge=0, le=1)]
    model_version: str
    event: str | None = None


def watch(
    *,
    beginning: Annotated[
        bool, typer.Option("--from-beginning", help="All there is, not only what comes from now.")
    ] = False,
    most: Annotated[
        int | None, typer.Option("--max", "-n", min=1, help="End after so many predictions.")
    ] = None,
    idle: Annotated[
        float | None, typer.Option(min=0.1, help="End after so many seconds without a prediction.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines on a terminal, too.")] = False,
    bootstrap_servers: kafka.BootstrapServers = None,
) -> None:
    """Watch predictions arrive: a live table on a terminal, JSON lines in a pipe.

    titanic watch
    titanic watch --from-beginning --idle 2 | jq -s 'map(.survived) | add'
    """
    try:
        servers = kafka.address(bootstrap_servers)
        batches = predictions(servers, beginning=beginning, most=most, idle_s=idle)
        if as_json or not sys.stdout.isatty():
            _write(batches)
        else:
            _draw(batches)
    except KeyboardInterrupt:
        return
    except (BrokerUnavailable, BadSetting, KafkaException) as reason:
        kafka.fail("watch", reason)


def predictions(
    servers: str, *, beginning: bool, most: int | None, idle_s: float | None
) -> Iterator[list[bytes]]:
    """The values of predictions, as many as have come; none now and then, when there is none."""
    reader = kafka.consumer(servers, f"titanic-watch-{uuid.uuid4()}")
    try:
        assign(reader, [settings().predictions_topic], beginning=beginning)
        last = time.monotonic()
        count = 0
        while most is None or count < most:
            first = reader.poll(1 / REDRAWS_A_SECOND)
            messages = [] if first is None else [first, *reader.consume(MAX_RECORDS, 0)]
            values = [value for message in messages if (value := value_of(message)) is not None]
            if values:
                last = time.monotonic()
            elif idle_s and time.monotonic() - last > idle_s:
                return
            values = values[: None if most is None else most - count]
            count += len(values)
            yield values
    finally:
        reader.close()


def value_of(message: Message) -> bytes | None:
    """A record's value. Raises `KafkaException` for an error that ends the reading."""
    if (error := message.error()) is None:
        return message.value()
    if error.retriable() or error.code() in HARMLESS:
        return None
    raise KafkaException(error)


def assign(reader: Consumer, topics: Iterable[str], *, beginning: bool) -> None:
    """Assign every partition of the topics, with no group to wait for. Raises `BrokerUnavailable`.

    Unless they are read from the beginning: from their end as it is now, so that what is sent
    after this returns is not missed.
    """
    places = []
    for topic in topics:
        found = reader.list_topics(topic, timeout=kafka.ANSWERS_WITHIN_S).topics[topic]
        if found.error:
            raise BrokerUnavailable(
                f"topic {topic}: {found.error.str()}; "
                "a worker creates it, and so does 'titanic topics'"
            )
        places += [TopicPartition(topic, partition) for partition in found.partitions]
    for place in places:
        place.offset = (
            OFFSET_BEGINNING
            if beginning
            else reader.get_watermark_offsets(place, kafka.ANSWERS_WITHIN_S)[1]
        )
    reader.assign(places)


def _write(batches: Iterator[list[bytes]]) -> None:
    reader = select.poll()
    reader.register(sys.stdout, 0)  # no event but the ones that come unasked: it is gone
    try:
        for values in batches:
            sys.stdout.buffer.writelines(value + b"\n" for value in values)
            sys.stdout.flush()
            if reader.poll(0):
                return
    except BrokenPipeError:
        # Whoever read our output has enough. Nothing more can be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _draw(batches: Iterator[list[bytes]]) -> None:
    board = Board()
    with Live(board, console=Console(), refresh_per_second=REDRAWS_A_SECOND):
        for value in chain.from_iterable(batches):
            board.add(value)


class Board:
    """The live table: the newest predictions, and the counts so far."""

    def __init__(self, rows: int = ROWS) -> None:
        self._newest: deque[Seen] = deque(maxlen=rows)
        self._survived = self._count = 0

    def add(self, value: bytes) -> None:
        """Show one more prediction; what is none is counted and not shown."""
        self._count += 1
        try:
            seen = msgspec.json.decode(value, type=Seen)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return
        self._survived += seen.survived
        self._newest.append(seen)

    def __rich__(self) -> Group:
        table = Table("passenger", "survives", "probability", "model", "event", expand=False)
        for seen in self._newest:
            style = "green" if seen.survived else "red"
            bar = "█" * round(10 * seen.probability)
            table.add_row(
                _cell(seen.passenger_id),
                Text("yes" if seen.survived else "no", style=style),
                Text(f"{seen.probability:.3f} {bar}", style=style),
                _cell(seen.model_version),
                _cell(seen.event),
            )
        counts = f"{self._count:,} predictions, {self._survived:,} survive; Ctrl-C ends"
        return Group(table, Text(counts, style="dim"))


def _cell(text: str | None) -> Text:
    cell = plain(text or "")
    cell.truncate(MAX_ID_CHARACTERS, overflow="ellipsis")
    return cell
