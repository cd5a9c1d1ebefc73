"""`titanic demo`: everything once, by itself, on the real passengers."""

import http.client
import json
import signal
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, nullcontext
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple
from urllib.parse import urlsplit

import typer
from confluent_kafka import KafkaException
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from cli import kafka
from cli.events import Event, of_real
from cli.plain import plain
from cli.processes import NotUp, Running
from cli.trial import Answer, Refusal, Trial
from cli.unavailable import BrokerUnavailable
from cli.up import everything
from cli.watch import REDRAWS_A_SECOND, Board
from titanic_model.releases import ReleaseRefused, StoreUnavailable
from titanic_model.settings import BadSetting, settings

if TYPE_CHECKING:
    from training.dataset import RealPassenger

RATE: Final = 1_000.0
ROUNDS: Final = 20
# Sent on purpose: each must come back as a dead letter, byte for byte.
BAD_EVENTS: Final = (
    Event(b"bad-1", b"not JSON"),
    Event(b"bad-2", b'{"passenger_id":"bad-2","age":-1,"sex":"male","pclass":3}'),
    Event(b"bad-3", b'{"passenger_id":"bad-3","age":"29","sex":"female","pclass":1}'),
    Event(b"bad-4", b'{"passenger_id":"bad-4","age":40,"pclass":2}'),
    Event(b"bad-5", b'{"passenger_id":"bad-5","age":NaN,"sex":"male","pclass":3}'),
    Event(b"bad-6", b'{"passenger_id":"bad-6","age":30,"sex":"male","pclass":4}'),
    Event(b"bad-7", b'{"passenger_id":"bad-7","age":30,"sex":"m\xe4le","pclass":1}'),
)


