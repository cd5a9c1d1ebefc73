"""A cluster on disk: the settings of its brokers and their formatted storage."""

import base64
import json
import secrets
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from cli.embedded.broker_log import last_words
from cli.embedded.data_folder import DataFolder
from cli.embedded.node import Node, environment, java
from cli.ports import HOST
from cli.unavailable import BrokerUnavailable

FRESH: Final = "--fresh begins anew, without the topics that are there"


def settings(brokers: int) -> dict[str, str]:
    """What this project wants of Kafka, whatever runs it: replication that fits, quick starts."""
    replication = min(3, brokers)
    in_sync = max(1, replication - 1)
    return {
        "auto.create.topics.enable": "false",
        "num.partitions": "4",
        "default.replication.factor": str(replication),
        "min.insync.replicas": str(in_sync),
        "offsets.topic.replication.factor": str(replication),
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": str(replication),
        "transaction.state.log.min.isr": str(in_sync),
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": str(replication),
        "share.coordinator.state.topic.min.isr": str(in_sync),
        "share.coordinator.state.topic.num.partitions": "1",
        "group.initial.rebalance.delay.ms": "0",
    }


def configure(
    nodes: Sequence[Node],
    controller_ports: Sequence[int],
    more: Callable[[Mapping[str, str]], Mapping[str, str]],
) -> None:
    """Write each node's settings, at the addresses that hold for this run."""
    voters = [f"{n.number}@{HOST}:{port}" for n, port in zip(nodes, controller_ports, strict=True)]
    for node, controller_port in zip(nodes, controller_ports, strict=True):
        properties = settings(len(nodes)) | {
            "process.roles": "broker,controller",
            "node.id": str(node.number),
            "controller.quorum.voters": ",".join(voters),
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://{node.address},CONTROLLER://{HOST}:{controller_port}",
            "advertised.listeners": f"PLAINTEXT://{node.address}",
            "log.dirs": "data",
            # 128 MB otherwise, of a heap of 512
            "log.cleaner.dedupe.buffer.size": str(8 * 1024 * 1024),
            # a broker that was killed is missed after 3 s rather than 9
            "broker.heartbeat.interval.ms": "500",
            "broker.session.timeout.ms": "3000",
        }
        node.configure(more(properties))


def check(folder: DataFolder, brokers: int) -> bool:
    """Whether the folder holds that many brokers' data; False when it holds none.

    Raises `BrokerUnavailable` when it holds another number's, or is damaged.
    """
    made = folder.path / "cluster.json"
    if not made.exists():
        return False
    try:
        was: object = json.loads(made.read_text())["brokers"]
        if was == brokers:
            for number in range(1, brokers + 1):
                (folder.node(number) / "data" / "meta.properties").read_text()
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BrokerUnavailable(f"the data in {folder.path} is damaged; {FRESH}") from error
    if was != brokers:
        raise BrokerUnavailable(
            f"{folder.path} holds the data of --brokers {was}, not {brokers}; {FRESH}"
        )
    return True


def format_all(folder: DataFolder, nodes: Sequence[Node], class_path: str) -> None:
    """Format the configured nodes' storage, all at once. Raises `BrokerUnavailable`."""
    # An id that begins with "-" would be taken for an option; this begins with "A".
    cluster_id = base64.urlsafe_b64encode(b"\0" + secrets.token_bytes(15)).decode().rstrip("=")
    tool = java("kafka.tools.StorageTool", class_path=class_path)
    command = [*tool, "format", "--cluster-id", cluster_id, "--config", "server.properties"]
    running = []
    try:
        for node in nodes:
            with node.log.open("wb") as log:
                running.append(
                    subprocess.Popen(
                        command,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        cwd=node.folder,
                        env=environment(),
                        pass_fds=(folder.lock_fd,),
                        start_new_session=True,
                    )
                )
        codes = [process.wait() for process in running]
    finally:
        for process in running:
            process.kill()
            process.wait()
    for node, code in zip(nodes, codes, strict=True):
        if code != 0:
            raise BrokerUnavailable(f"{node.folder} could not be formatted: {last_words(node.log)}")
    # Only now does the folder count: until here the next start begins anew by itself.
    made = {"brokers": len(nodes), "cluster_id": cluster_id}
    (folder.path / "cluster.json").write_text(json.dumps(made))
