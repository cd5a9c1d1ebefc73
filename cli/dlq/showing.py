"""`titanic dlq show`: one dead letter, all of it."""

import json
import sys
from base64 import b64encode
from typing import Annotated, Any

import typer
from rich.console import Console

from cli import kafka
from cli.dlq.ledger import Replayed
from cli.dlq.listing import row
from cli.dlq.marking import marked, place_of
from cli.dlq.options import Desk, Json, NoLetter, desk
from cli.plain import plain
from stream.dead_letters import Letter, NoDeadLetter, Origin


def show(
    letter: Annotated[str, typer.Argument(metavar="ID", help="PARTITION/OFFSET.")],
    *,
    as_json: Json = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="Nothing but the event's value, byte for byte.")
    ] = False,
    bootstrap_servers: kafka.BootstrapServers = None,
) -> None:
    r"""Show a dead letter: why the event was refused, where in its value, and the
    event itself.

    What is not text is shown as escapes: \xff is a byte. With --json, each of
    key, value and headers is there as text, where it is UTF-8, and in base64.

    titanic dlq show 3/17
    titanic dlq show 3/17 --raw | jq .
    """
    with desk("show", bootstrap_servers) as opened:
        place = _place(letter, opened.topic)
        found = _find(opened, place)
        replayed = Replayed(opened.admin, opened.topic)
        replayed.load(opened.reader)
    if raw:
        sys.stdout.buffer.write(found.value or b"")
    elif as_json:
        typer.echo(json.dumps({**row(place, found, replayed), **_event(found)}, indent=2))
    else:
        _show(place, found, replayed)


def _place(text: str, topic: str) -> Origin:
    named, _, rest = text.rpartition("/")
    named, _, partition = named.rpartition("/")
    if named not in {"", topic} or not (partition.isdecimal() and rest.isdecimal()):
        raise NoLetter(f"{text}: an id is PARTITION/OFFSET on {topic}; 'titanic dlq list' has them")
    return Origin(topic, int(partition), int(rest))


def _find(opened: Desk, place: Origin) -> Letter:
    for span in opened.spans():
        if span.partition == place.partition and span.start <= place.offset < span.end:
            asked = span._replace(start=place.offset, end=place.offset + 1)
            for found, letter in opened.letters([asked]):
                if found == place:
                    if isinstance(letter, NoDeadLetter):
                        raise NoLetter(f"{place} is no dead letter: {letter}")
                    return letter
    raise NoLetter(f"there is no dead letter {place}; 'titanic dlq list' shows which there are")


def _show(place: Origin, letter: Letter, replayed: Replayed) -> None:
    told = row(place, letter, replayed)
    again = [f"{letter.replays:,} times before"] if letter.replays else []
    again += ["this letter was replayed"] if told["replayed"] else []
    facts = {
        "letter": str(place),
        "event": told["event"],
        "time": told["time"] or "none",
        "reason": f"{letter.reason}: {letter.message}",
        "missing": letter.missing,
        "replayed": "; ".join(again) or None,
        "key": _text(letter.key),
    }
    lines = [f"{name:9}{value}" for name, value in facts.items() if value is not None]
    lines += [f"header   {name}: {_text(value)}" for name, value in letter.headers]
    lines += ["value    null" if letter.value is None else f"value    {len(letter.value):,} bytes"]
    console = Console(highlight=False, soft_wrap=True)
    for line in lines:
        console.print(plain(line))
    for line in marked(letter.value or b"", place_of(letter)):
        console.print(plain(line))


def _text(value: bytes | None) -> str:
    return "null" if value is None else value.decode(errors="backslashreplace")


def _event(letter: Letter) -> dict[str, Any]:
    return {
        "position": place_of(letter),
        **_both("key", letter.key),
        **_both("value", letter.value),
        "headers": [{"name": name, **_both("value", value)} for name, value in letter.headers],
    }


def _both(name: str, value: bytes | None) -> dict[str, str | None]:
    try:
        text = None if value is None else value.decode()
    except UnicodeDecodeError:
        text = None
    return {name: text, f"{name}_base64": None if value is None else b64encode(value).decode()}
