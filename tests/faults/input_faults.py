"""What producers may do: any codec, transactions that are aborted, large headers, one poison; and a
model that changes, or whose store is gone.
"""

import time
from pathlib import Path
from typing import Final

from tests.faults.kind import Kind
from tests.faults.source import CODECS
from tests.faults.stage import FIRST, SECOND, Stage
from tests.integration.workers import Worker, until

NOTHING: Final = "nothing: it is no fault to a worker"
A_BURST: Final = 5_000
LARGE_BYTES: Final = 65_536
STORE_GONE_S: Final = 2.0
SERVES_WITHIN_S: Final = 30.0


def codecs(stage: Stage) -> None:
    """Each of Kafka's codecs for a while."""
    for codec in CODECS:
        stage.source.speak(codec)
        stage.from_now()
        stage.recovered()
    stage.source.speak("none")


def aborted(stage: Stage) -> None:
    """Events of a transaction that is aborted are not answered; those of a committed one are."""
    stage.source.send_aborted(stage.chance.randint(1, 500))
    stage.from_now()


def large_headers(stage: Stage) -> None:
    """64 KiB of headers, which the answer repeats."""
    stage.source.send_large(20, LARGE_BYTES)
    stage.from_now()


def one_poison(stage: Stage) -> None:
    """One in a batch of thousands, all the others of which are answered."""
    for worker, _ in list(stage.workers):
        stage.stop(worker)
    stage.source.burst(A_BURST, poison_at=stage.chance.randrange(A_BURST))
    started = [stage.start(TITANIC_BATCH_SIZE=str(A_BURST)) for _ in range(2)]
    stage.from_now()
    stage.recovered()
    assert sum(map(_batches_of_thousands, started)) > 0, "no batch had thousands"
    for one in started:
        stage.replace(one)


def _batches_of_thousands(worker: Worker) -> float:
    smaller = worker.metric("titanic_batch_events_bucket", le="1000.0")
    return worker.metric("titanic_batch_events_count") - smaller


def another_model(stage: Stage) -> None:
    """The champion changes while the store comes and goes."""
    store = Path(stage.scene.releases)
    away = store.with_name("away")
    stage.store.promote(SECOND[0].id)
    store.rename(away)
    stage.from_now()
    stage.recovered()
    time.sleep(STORE_GONE_S)
    away.rename(store)
    _serves(stage, SECOND[0].id)
    stage.store.promote(FIRST[0].id)
    _serves(stage, FIRST[0].id)


def _serves(stage: Stage, release: str) -> None:
    """Answers of it come, more than there were."""
    versions = stage.watch.tally.versions
    before = versions[release]
    until(lambda: versions[release] > before, f"answers of {release}", SERVES_WITHIN_S)


KINDS: Final = (
    Kind("producers with each codec", codecs, NOTHING),
    Kind("producers' transactions aborted", aborted, NOTHING),
    Kind("64 KiB of headers", large_headers, NOTHING),
    Kind("one poison among thousands", one_poison, "the workers' start"),
    Kind("model swapped, its store gone", another_model, NOTHING),
)
