"""Workers that end, die at each step of a transaction, freeze, are slow, or whose clock jumps."""

import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.faults.doomed import SPRINGS, STEPS, VARIABLE, Step
from tests.faults.kind import Kind
from tests.faults.stage import Stage

SPRINGS_WITHIN_S: Final = 60.0
# Past both of the stage's time limits, of a member's silence (3 s) and of a transaction (2 s).
FROZEN_S: Final = (3.5, 6.0)
SESSION: Final = "the session timeout, 3 s here"
SLEEPS: Final = f"forward nothing; back, a client that sleeps on (librdkafka #2145): {SESSION}"
MEMBERSHIP: Final = "the group's next assignment"
JUMPS: Final = ("+2h", "-3h", "+1d", "+0")
JUMP_S: Final = 1.0
REJOINS: Final = "it joins again"


def killed(stage: Stage) -> None:
    """Signal 9 at any moment; another one takes its place."""
    worker, line = stage.pick()
    time.sleep(stage.chance.random())
    stage.kill(worker)
    stage.from_now()
    stage.start(line)


def stopped(stage: Stage) -> None:
    """SIGTERM; another one takes its place."""
    worker, line = stage.pick()
    stage.stop(worker)
    stage.from_now()
    stage.start(line)


def doomed_at(step: Step) -> Callable[[Stage], None]:
    """Signal 9 at that step of one of the next transactions."""

    def strike(stage: Stage) -> None:
        die_at(stage, step, stage.chance.randint(5, 50))

    return strike


def die_at(stage: Stage, step: Step, times: int, **settings: str) -> None:
    """A worker that dies at a step that went well so often before; another one takes its place."""
    worker, line = stage.pick()
    doomed = stage.replace(worker, "doomed", **{VARIABLE: f"{step}:{times}"}, **settings)
    code = doomed.process.wait(SPRINGS_WITHIN_S)
    assert code == -signal.SIGKILL, doomed.log
    stage.from_now()
    stage.forget(doomed)
    stage.start(line)


def frozen(stage: Stage) -> None:
    """SIGSTOP for longer than the group and the transaction wait, then SIGCONT."""
    worker, _ = stage.pick()
    before = worker.log.count(REJOINS)
    worker.send(signal.SIGSTOP)
    stage.from_now()
    time.sleep(stage.chance.uniform(*FROZEN_S))
    worker.send(signal.SIGCONT)
    worker.until(lambda: worker.log.count(REJOINS) > before, REJOINS)


def zombie(stage: Stage) -> None:
    """The same between a transaction's offsets and its commit, which must be refused then."""
    worker, _ = stage.pick()
    told = {VARIABLE: f"{Step.FROZEN}:{stage.chance.randint(5, 50)}"}
    one = stage.replace(worker, "doomed", **told)
    one.says(SPRINGS)
    stage.from_now()
    time.sleep(stage.chance.uniform(*FROZEN_S))
    one.send(signal.SIGCONT)
    one.says("are read again")
    stage.replace(one)


def slow_batch(stage: Stage) -> None:
    """A batch takes longer than a member may between two polls."""
    worker, _ = stage.pick()
    told = {VARIABLE: f"{Step.SLOW}:{stage.chance.randint(5, 50)}"}
    slow = stage.replace(worker, "doomed", KAFKA_MAX_POLL_INTERVAL_MS="4000", **told)
    slow.says(SPRINGS)
    stage.from_now()
    slow.says(REJOINS)
    stage.replace(slow)


def scaled(stage: Stage) -> None:
    """From one worker to three and back."""
    first, *others = [worker for worker, _ in stage.workers]
    for worker in others:
        stage.stop(worker)
    for _ in range(2):
        stage.start().ready()
    stage.from_now()
    stage.recovered()
    for worker, _ in stage.workers[1:]:
        stage.stop(worker)
    stage.from_now()
    first.ready()


def clock_jumped(stage: Stage) -> None:
    """The wall clock of a worker goes forth and back by hours."""
    worker, _ = stage.pick()
    with tempfile.NamedTemporaryFile("w+", suffix=".clock") as clock:

        def jump(by: str) -> None:
            Path(clock.name).write_text(by)
            time.sleep(JUMP_S)

        jump("+0")
        told = {
            "LD_PRELOAD": str(_libfaketime()),
            "FAKETIME_TIMESTAMP_FILE": clock.name,
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        jumper = stage.replace(worker, **told).ready()
        for by in JUMPS:
            stage.from_now()
            jump(by)
            stage.recovered()
        stage.replace(jumper)


def _libfaketime() -> Path | None:
    """Debian's package libfaketime has it."""
    return next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)


def _no_libfaketime() -> str | None:
    return None if _libfaketime() else "needs libfaketime (Debian's package of that name)"


KINDS: Final = (
    Kind("worker killed", killed, SESSION),
    Kind("worker stopped", stopped, MEMBERSHIP),
    *(Kind(f"worker killed: {step}", doomed_at(step), SESSION) for step in STEPS),
    Kind("worker frozen", frozen, SESSION),
    Kind("worker frozen in a transaction, then a zombie", zombie, SESSION),
    Kind("batch slower than max.poll.interval.ms", slow_batch, "max.poll.interval.ms, 4 s here"),
    Kind("workers 1 -> 3 -> 1", scaled, MEMBERSHIP),
    Kind("clock jumps", clock_jumped, SLEEPS, _no_libfaketime),
)
