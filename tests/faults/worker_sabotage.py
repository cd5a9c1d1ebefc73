"""Workers that break the promise on purpose, so that it is seen that the suite can fail."""

import signal
from collections.abc import Callable

from tests.faults.doomed import VARIABLE, Step
from tests.faults.kind import Kind
from tests.faults.stage import Stage
from tests.faults.worker_faults import SPRINGS_WITHIN_S


def _killed_at(step: Step) -> Callable[[Stage], None]:
    def strike(stage: Stage) -> None:
        worker, line = stage.pick()
        told = {"PROCESSING_GUARANTEE": "at_least_once", VARIABLE: f"{step}:20"}
        doomed = stage.replace(worker, "doomed", **told)
        assert doomed.process.wait(SPRINGS_WITHIN_S) == -signal.SIGKILL, doomed.log
        stage.from_now()
        stage.forget(doomed)
        stage.start(line)

    return strike


NOT_EXACTLY_ONCE = Kind("killed between send and commit", _killed_at(Step.SENT_NOT_COMMITTED), "")
COMMITS_FIRST = Kind("killed between commit and send", _killed_at(Step.COMMITTED_NOT_SENT), "")
