"""What worker and API tell Prometheus of the release in service: one list for both."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from titanic_model.follower import Follower, Trouble


class ReleaseMetrics(Collector):
    """Read at the scrape, so that it is always what is so.

    `titanic_model_info{version}` is 1 for the release in service. `titanic_release_problem{reason}`
    is 1 while the champion is not what is served, for that reason: there is none (`no_release`),
    it was refused (`refused`), or the store does not answer (`store_unavailable`).
    """

    def __init__(self, follower: Follower) -> None:
        self._follower = follower

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """All reasons are there from the start, so that an alert has a first value."""
        info = GaugeMetricFamily(
            "titanic_model_info", "1 for the release in service.", labels=["version"]
        )
        scorer, trouble = self._follower.scorer, self._follower.trouble
        if scorer:
            info.add_metric([scorer.version], 1)
        yield info
        problem = GaugeMetricFamily(
            "titanic_release_problem",
            "1 while the champion is not what is served, by reason.",
            labels=["reason"],
        )
        for reason in Trouble:
            problem.add_metric([reason.value], reason is trouble)
        yield problem
