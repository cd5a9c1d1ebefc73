"""Three brokers are one cluster, which goes on when one is gone."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from cli.embedded.cluster import cluster

pytestmark = [pytest.mark.broker, pytest.mark.faults]
WITHIN_S = 60.0


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_three_brokers_elect_and_survive_the_kill_of_one(tmp_path: Path) -> None:
    with cluster(tmp_path, brokers=3, port=0) as brokers:
        servers: dict[str, str | int | float | bool] = {
            "bootstrap.servers": brokers.bootstrap_servers
        }
        admin = AdminClient(servers)
        admin.create_topics([NewTopic("passengers", 1)])["passengers"].result(WITHIN_S)

        def partition() -> tuple[int, set[int]]:
            topic = admin.list_topics("passengers", timeout=WITHIN_S).topics["passengers"]
            if not topic.partitions:  # the broker that was asked hasn't heard of it yet
                return -1, set()
            return topic.partitions[0].leader, set(topic.partitions[0].isrs)

        producer = Producer(servers | {"acks": "all"})

        def acknowledged() -> bool:
            producer.produce("passengers", b"1")
            return producer.flush(WITHIN_S) == 0

        until(lambda: partition()[1] == {1, 2, 3})
        assert acknowledged()

        leader = partition()[0]
        killed = brokers.nodes[leader - 1]
        was = killed.pid
        killed.kill()
        until(lambda: partition()[0] not in {leader, -1})
        assert acknowledged()
        assert leader not in partition()[1]

        killed.start()
        brokers.await_ready()
        assert killed.pid != was
        until(lambda: partition()[1] == {1, 2, 3})
