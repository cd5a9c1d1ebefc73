"""`make faults`: the whole suite, and its report.

python -m tests.faults --help
"""

import signal
import sys
import tempfile
from itertools import chain
from pathlib import Path
from typing import Annotated, Final

import typer

from tests.faults import apart, suite
from tests.faults.brokers import brokers
from tests.faults.report import write

FAILED: Final = 1
WRONG: Final = 2


def main(
    *,
    seeds: Annotated[int, typer.Option(min=0, help="How often each kind, alone.")] = 5,
    first_seed: Annotated[int, typer.Option(help="The first of these seeds.")] = 1,
    mixed: Annotated[int, typer.Option(min=0, help="How many faults of mixed kinds.")] = 60,
    only: Annotated[
        list[str] | None, typer.Option("--kind", help="Only kinds whose name holds it; repeat it.")
    ] = None,
    gone: Annotated[float, typer.Option(min=0, help="Seconds that all brokers are gone.")] = 60,
    logs: Annotated[
        Path | None, typer.Option(help="A folder that keeps what workers and brokers said.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Where faults.md and faults.json go.")] = None,
    list_kinds: Annotated[bool, typer.Option("--list", help="Name the kinds, and end.")] = False,
) -> None:
    """Do every kind of fault to workers, brokers, network and input under load, and prove that each
    event has its one answer.

    Exit codes: 0 the promise held; 1 it did not, a recovery never came, or a run of all
    kinds undid no transaction; 2 there is no such kind.

    python -m tests.faults --kind frozen --seeds 1 --mixed 0
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    all_kinds, impossible = suite.possible(suite.kinds(gone))
    wanted = only or [""]
    chosen = [kind for kind in all_kinds if any(part in kind.name for part in wanted)]
    own = [one for one in apart.SCENARIOS if any(part in one.name for part in wanted)]
    bounds = {kind.name: kind.bound for kind in chosen} | {one.name: one.bound for one in own}
    if not bounds:
        typer.echo(f"faults: no kind is named like {' or '.join(wanted)}; see --list", err=True)
        sys.exit(WRONG)
    if list_kinds:
        for name in bounds:
            typer.echo(name)
        return
    for line in impossible:
        typer.echo(f"left out: {line}", err=True)
    with tempfile.TemporaryDirectory(prefix="titanic-faults-") as temporary:
        folder = logs or Path(temporary)
        with brokers(folder / "brokers") as made:
            numbers = range(first_seed, first_seed + seeds)
            scenarios = chain(
                (suite.alone(made, folder, kind, numbers, _struck) for kind in chosen if seeds),
                (one.run(made, folder, first_seed, _struck) for one in own if seeds),
                suite.mixed(made, folder, chosen, _struck, seed=first_seed, count=mixed)
                if chosen
                else (),
            )
            done = [_told(scenario) for scenario in scenarios]
    if report:
        write(report, done, bounds, impossible)
    undone = sum(scenario.verdict.aborted for scenario in done if scenario.verdict)
    if not only and not undone:
        typer.echo("faults: no transaction was undone, so that this run proves little", err=True)
        sys.exit(FAILED)
    sys.exit(0 if all(scenario.good for scenario in done) else FAILED)


def _struck(name: str, struck: suite.Struck) -> None:
    what = struck.kind if struck.kind == name else f"{name}: {struck.kind}"
    typer.echo(
        f"  {what}, seed {struck.seed}: new answers after {struck.recovery_s:.1f} s", err=True
    )


def _told(scenario: suite.Scenario) -> suite.Scenario:
    found = scenario.failure or scenario.verdict
    typer.echo(f"{'ok' if scenario.good else 'FAILED'}  {scenario.name}: {found}", err=True)
    return scenario


if __name__ == "__main__":
    typer.run(main)
