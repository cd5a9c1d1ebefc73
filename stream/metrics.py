"""The worker's metrics: every name there is, typed, with its meaning.

Those of the release in service are the API's, too: `titanic_model.release_metrics`.
"""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]

EVENTS: Final = Counter("titanic_events_total", "Events consumed and committed.")
PREDICTIONS: Final = Counter("titanic_predictions_total", "Predictions published and committed.")
DEAD_LETTERS: Final = Counter(
    "titanic_dead_letters_total", "Events published to the dead-letter topic.", ["reason"]
)
UNDONE_BATCHES: Final = Counter(
    "titanic_undone_batches_total", "Batches whose transaction was undone and that were read again."
)
BATCH_EVENTS: Final = Histogram(
    "titanic_batch_events",
    "Events in a batch.",
    buckets=(1, 10, 100, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000),
)
BATCH_SECONDS: Final = Histogram(
    "titanic_batch_seconds",
    "Seconds from a batch's last poll to its commit.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
LAG: Final = Gauge(
    "titanic_lag_events", "Events in a partition that are not answered yet.", ["partition"]
)
ASSIGNED: Final = Gauge("titanic_assigned_partitions", "Partitions this worker reads.")
