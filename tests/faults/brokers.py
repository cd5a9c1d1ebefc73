"""Three brokers and the lines to them: they may die, and are healed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from confluent_kafka.admin import AdminClient

from cli.embedded.cluster import Cluster, cluster
from tests.faults.network import Line, lines, listeners
from tests.integration.workers import until

BROKERS: Final = 3
LINES: Final = ("LEFT", "RIGHT")
IN_SYNC_WITHIN_S: Final = 120.0
# What lets a session be so short, and what lets a broker look for transactions that have run out
# of time sooner than every 10 s.
PROPERTIES: Final = {
    "group.min.session.timeout.ms": "1000",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
}


@dataclass
class Brokers:
    """Three brokers, and the lines to them."""

    cluster: Cluster
    lines: Mapping[str, Line]
    admin: AdminClient

    def in_sync(self) -> bool:
        """Whether each partition has all of its replicas again."""
        topics = self.admin.list_topics(timeout=10).topics.values()
        partitions = [p for topic in topics for p in topic.partitions.values()]
        return all(set(p.isrs) == set(p.replicas) and p.leader > 0 for p in partitions)

    def heal(self) -> None:
        """Start those that are not there, and wait until nothing tells that they were gone."""
        for node in self.cluster.nodes:
            if not node.started:
                node.start()
        self.cluster.await_ready()
        until(self.in_sync, "all replicas in sync", IN_SYNC_WITHIN_S)


@contextmanager
def brokers(folder: Path) -> Iterator[Brokers]:
    """Three, with a listener for each line."""
    with (
        lines(LINES, BROKERS) as made,
        cluster(
            folder,
            brokers=BROKERS,
            port=0,
            more=lambda properties: listeners(made, properties) | PROPERTIES,
        ) as started,
    ):
        admin = AdminClient({"bootstrap.servers": started.bootstrap_servers, "log_level": 0})
        yield Brokers(started, made, admin)
