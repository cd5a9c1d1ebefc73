"""The suite's report: Markdown for people, JSON for programs, of one run."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.machine import commit, machine, versions
from tests.faults.oracle import FAULTY, Verdict
from tests.faults.suite import Scenario

COUNTS: Final = (
    "events",
    "predictions",
    "dead_letters",
    "aborted",
    "producers_aborted",
    *FAULTY,
)
MEANING: Final = {
    "events": "that producers sent and Kafka confirmed",
    "predictions": "equal to what their release says",
    "dead_letters": "their event byte for byte",
    "aborted": "answers that only a `read_uncommitted` reader sees: transactions were undone",
    "producers_aborted": "events of transactions that their producer undid: none is answered",
    "lost": "events without an answer",
    "duplicated": "second answers",
    "invented": "answers to what is no event",
    "out_of_order": "answers before that of an earlier event of their key",
    "wrong": "answers that are not what they should be",
    "lag": "events that the group has not committed in the end",
    "readers_differ": "partitions of which a live and a last reader did not see the same",
}

ABOUT: Final = (
    "Written by `make faults REPORT=docs`. Two workers, three brokers, a producer that never",
    "stops; a stage ends with a judgement by counting and one by `titanic reconcile`. So that",
    "more faults find time, a session is 3 s here, a transaction 2 s, and brokers look each",
    "second for transactions whose time is up (15, 10 and 10 s by default). A row is done",
    "again by `python -m tests.faults --kind NAME --first-seed N --seeds 1 --mixed 0`. What",
    "to do when such things happen: [operations](operations.md).",
)


def write(
    folder: Path, done: Sequence[Scenario], bounds: Mapping[str, str], left_out: Sequence[str]
) -> None:
    """Write `faults.md` and `faults.json` into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    run = {
        "at": datetime.now(UTC).isoformat(timespec="minutes"),
        "commit": commit(),
        "machine": msgspec.structs.asdict(machine()),
        "versions": versions(),
        "seconds": round(sum(scenario.seconds for scenario in done)),
        "left_out": list(left_out),
        "scenarios": [asdict(scenario) for scenario in done],
    }
    (folder / "faults.json").write_text(json.dumps(run, indent=1) + "\n")
    (folder / "faults.md").write_text(markdown(done, bounds, left_out, _what_ran(run)))


def markdown(
    done: Sequence[Scenario], bounds: Mapping[str, str], left_out: Sequence[str], what_ran: str
) -> str:
    """The report for people."""
    verdicts = [scenario.verdict for scenario in done if scenario.verdict]
    faults = [struck for scenario in done for struck in scenario.struck]
    bad = [scenario for scenario in done if not scenario.good]
    kinds = list(dict.fromkeys(struck.kind for struck in faults))
    lines = [
        "# Faults on purpose: what came of them",
        "",
        *ABOUT,
        "",
        what_ran,
        "",
        f"**{len(faults)} faults, kinds: {len(kinds)}, among {_total(verdicts, 'events'):,} events:"
        + (" each was answered once, in order, rightly.**" if not bad else " NOT all held.**"),
        "",
        "| | |",
        "|---|---:|",
        *(f"| {n.replace('_', ' ')}: {MEANING[n]} | {_total(verdicts, n):,} |" for n in COUNTS),
        "",
        "## How soon it goes on",
        "",
        "Seconds from the fault's beginning, or from its end where workers can't go on before, to",
        "the first answers in *every* partition to events that were sent after that moment.",
        "",
        "| fault | times | median | longest | what it waits for |",
        "|---|---:|---:|---:|---|",
    ]
    for kind in kinds:
        took = [struck.recovery_s for struck in faults if struck.kind == kind]
        lines.append(
            f"| {kind} | {len(took)} | {statistics.median(took):.1f} | {max(took):.1f} "
            f"| {bounds.get(kind, '')} |"
        )
    lines += ["", "## Stage by stage", "", "| stage | faults | events | aborted | verdict |"]
    lines.append("|---|---:|---:|---:|---|")
    lines += [_row(scenario) for scenario in done]
    if left_out:
        lines += ["", "Left out, since this machine can't do it:", ""]
        lines += [f"- {line}" for line in left_out]
    return "\n".join(lines) + "\n"


def _row(scenario: Scenario) -> str:
    found = scenario.verdict
    seeds = [struck.seed for struck in scenario.struck]
    named = f"{scenario.name}, seeds {seeds[0]}-{seeds[-1]}" if seeds else scenario.name
    events, aborted = (found.events, found.aborted) if found else (0, 0)
    said = "good" if scenario.good else scenario.failure or str(found)
    return f"| {named} | {len(seeds)} | {events:,} | {aborted:,} | {said} |"


def _total(verdicts: Sequence[Verdict], name: str) -> int:
    return sum(int(getattr(verdict, name)) for verdict in verdicts)


def _what_ran(run: Mapping[str, object]) -> str:
    told = machine()
    of = ", ".join(f"{name} {version}" for name, version in versions().items() if name != "project")
    return (
        f"{run['at']}, commit {str(run['commit'])[:12]}, in {run['seconds']} s; {told.processor}, "
        f"{told.cores} cores, {told.system}; {of}."
    )
