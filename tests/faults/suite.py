"""Faults in turn on stages of their own, each stage judged at its end."""

import random
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.faults import broker_faults, input_faults, network_faults, worker_faults
from tests.faults.brokers import Brokers
from tests.faults.kind import Kind
from tests.faults.oracle import Verdict
from tests.faults.stage import PARTITIONS, Stage
from tests.faults.staging import stage

PAUSE_S: Final = 1.0
# So many on one stage, when they are mixed.
MIXED_AT_A_TIME: Final = 20

# Told of each fault once its recovery is over: the stage's name and what was done.
Told = Callable[[str, "Struck"], None]


@dataclass(frozen=True)
class Struck:
    """A fault that was done, and how long the first new answers of all partitions took.

    Where it was done in parts, after the worst of them.
    """

    kind: str
    seed: int
    recovery_s: float


@dataclass
class Scenario:
    """What came of a stage: its faults, and the verdict, or why there is none."""

    name: str
    struck: list[Struck] = field(default_factory=list)
    verdict: Verdict | None = None
    failure: str | None = None
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Whether all went as it must."""
        return self.failure is None and self.verdict is not None and self.verdict.good


def kinds(gone_s: float) -> tuple[Kind, ...]:
    """All that can be mixed; all brokers are gone for that long."""
    return (
        *worker_faults.KINDS,
        *broker_faults.kinds(gone_s),
        *network_faults.KINDS,
        *input_faults.KINDS,
    )


def possible(all_kinds: Iterable[Kind]) -> tuple[list[Kind], list[str]]:
    """Those that this machine can have, and of the others why not."""
    found = [(kind, kind.needs()) for kind in all_kinds]
    return (
        [kind for kind, lacks in found if lacks is None],
        [f"{kind.name}: {lacks}" for kind, lacks in found if lacks],
    )


def alone(brokers: Brokers, folder: Path, kind: Kind, seeds: Sequence[int], told: Told) -> Scenario:
    """One kind, once with each seed."""
    plan = [(kind, seed) for seed in seeds]
    return run(brokers, folder / kind.name.replace("/", "-"), kind.name, plan, told)


def mixed(
    brokers: Brokers,
    folder: Path,
    all_kinds: Sequence[Kind],
    told: Told,
    *,
    seed: int,
    count: int,
    at_a_time: int = MIXED_AT_A_TIME,
) -> Iterator[Scenario]:
    """So many faults, drawn by the seed so that each kind comes as often as the others."""
    chance = random.Random(seed)  # noqa: S311 - for the same order each time
    drawn: list[Kind] = []
    while len(drawn) < count:
        drawn += chance.sample(all_kinds, len(all_kinds))
    plan = [(kind, seed * 1_000 + number) for number, kind in enumerate(drawn[:count])]
    for first in range(0, count, at_a_time):
        name = f"mixed, seed {seed}, from {first}"
        yield run(brokers, folder / name, name, plan[first : first + at_a_time], told)


def run(
    brokers: Brokers,
    folder: Path,
    name: str,
    plan: Sequence[tuple[Kind, int]],
    told: Told,
    *,
    output_partitions: int = PARTITIONS,
    settings: Mapping[str, str] = {},
) -> Scenario:
    """One stage: each fault of the plan with its seed, then the verdict. Raises for neither."""
    made, begun = Scenario(name), time.monotonic()
    try:
        with stage(
            brokers, folder, plan[0][1], output_partitions=output_partitions, settings=settings
        ) as at_work:
            for kind, seed in plan:
                struck = strike(at_work, kind, seed)
                made.struck.append(struck)
                told(name, struck)
            made.verdict = at_work.finish()
    except Exception as fault:
        traceback.print_exc()
        made.failure = (
            f"{type(fault).__name__}: {str(fault).splitlines()[0][:300] if str(fault) else ''}"
        )
        brokers.heal()
    made.seconds = time.monotonic() - begun
    return made


def strike(at_work: Stage, kind: Kind, seed: int) -> Struck:
    """Do it, wait for the first new answers of all partitions, and for all to be well again."""
    at_work.chance.seed(f"{kind.name} {seed}")
    at_work.longest_s = 0.0
    at_work.from_now()
    kind.strike(at_work)
    at_work.recovered()
    recovery_s = at_work.longest_s
    at_work.settle()
    time.sleep(at_work.chance.random() * PAUSE_S)
    return Struck(kind.name, seed, recovery_s)
