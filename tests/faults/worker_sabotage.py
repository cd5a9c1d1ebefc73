"""Workers that break the promise on purpose, so that it is seen that the suite can fail."""

from collections.abc import Callable

from tests.faults.doomed import VARIABLE, Step
from tests.faults.kind import Kind
from tests.faults.stage import Stage
from tests.faults.worker_faults import die_at


def _killed_at(step: Step) -> Callable[[Stage], None]:
    def strike(stage: Stage) -> None:
        die_at(stage, step, 20, PROCESSING_GUARANTEE="at_least_once")

    return strike


def _reversed(stage: Stage) -> None:
    worker, _ = stage.pick()
    stage.replace(worker, "doomed", **{VARIABLE: f"{Step.REVERSED}:0"}).ready()
    stage.from_now()


NOT_EXACTLY_ONCE = Kind("killed between send and commit", _killed_at(Step.SENT_NOT_COMMITTED), "")
COMMITS_FIRST = Kind("killed between commit and send", _killed_at(Step.COMMITTED_NOT_SENT), "")
REVERSES = Kind("answers of a batch reversed", _reversed, "")
