"""`titanic up`: the broker, the worker and the API together, until Ctrl-C."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape

from cli import kafka
from cli.broker import Broker, Origin, find_or_start
from cli.plain import plain
from cli.processes import NotUp, Running, wait_until_ready, worker_and_api
from cli.unavailable import BrokerUnavailable
from titanic_model.location import OWN_MEMORY
from titanic_model.releases import NoRelease, ReleaseRefused, Releases, StoreUnavailable
from titanic_model.settings import BadSetting, given_bootstrap_servers, settings

LOOK_EVERY_S: Final = 0.5
console = Console(stderr=True, highlight=False)


def up(
    *,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Empty the embedded broker's topics first.")
    ] = False,
    bootstrap_servers: kafka.BootstrapServers = None,
) -> None:
    """Run Kafka, the worker and the API until Ctrl-C; the model is trained if there is none yet.

    With KAFKA_BOOTSTRAP_SERVERS set, your Kafka is used and none is started.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with everything(bootstrap_servers, fresh=fresh) as (broker, worker, api):
            _say(broker, worker, api)
            while True:
                check(broker, worker, api)
                time.sleep(LOOK_EVERY_S)
    except KeyboardInterrupt:
        console.print("stopped")
    except (BrokerUnavailable, BadSetting, NotUp, ReleaseRefused, StoreUnavailable) as reason:
        kafka.fail("up", reason)


@contextmanager
def everything(given: str | None, *, fresh: bool) -> Iterator[tuple[Broker, Running, Running]]:
    """The broker, a release, a worker that reads and an API that answers; all end with this."""
    with find_or_start(given or given_bootstrap_servers(), fresh=fresh) as broker:
        console.print(plain(f"Kafka at {broker.bootstrap_servers} ({_told(broker)})"))
        console.print(plain(f"release {a_release()} of {settings().releases}"))
        with worker_and_api(broker.bootstrap_servers) as (worker, api):
            with console.status("starting the worker and the API"):
                wait_until_ready(worker, api, check=lambda: check(broker, worker, api))
            yield broker, worker, api


def check(broker: Broker, *processes: Running) -> None:
    """Raises `NotUp` when anything that was started here has ended by itself."""
    if broker.cluster and (node := broker.cluster.fallen(within_s=0)):
        raise NotUp(f"Kafka ended: {node.why()} (log: {node.log})")
    for process in processes:
        process.check()


def a_release() -> str:
    """The champion's id, once it is found whole; without one, the model is trained first."""
    releases = Releases(settings().releases)
    if not releases.store.is_shared:
        raise NotUp(f"worker and API would find no release: {OWN_MEMORY}")
    try:
        manifest, _ = releases.load_champion()
    except ReleaseRefused as error:
        raise NotUp(
            f"{error}; 'titanic releases rollback' goes back to the one before, "
            "'titanic train' makes a new one"
        ) from None
    except NoRelease:
        console.print("no release yet: training the model")
    else:
        return manifest.id
    try:
        from training.dataset import BadData  # noqa: PLC0415 - serving has no scikit-learn
        from training.train import main as train  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise NotUp(
            f"the model cannot be trained here, for the training extra is not installed ({error}); "
            "name a store that has a release with TITANIC_RELEASES"
        ) from None
    try:
        train()
    except BadData as problem:
        raise NotUp(f"the model cannot be trained: {problem}") from None
    return releases.champion()


def _told(broker: Broker) -> str:
    return {
        Origin.GIVEN: "yours, by KAFKA_BOOTSTRAP_SERVERS",
        Origin.RUNNING: "running already",
        Origin.EMBEDDED: "started here",
    }[broker.origin]


def _say(broker: Broker, worker: Running, api: Running) -> None:
    # One of ours is found without being named.
    given = broker.origin is Origin.GIVEN
    here = escape(f"--bootstrap-servers {broker.bootstrap_servers}") if given else ""
    console.print(
        f"""
  [bold]API[/]      {api.url}/docs      log {escape(str(api.log))}
  [bold]worker[/]   {worker.url}/readyz    log {escape(str(worker.log))}
  [bold]topics[/]   {" -> ".join(settings().topics[:2])}, invalid to {settings().topics[2]}

In another terminal:
  titanic watch {here}
  titanic produce --demo --rate 100 {here}
  curl -s {api.url}/predict -H 'content-type: application/json' \\
       -d '{{"age": 29, "sex": "female", "pclass": 1}}'

Ctrl-C stops everything."""
    )