def demo(
    *,
    bootstrap_servers: kafka.BootstrapServers = None,
    burst: Annotated[
        bool, typer.Option("--burst/--no-burst", help=f"Then all of them {ROUNDS} times at once.")
    ] = True,
) -> None:
    """Kafka, training, worker, API, all 1,309 passengers and a summary; ends by itself.

    The exit code is 0 when every event has its one answer, and 1 when anything is missing.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with everything(bootstrap_servers, fresh=False) as (broker, _, api):
            amiss = _demonstrate(broker.bootstrap_servers, api, burst=burst)
    except KeyboardInterrupt:
        kafka.fail("demo", "stopped", 130)
    except (
        BrokerUnavailable,
        BadSetting,
        NotUp,
        ReleaseRefused,
        StoreUnavailable,
        KafkaException,
    ) as reason:
        kafka.fail("demo", reason)
    for line in amiss:
        kafka.say("demo", line)
    if amiss:
        raise typer.Exit(1)
    _say_what_next()


class Row(NamedTuple):
    """A line of the summary, and what of it is not as it should be."""

    what: str
    found: str
    amiss: Sequence[str] = ()


def _demonstrate(servers: str, api: Running, *, burst: bool) -> list[str]:
    """Send, read, print the summary; returns what is not as it should be."""
    from training.dataset import passengers  # noqa: PLC0415 - serving has no scikit-learn

    real = {one.passenger_id.encode(): one for one in passengers()}
    events = [of_real(one) for one in real.values()]
    board = Board()
    show = (
        Live(board, refresh_per_second=REDRAWS_A_SECOND) if sys.stdout.isatty() else nullcontext()
    )
    with closing(Trial(servers, board.add)) as trial:
        with show:
            trial.run(_among(BAD_EVENTS, events), RATE)
        answers = {key: answer for key, answer in trial.answers.items() if key in real}
        rows = _first(trial, answers, len(events))
        if answers:
            rows += [_truth(answers, real), _by_api(api, events, answers)]
        if burst and not _amiss(rows):
            rows.append(_burst(trial, events))
        if not _amiss(rows):
            rows.append(_steady(trial, events))
    table = Table(title="The demo", show_header=False, title_justify="left")
    for row in rows:
        table.add_row(row.what, plain(row.found))
    Console().print(table)
    doubled = [f"{trial.doubled} answers came twice"] if trial.doubled else []
    return _amiss(rows) + doubled


def _amiss(rows: Iterable[Row]) -> list[str]:
    return [line for row in rows for line in row.amiss]


def _first(trial: Trial, answers: Mapping[bytes, Answer], sent: int) -> list[Row]:
    """What came of everyone and of the bad events among them."""
    told = f"{sent:,} real passengers and {len(BAD_EVENTS)} bad events, at {RATE:,.0f} a second"
    return [
        Row("events sent", told, missing(trial.answers, trial.refusals, sent)),
        Row("predictions", f"{len(answers):,}"),
        Row("dead letters", _reasons(trial)),
    ]


def _truth(answers: Mapping[bytes, Answer], real: Mapping[bytes, "RealPassenger"]) -> Row:
    right = sum(answer.survived == real[key].survived for key, answer in answers.items())
    died = sum(not one.survived for one in real.values())
    return Row(
        "who really survived",
        f"{right / len(answers):.1%} agree; 'nobody' is right for {died / len(real):.1%}",
    )


def _by_api(api: Running, events: Sequence[Event], answers: Mapping[bytes, Answer]) -> Row:
    agree, sent = sum(_asked(api, events, answers)), len(events)
    amiss = [f"the API and the stream differ on {sent - agree} passengers"] if agree < sent else []
    return Row("/predict", f"the same answer for {agree:,} of {sent:,}", amiss)


def _burst(trial: Trial, events: Sequence[Event]) -> Row:
    """Everyone, many times, as fast as it goes."""
    many = [again(event, n) for n in range(ROUNDS) for event in events]
    expected = len(trial.answers) + len(many)
    seconds = trial.run(many)
    told = f"{len(many):,} events in {seconds:.2f} s, sent and answered: "
    return Row(
        "burst",
        told + f"{len(many) / seconds:,.0f} a second",
        missing(trial.answers, trial.refusals, expected),
    )


def _steady(trial: Trial, events: Sequence[Event]) -> Row:
    """Everyone once more, now that all is warm."""
    steady = [again(event, ROUNDS) for event in events]
    expected = len(trial.answers) + len(steady)
    trial.run(steady, RATE)
    return Row(
        "latency",
        f"{_latency(trial, steady)} at {RATE:,.0f} a second, exactly once; "
        f"right after the start: {_latency(trial, events)}",
        missing(trial.answers, trial.refusals, expected),
    )


def again(event: Event, number: int) -> Event:
    """The same passenger once more, under a key of its own."""
    return Event(b"%b~%d" % (event.key or b"", number), event.value)


def _latency(trial: Trial, events: Sequence[Event]) -> str:
    """From the send of an event to the read of its prediction."""
    found = (trial.answers.get(event.key or b"") for event in events)
    ms = [1000 * answer.seconds for answer in found if answer]
    if len(ms) < len(events):
        return "not all answered"
    p50, p99 = (statistics.quantiles(ms, n=100)[q - 1] for q in (50, 99))
    return f"p50 {p50:.0f} ms, p99 {p99:.0f} ms"


def _among(few: Sequence[Event], many: Sequence[Event]) -> list[Event]:
    """The few, spread evenly among the many: neighbours of the same batches."""
    mixed = list(many)
    for number, event in enumerate(few):
        mixed.insert((number + 1) * len(many) // (len(few) + 1), event)
    return mixed


def _reasons(trial: Trial) -> str:
    reasons = ", ".join(sorted(refusal.reason for refusal in trial.refusals.values()))
    return f"{len(trial.refusals)}: {reasons}"


def missing(
    answers: Mapping[bytes, Answer], refusals: Mapping[bytes, Refusal], expected: int
) -> list[str]:
    """What is not as it should be, in a line each."""
    problems = []
    if len(answers) != expected:
        problems.append(f"{expected:,} predictions were expected, {len(answers):,} came")
    for event in BAD_EVENTS:
        refusal = refusals.get(event.key or b"")
        if refusal is None:
            problems.append(f"the bad event {event.value!r} did not become a dead letter")
        elif refusal.value != event.value:
            problems.append(f"the dead letter of {event.value!r} is not as it was sent")
    return problems


def _asked(api: Running, events: Sequence[Event], answers: Mapping[bytes, Answer]) -> list[bool]:
    """For each passenger, whether the API says what the stream said."""
    door = http.client.HTTPConnection(urlsplit(api.url).netloc, timeout=10)
    same = []
    for event in events:
        door.request("POST", "/predict", event.value, {"content-type": "application/json"})
        told = json.loads(door.getresponse().read())
        streamed = answers.get(event.key or b"")
        same.append(
            streamed is not None
            and all(
                told.get(name) == getattr(streamed, name)
                for name in ("passenger_id", "survived", "probability", "model_version")
            )
        )
    door.close()
    return same


def _say_what_next() -> None:
    releases = escape(settings().releases)
    Console(highlight=False).print(
        f"""
Everything was answered, once. Next:
  make up                     all of this until Ctrl-C, with the API's /docs
  . .venv/bin/activate
  titanic --help              produce, watch, doctor and the rest
The release is in {releases}, the dead letters are in {settings().dead_letters_topic}."""
    )
