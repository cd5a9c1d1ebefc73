"""What lies between workers and brokers is cut, silent or slow."""

import time
from collections.abc import Callable
from typing import Final

from tests.faults.kind import Kind
from tests.faults.network import Line
from tests.faults.stage import Stage

# Some longer than a member may be silent (3 s) and a transaction may last (2 s), some not.
LASTS_S: Final = (0.5, 6.0)
SILENT_S: Final = (3.5, 6.0)
DELAY_S: Final = (0.05, 0.4)
RECONNECT: Final = "the session timeout, 3 s here, or the next try, 1 s at the most"


def of_some(
    happens: Callable[[Stage, Line], None], lasts_s: tuple[float, float], *, all_lines: bool
) -> Callable[[Stage], None]:
    """It happens to one line, so that the other worker goes on, or to both."""

    def strike(stage: Stage) -> None:
        lines = list(stage.brokers.lines.values())
        chosen = lines if all_lines else [stage.chance.choice(lines)]
        stage.from_now()
        for line in chosen:
            happens(stage, line)
        time.sleep(stage.chance.uniform(*lasts_s))
        for line in chosen:
            line.heal()
        if all_lines:
            stage.from_now()

    return strike


def cut(_: Stage, line: Line) -> None:
    """Connections are reset, new ones too."""
    line.cut()


def silent(_: Stage, line: Line) -> None:
    """Connections stay, and nothing comes."""
    line.fall_silent()


def slow(stage: Stage, line: Line) -> None:
    """Everything takes longer."""
    line.slow(stage.chance.uniform(*DELAY_S))


KINDS: Final = (
    Kind("network cut, one worker", of_some(cut, LASTS_S, all_lines=False), RECONNECT),
    Kind("network cut, all workers", of_some(cut, LASTS_S, all_lines=True), RECONNECT),
    Kind("network silent, one worker", of_some(silent, SILENT_S, all_lines=False), RECONNECT),
    Kind("network slow, all workers", of_some(slow, LASTS_S, all_lines=True), "the delay"),
)
