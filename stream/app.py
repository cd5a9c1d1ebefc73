"""The Faust app: wiring only. `faust -A stream.app worker -l info`

The Kafka thread (`exchange`) hands each batch over a Faust channel to the agent, which scores it
(`batch`), and publishes the outcome. Faust's own consumer and producer stay out: see
docs/decisions/0001-our-own-kafka-thread-inside-faust.md.
"""

import asyncio
import gc
import logging
import os
import sys
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import faust
from faust.app.base import BootStrategy
from mode import Service
from prometheus_client import REGISTRY

from stream import batch
from stream.clients import DEFAULT_GROUP
from stream.errors import GivenUp
from stream.exchange import Exchange
from stream.pages import Pages
from stream.patience import Stopped
from stream.record import Record
from titanic_model.follower import Follower
from titanic_model.following import Following
from titanic_model.release_metrics import ReleaseMetrics
from titanic_model.releases import Releases
from titanic_model.settings import BadSetting, kafka_settings, settings

log = logging.getLogger("stream.app")

# Allocations between two looks for cycles. A batch makes some ten thousands of objects and none of
# them; looking after each 700, as by default, costs a fifth of the throughput.
COLLECT_EVERY: Final = 100_000
# How long the batch in hand may take to be finished when the worker is told to stop.
STOP_DEADLINE_S: Final = 30.0
# How soon a first release, or a stop, is seen.
LOOK_EVERY_S: Final = 0.1


class WithoutFaustsKafka(BootStrategy):
    """Faust's channels, agents and services, without its consumer and producer."""

    enable_kafka = False


class App(faust.App):
    """The Faust app of the scorer."""

    BootStrategy = WithoutFaustsKafka


@dataclass(frozen=True)
class Handover:
    """A batch on its way to the agent, and the promise of its outcome."""

    records: Sequence[Record]
    limits: batch.Limits
    outcome: Future[batch.Outcome] = field(default_factory=Future)


try:
    config = settings()
    servers = kafka_settings()["bootstrap.servers"]
except BadSetting as error:
    sys.exit(f"worker: {error}")

# Faust makes a folder for tables, of which there are none.
faust_folder = Path(tempfile.gettempdir()) / f"titanic-faust-{os.getuid()}"
app = App(DEFAULT_GROUP, broker=f"kafka://{servers}", store="memory://", datadir=faust_folder)
model = Follower(Releases(config.releases))
REGISTRY.register(ReleaseMetrics(model))
handovers = app.channel()
stopping = threading.Event()


@app.agent(handovers)
async def score(stream: Any) -> None:
    """Score each batch with the release that is in service when it comes."""
    async for handover in stream:
        try:
            scorer = model.in_service()
            outcome = batch.score(handover.records, scorer, handover.limits)
            handover.outcome.set_result(outcome)
        except BaseException as error:
            handover.outcome.set_exception(error)
            raise


def hand_over(records: Sequence[Record], limits: batch.Limits) -> batch.Outcome:
    """From the Kafka thread to the agent and back: a rendezvous, one batch at a time."""
    handover = Handover(records, limits)
    asyncio.run_coroutine_threadsafe(handovers.send(value=handover), app.loop)
    return handover.outcome.result()


exchange = Exchange(config, hand_over, stopping)
app.web_server(Pages(config.web_host, config.web_port, exchange.status, model))


@app.service
class KafkaThread(Service):
    """The thread that the exchange runs in, by the release that another one follows.

    It starts last and stops first.
    """

    async def on_start(self) -> None:
        """Let the channel deliver, and start."""
        gc.freeze()  # what has been imported stays: it is not looked through again and again
        gc.set_threshold(COLLECT_EVERY)
        app.flow_control.resume()
        self._thread = threading.Thread(target=self._run, name="kafka", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            with Following(model, every_s=config.follow_every_s, log=log):
                _wait_for_a_release()
                exchange.run()
        except Stopped:
            pass
        except (BadSetting, GivenUp) as error:
            self.loop.call_soon_threadsafe(sys.exit, f"worker: {error}")
        except BaseException as error:  # the worker must not live on without it
            asyncio.run_coroutine_threadsafe(self.crash(error), self.loop)

    async def on_stop(self) -> None:
        """Let the batch in hand be committed, and the group be left."""
        stopping.set()
        await asyncio.to_thread(self._thread.join, STOP_DEADLINE_S)


def _wait_for_a_release() -> None:
    while model.scorer is None:
        exchange.status.alive()
        if stopping.wait(LOOK_EVERY_S):
            raise Stopped
