"""Faults on stages of their own, since they change what the end looks like, or since all workers of
the stage have other settings than usual.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.faults import suite
from tests.faults.brokers import Brokers
from tests.faults.kind import Kind
from tests.faults.stage import Stage
from tests.faults.worker_faults import SESSION, killed
from tests.integration.topics import configure

# The answers of a batch, compressed, have more bytes; those of one event, fewer.
SMALL_BYTES: Final = 4_000
LARGE_BYTES: Final = 5_000


def limit_lowered(stage: Stage) -> None:
    """The predictions' topic takes less than a batch, and less than some of the answers."""
    configure(stage.brokers.admin, stage.scene.predictions, "max.message.bytes", SMALL_BYTES)
    stage.from_now()
    stage.source.send_large(20, LARGE_BYTES)
    stage.source.burst(2_000, poison_at=0)


def predictions_deleted(stage: Stage) -> None:
    """Somebody deletes the topic of the predictions: at rest, so that nothing but what it held is
    lost with it, and under load.
    """
    stage.begin_anew(stage.scene.predictions)
    stage.recovered()
    stage.lose(stage.scene.predictions)


def dead_letters_deleted(stage: Stage) -> None:
    """Somebody deletes the topic of the dead letters, at rest and under load."""
    stage.begin_anew(stage.scene.dead_letters)
    stage.recovered()
    stage.lose(stage.scene.dead_letters)


def all_deleted(stage: Stage) -> None:
    """Somebody deletes them all, at rest, and what the group has committed with them."""
    stage.begin_anew(stage.scene.passengers, stage.scene.predictions, stage.scene.dead_letters)


@dataclass(frozen=True)
class Apart:
    """A scenario with a stage of its own: so many partitions of the answers, and all workers with
    these settings.
    """

    name: str
    strike: Callable[[Stage], None]
    bound: str
    output_partitions: int = 4
    settings: Mapping[str, str] = field(default_factory=dict)
    times: int = 5

    def run(
        self,
        brokers: Brokers,
        folder: Path,
        seed: int,
        told: suite.Told,
        *,
        times: int | None = None,
    ) -> suite.Scenario:
        """The fault, with one seed after the other."""
        kind = Kind(self.name, self.strike, self.bound)
        plan = [(kind, seed + number) for number in range(times or self.times)]
        return suite.run(
            brokers,
            folder / self.name,
            self.name,
            plan,
            told,
            output_partitions=self.output_partitions,
            settings=self.settings,
        )


SCENARIOS: Final[tuple[Apart, ...]] = (
    Apart("one partition for all answers", killed, SESSION, output_partitions=1),
    Apart("predictions' topic deleted", predictions_deleted, "a batch that is read again"),
    Apart("dead letters' topic deleted", dead_letters_deleted, "a batch that is read again"),
    Apart("all topics deleted", all_deleted, "a refresh of what the client knows"),
    Apart("answers larger than their topic takes", limit_lowered, "a batch that is read again"),
    Apart(
        "static member killed",
        killed,
        "the next worker of its name, or the session timeout, 3 s here",
        settings={"TITANIC_STATIC_MEMBERSHIP": "true"},
    ),
)
