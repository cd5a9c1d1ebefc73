"""`titanic dlq replay`: refused events once more, as they were."""

import sys
from collections import Counter
from typing import Annotated, Final

import typer

from cli import kafka
from cli.dlq.ledger import Replayed
from cli.dlq.options import WRONG, Desk, From, Reasons, Since, Until, desk, wanted
from cli.dlq.sender import NotReplayed, Sender
from cli.dlq.wanted import Wanted
from cli.span import Span
from stream.dead_letters import NoDeadLetter
from titanic_model.settings import settings

NOT_ALL: Final = 1


def replay(
    *,
    reason: Reasons = None,
    since: Since = None,
    until: Until = None,
    source: From = None,
    again: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            help="Also events that were replayed before, up to N times, and refused again.",
        ),
    ] = 0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be sent.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    bootstrap_servers: kafka.BootstrapServers = None,
) -> None:
    """Send refused events again, to the topic and the partition they came from: key,
    value, headers and timestamp as they were, and one more header,
    titanic.replays, which counts.

    Each letter is replayed once, also when this is killed and run again, or runs
    twice at a time: what was replayed is noted in the transaction that sends it,
    on the topic NAME.replayed. An event that is refused again becomes a new
    letter; it is left alone, unless --again says how often.

    titanic dlq replay --dry-run
    titanic dlq replay --reason out_of_range --since 2026-11-24T15:00
    titanic dlq replay --source passengers/3/10482 --again 1 --yes
    """
    with desk("replay", bootstrap_servers) as opened:
        asked = wanted(reason, since, until, source)
        spans = opened.spans()
        done = Replayed(opened.admin, opened.topic)
        done.load(opened.reader)
        chosen, left = _choose(opened, spans, asked, again, done)
        topic = settings().passengers_topic
        for why, count in left.most_common():
            typer.echo(f"left: {count:,} {why}", err=True)
        if dry_run or not chosen:
            typer.echo(f"{len(chosen):,} events would be sent to {topic}")
            return
        if not yes:
            if not sys.stdin.isatty():
                kafka.fail(
                    "dlq replay", f"send {len(chosen):,} events to {topic}? Add --yes", WRONG
                )
            if not typer.confirm(f"send {len(chosen):,} events to {topic}?"):
                raise typer.Exit(NOT_ALL)
        try:
            sent = _send(opened, spans, chosen, done)
        except NotReplayed as how_far:
            kafka.fail("dlq replay", how_far, NOT_ALL)
    typer.echo(f"{sent:,} events sent to {topic}")


def _choose(
    opened: Desk, spans: list[Span], asked: Wanted, again: int, done: Replayed
) -> tuple[set[tuple[int, int]], Counter[str]]:
    """The letters to replay, by partition and offset; and how many are left, by why."""
    chosen: set[tuple[int, int]] = set()
    left: Counter[str] = Counter()
    topic = settings().passengers_topic
    for place, letter in opened.letters(spans):
        if isinstance(letter, NoDeadLetter):
            left["records are no dead letters"] += 1
        elif not asked.takes(letter):
            continue
        elif place in done:
            left["letters were replayed before"] += 1
        elif letter.replays > again:
            left[f"events were replayed before; --again {letter.replays} takes them, too"] += 1
        elif letter.missing:
            left[f"letters do not hold all of their event: {letter.missing}"] += 1
        elif letter.origin.topic != topic:
            left[f"events are from {letter.origin.topic}, not from {topic}"] += 1
        else:
            chosen.add((place.partition, place.offset))
    return chosen, left


def _send(opened: Desk, spans: list[Span], chosen: set[tuple[int, int]], done: Replayed) -> int:
    """Send them. Raises `NotReplayed`, which says how many were sent."""
    done.create()
    sender = Sender(opened, done)
    # Nobody else can replay from now on; what somebody did until now counts.
    done.load(opened.reader)
    for place, letter in opened.letters(spans):
        if (
            (place.partition, place.offset) in chosen
            and not isinstance(letter, NoDeadLetter)
            and place not in done
        ):
            sender.send(place, letter)
    return sender.finish()
