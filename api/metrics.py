"""The API's metrics: every name there is, with its meaning. All label sets are bounded."""

from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder

from titanic_model.follower import Follower
from titanic_model.passenger import Reason
from titanic_model.release_metrics import ReleaseMetrics

disable_created_metrics()  # type: ignore[no-untyped-call]

# An answer takes some 50 microseconds; what takes a second is ill.
LATENCY_BUCKETS_S: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 1.0)
OUTCOMES: Final = ("not_survived", "survived")


class Metrics:
    """One process's metrics, in a registry of their own."""

    def __init__(self, follower: Follower) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "titanic_http_requests_total",
            "Requests answered, by route (`other`: unknown paths and files) and status.",
            ["route", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "titanic_http_request_seconds",
            "Seconds from a request's headers to the end of its response.",
            ["route"],
            buckets=LATENCY_BUCKETS_S,
            registry=self.registry,
        )
        # `labels` costs as much as the rest of the counting, so each pair is looked up once.
        self._series: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        predictions = Counter(
            "titanic_http_predictions_total",
            "Predictions answered, by outcome.",
            ["outcome"],
            registry=self.registry,
        )
        refusals = Counter(
            "titanic_http_refusals_total",
            "Bodies refused, by reason.",
            ["reason"],
            registry=self.registry,
        )
        # By `survived`, 0 or 1. All series exist from the start, so that a rate has a first value.
        self.predictions = [predictions.labels(outcome) for outcome in OUTCOMES]
        self.refusals = {reason: refusals.labels(reason.value) for reason in Reason}
        self.registry.register(ReleaseMetrics(follower))
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        series = self._series.get((route, status))
        if series is None:
            series = self._requests.labels(route, status), self._seconds.labels(route)
            self._series[route, status] = series
        series[0].inc()
        series[1].observe(seconds)

    def page(self, accept: str) -> tuple[bytes, str]:
        """What a scraper gets, and its content type."""
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type
