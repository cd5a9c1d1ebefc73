"""Finding or starting a broker: the given one, else the one that runs already, else our own.

`titanic broker` starts one and stays; other commands take theirs from `find_or_start`.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from cli import ports, probe
from cli.embedded import data_folder
from cli.embedded.cluster import PREFERRED_PORT, Cluster, cluster
from cli.embedded.kafka_lock import KAFKA_VERSION
from cli.unavailable import BrokerUnavailable
from titanic_model.settings import BadSetting, given_bootstrap_servers, kafka_settings

ANSWERS_WITHIN_S: Final = 5.0


class Origin(StrEnum):
    """Which step of the ladder a broker is on."""

    GIVEN = "given"
    RUNNING = "running"
    EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True)
class Broker:
    """Where Kafka is; `cluster` is there when this process has started it."""

    bootstrap_servers: str
    origin: Origin
    cluster: Cluster | None = None


@contextmanager
def find_or_start(
    given: str | None, *, data: Path | None = None, fresh: bool = False
) -> Iterator[Broker]:
    """The broker at the given address, else the user's running one, else one until the end.

    `data` and `fresh` are for the one to start. A given one isn't asked whether it is there.
    Raises `BrokerUnavailable`.
    """
    if given:
        yield Broker(given, Origin.GIVEN)
    elif not fresh and data is None and (address := running()):
        yield Broker(address, Origin.RUNNING)
    else:
        with cluster(data or data_folder.default(), fresh=fresh) as started:
            yield Broker(started.bootstrap_servers, Origin.EMBEDDED, started)


def running() -> str | None:
    """The address of the broker that the user has running in the default place."""
    one = data_folder.default()
    for path in [one, *sorted(one.parent.glob(f"{one.name}-*"))]:
        who = data_folder.holder(path)
        if who and any(ports.answers(port) for port in who.ports):
            return who.bootstrap_servers
    return None


def broker(
    *,
    brokers: Annotated[
        int, typer.Option(min=1, max=5, help="How many; each is a process of its own.")
    ] = 1,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65_535,
            show_default="9092, or a free one when that is taken",
            help="Of the first broker; the others follow.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            file_okay=False, show_default="a folder of yours", help="Where topics are kept."
        ),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Empty that folder first.")] = False,
    given: Annotated[
        str | None,
        typer.Option(
            "--bootstrap-servers",
            envvar="KAFKA_BOOTSTRAP_SERVERS",
            help="A broker that you have: say whether it answers and start nothing.",
        ),
    ] = None,
) -> None:
    """Run Apache Kafka on this machine until Ctrl-C, without Docker or Java.

    The first time, it is downloaded (45 MB) into your cache.
    Topics are kept from one run to the next.

    In one terminal, then in another:

        titanic broker
        export KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092

    With --brokers 3 it is a cluster that survives the loss of one:
    topics have three replicas, of which two confirm a write.
    """
    # a stop asked for by a service manager or by make is as good as Ctrl-C
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if servers := given or given_bootstrap_servers():
            _check(servers)
        else:
            with cluster(
                data or data_folder.default(brokers), brokers=brokers, port=port, fresh=fresh
            ) as started:
                _stay(started, chosen=port is None)
    except KeyboardInterrupt:
        typer.echo("stopped", err=True)
    except (BrokerUnavailable, BadSetting) as reason:
        typer.echo(f"titanic broker: {reason}", err=True)
        raise typer.Exit(1) from None


def _check(given: str) -> None:
    client = probe.client({**kafka_settings(), "bootstrap.servers": given})
    found = probe.brokers(client, within_s=ANSWERS_WITHIN_S)
    if found == 0:
        raise BrokerUnavailable(
            f"no broker answers at {given}, which KAFKA_BOOTSTRAP_SERVERS names; "
            "unset it to have one started here"
        )
    count = "1 broker" if found == 1 else f"{found} brokers"
    typer.echo(f"Kafka answers at {given} ({count}); there is nothing to start", err=True)


def _stay(started: Cluster, *, chosen: bool) -> None:
    """Say what there is, then watch over it. Raises `BrokerUnavailable` when too few are left."""
    nodes = started.nodes
    first = nodes[0]
    if chosen and first.port != PREFERRED_PORT:
        taken = f"{PREFERRED_PORT} or one after it" if len(nodes) > 1 else str(PREFERRED_PORT)
        typer.echo(f"port {taken} is taken; it listens on {first.port}", err=True)
    typer.echo(f"Apache Kafka {KAFKA_VERSION} is up; its data is in {started.data}", err=True)
    for node in nodes:
        typer.echo(
            f"  broker {node.number}: {node.address}, process {node.pid}, log {node.log}", err=True
        )
    typer.echo("Ctrl-C stops it; in another terminal:", err=True)
    typer.echo(f"export KAFKA_BOOTSTRAP_SERVERS={started.bootstrap_servers}")
    majority = len(nodes) // 2 + 1
    while True:
        if gone := started.fallen():
            end = f"broker {gone.number} has ended by itself: {gone.why()} ({gone.log})"
            gone.stop()
            left = sum(node.started for node in nodes)
            if left < majority:
                raise BrokerUnavailable(end)
            typer.echo(f"{end}; {left} go on", err=True)
