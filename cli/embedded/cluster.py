"""Apache Kafka embedded: a cluster of one or more brokers on this machine, for as long as we live.

Each broker is a KRaft node that is its own controller too. What it stores outlives us.
"""

import selectors
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console

from cli import ports, probe
from cli.embedded import storage
from cli.embedded.broker_log import last_words
from cli.embedded.data_folder import hold
from cli.embedded.jars import class_path
from cli.embedded.kafka_lock import KAFKA_VERSION
from cli.embedded.node import Node
from cli.unavailable import BrokerUnavailable

PREFERRED_PORT: Final = 9092
READY_WITHIN_S: Final = 120.0
# One broker stops in half a second; of several, the last ones look for a quorum that is gone.
GRACE_S: Final = 10.0
GRACE_OF_SEVERAL_S: Final = 3.0


class Cluster:
    """Brokers that this process has started (`cluster`)."""

    def __init__(self, nodes: tuple[Node, ...], data: Path, *, continued: bool) -> None:
        self.nodes = nodes
        self.data = data
        self.continued = continued

    @property
    def bootstrap_servers(self) -> str:
        """All of their addresses."""
        return ",".join(node.address for node in self.nodes)

    def start(self) -> None:
        """Start all and wait until they answer. Raises `BrokerUnavailable`."""
        with Console(stderr=True).status(f"starting Apache Kafka {KAFKA_VERSION}"):
            for node in self.nodes:
                node.start()
            self.await_ready()

    def await_ready(self, within_s: float = READY_WITHIN_S) -> None:
        """Wait until each started broker takes part. Raises `BrokerUnavailable`."""
        started = [node for node in self.nodes if node.started]
        deadline = time.monotonic() + within_s
        while not all(ports.answers(node.port) for node in started):
            self._wait_further(deadline)
        client = probe.client({"bootstrap.servers": self.bootstrap_servers})
        while probe.brokers(client, within_s=1) < len(started):
            self._wait_further(deadline)

    def fallen(self, within_s: float | None = None) -> Node | None:
        """A broker that ended by itself within that time; None waits for one."""
        with selectors.DefaultSelector() as pipes:
            for node in self.nodes:
                if node.started:
                    pipes.register(node.exits, selectors.EVENT_READ, node)
            ended = {key.data for key, _ in pipes.select(within_s)}
        return next((node for node in self.nodes if node in ended), None)

    def stop(self) -> None:
        """Stop all that run, in order; what they stored stays."""
        for node in self.nodes:
            node.ask_to_stop()
        for node in self.nodes:
            node.stop()

    def _wait_further(self, deadline: float) -> None:
        hint = f"; {storage.FRESH}" if self.continued else ""
        if node := self.fallen(within_s=0.05):
            raise BrokerUnavailable(f"Apache Kafka did not start: {node.why()} ({node.log}){hint}")
        if time.monotonic() > deadline:
            first = self.nodes[0]
            raise BrokerUnavailable(
                f"Apache Kafka did not answer in time: {last_words(first.log)} ({first.log}){hint}"
            )


@contextmanager
def cluster(
    data: Path,
    *,
    brokers: int = 1,
    port: int | None = None,
    fresh: bool = False,
    more: Callable[[Mapping[str, str]], Mapping[str, str]] = lambda properties: properties,
) -> Iterator[Cluster]:
    """Start brokers on a data folder, wait until they answer, and stop them at the end.

    They continue with what the folder holds, or begin anew when `fresh`. Without a port the first
    takes 9092 when that is free; port 0 is any free one. `more` has the last word on each
    broker's properties. Raises `BrokerUnavailable`.
    """
    jars = class_path()
    with ExitStack() as stack:
        folder = stack.enter_context(hold(data.absolute()))
        try:
            continued = not fresh and storage.check(folder, brokers)
            listeners, controllers = _ports(brokers, port)
            nodes = tuple(
                Node(
                    number=number,
                    port=listener,
                    folder=folder.node(number),
                    class_path=jars,
                    lock_fd=folder.lock_fd,
                    grace_s=GRACE_S if brokers == 1 else GRACE_OF_SEVERAL_S,
                )
                for number, listener in enumerate(listeners, start=1)
            )
            if not continued:
                folder.empty()
            storage.configure(nodes, controllers, more)
            if not continued:
                storage.format_all(folder, nodes, jars)
            started = Cluster(nodes, folder.path, continued=continued)
            folder.announce(started.bootstrap_servers)
        except OSError as error:
            raise BrokerUnavailable(
                f"{data} cannot hold a broker's data: {error.strerror}"
            ) from error
        stack.callback(started.stop)
        started.start()
        yield started


def _ports(brokers: int, port: int | None) -> tuple[list[int], list[int]]:
    """One for each broker and one for each controller."""
    free = ports.free()
    first = PREFERRED_PORT if port is None else port
    wanted = range(first, first + brokers)
    taken = [number for number in wanted if not ports.is_free(number)]
    if port and taken:
        raise BrokerUnavailable(f"port {taken[0]} is taken; without --port a free one is found")
    anywhere = port == 0 or bool(taken)
    listeners = [next(free) for _ in wanted] if anywhere else list(wanted)
    return listeners, [next(free) for _ in wanted]
