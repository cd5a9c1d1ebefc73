"""Brokers that die, one or all, are not there yet, or have a full disk; and topics they lose."""

import os
import resource
import socket
import time
from collections.abc import Callable
from typing import Final

from cli.embedded.node import Node
from tests.faults.kind import Kind
from tests.faults.stage import Stage
from tests.integration.workers import until

GONE_S: Final = (0.5, 3.0)
FALLS_WITHIN_S: Final = 60.0
ELECTION: Final = "the next leader, and a producer's coordinator"
BROKERS: Final = (
    "brokers that are back, and the clients' next try, 1 s at the most; seldom a group that waits "
    "for a member that is gone: max.poll.interval.ms, 30 s here"
)


def leader_killed(stage: Stage) -> None:
    """Signal 9 for the leader of a partition of the predictions; back after a while."""
    topics = stage.brokers.admin.list_topics(timeout=10).topics
    _kill_and_restart(stage, topics[stage.scene.predictions].partitions[0].leader)


def coordinator_killed(stage: Stage) -> None:
    """Signal 9 for who coordinates a worker's transactions."""
    slot = stage.chance.randrange(len(stage.workers))
    name = f"{stage.scene.group}-{socket.gethostname()}-{os.getuid()}-{slot}"
    _kill_coordinator(stage, "__transaction_state", name)


def group_coordinator_killed(stage: Stage) -> None:
    """Signal 9 for who coordinates the workers' group."""
    _kill_coordinator(stage, "__consumer_offsets", stage.scene.group)


def all_gone(seconds: float) -> Callable[[Stage], None]:
    """Signal 9 for all brokers; they come back after that time."""

    def strike(stage: Stage) -> None:
        for node in stage.brokers.cluster.nodes:
            node.kill()
        time.sleep(seconds)
        stage.brokers.cluster.start()
        stage.from_now()

    return strike


def not_there_at_start(stage: Stage) -> None:
    """Workers that start before any broker does."""
    lines = [line for _, line in stage.workers]
    for worker, _ in list(stage.workers):
        stage.stop(worker)
    for node in stage.brokers.cluster.nodes:
        node.kill()
    for line in lines:
        stage.start(line).says("trying again in")
    stage.brokers.cluster.start()
    stage.from_now()


def disk_full(stage: Stage) -> None:
    """A broker can write no more, as on a full disk (its files may not grow), and falls."""
    node = stage.chance.choice(stage.brokers.cluster.nodes)
    _, most = resource.prlimit(node.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (1, most))
    stage.from_now()
    fallen = stage.brokers.cluster.fallen(FALLS_WITHIN_S)
    assert fallen is node, "the broker goes on with its disk full"
    node.stop()


def _kill_coordinator(stage: Stage, topic: str, name: str) -> None:
    """Kafka's own topic says who: the leader of the partition that the name's hash chooses."""
    partitions = stage.brokers.admin.list_topics(timeout=10).topics[topic].partitions
    _kill_and_restart(stage, partitions[java_hash(name) % len(partitions)].leader)


def java_hash(text: str) -> int:
    """As Kafka places a group or a transactional id: Java's `hashCode`, its sign left out."""
    found = 0
    for character in text:
        found = (31 * found + ord(character)) & 0xFFFF_FFFF
    return found & 0x7FFF_FFFF


def _kill_and_restart(stage: Stage, number: int) -> None:
    node: Node = stage.brokers.cluster.nodes[number - 1]
    node.kill()
    stage.from_now()
    time.sleep(stage.chance.uniform(*GONE_S))
    node.start()
    until(stage.brokers.in_sync, "all replicas in sync", FALLS_WITHIN_S)


def kinds(gone_s: float) -> tuple[Kind, ...]:
    """All brokers are gone for that long."""
    return (
        Kind("broker killed: a leader", leader_killed, ELECTION),
        Kind("broker killed: a transaction coordinator", coordinator_killed, ELECTION),
        Kind("broker killed: the group's coordinator", group_coordinator_killed, ELECTION),
        Kind(f"all brokers gone for {gone_s:g} s", all_gone(gone_s), BROKERS),
        Kind("no broker at the workers' start", not_there_at_start, BROKERS),
        Kind("a broker's disk is full", disk_full, ELECTION),
    )
