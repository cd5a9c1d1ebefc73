"""The worker's pages: is it alive, is it ready, and its metrics. Nothing else is served."""

import errno
import sys
import time
from typing import Final

from aiohttp import web
from mode import Service
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from stream.status import State, Status
from titanic_model.follower import Follower

FIRST_PORT: Final = 6066
PORTS: Final = 100
# A batch that is neither committed nor waited for after this long is no progress.
STUCK_S: Final = 60.0


class Pages(Service):
    """`/livez`, `/readyz` and `/metrics`.

    Without a port of its own to use it takes the first free one from 6066 on, so that several
    workers on a host need no setting.
    """

    driver_version = "aiohttp"

    def __init__(self, host: str, port: int | None, status: Status, model: Follower) -> None:
        super().__init__()
        self._host = host
        self._port = port
        self._status = status
        self._model = model
        self.web_url = f"http://{host}:{FIRST_PORT if port is None else port}"

    async def on_start(self) -> None:
        """Bind and serve."""
        site = web.Application()
        site.add_routes(
            [
                web.get("/livez", self._livez),
                web.get("/readyz", self._readyz),
                web.get("/metrics", self._metrics),
            ]
        )
        self._runner = web.AppRunner(site, access_log=None)
        await self._runner.setup()
        try:
            port = await self._bind()
        except OSError as error:
            where = f"TITANIC_WEB_HOST={self._host} TITANIC_WEB_PORT={self._port or '(unset)'}"
            sys.exit(f"worker: {where}: the pages cannot listen there: {error.strerror}")
        self.web_url = f"http://{self._host}:{port}"
        self.log.info("pages at %s/livez, /readyz and /metrics", self.web_url)

    async def _bind(self) -> int:
        ports = range(FIRST_PORT, FIRST_PORT + PORTS) if self._port is None else [self._port]
        for port in ports:
            try:
                await web.TCPSite(self._runner, self._host, port).start()
            except OSError as error:
                if error.errno != errno.EADDRINUSE or port == ports[-1]:
                    raise
            else:
                return self._runner.addresses[0][1] if port == 0 else port
        raise AssertionError("the last port raises")

    async def on_stop(self) -> None:
        """Answer no longer."""
        await self._runner.cleanup()

    async def _livez(self, _: web.Request) -> web.Response:
        """Fails when the Kafka thread is gone or has not come round for long: restart it then."""
        silent_s = time.monotonic() - self._status.alive_at
        stuck = silent_s > STUCK_S or self._status.state is State.STOPPED
        return _say("stuck" if stuck else "alive", ok=not stuck, silent_s=round(silent_s, 1))

    async def _readyz(self, _: web.Request) -> web.Response:
        """Ready: a model is in service and the group has given this worker its partitions.

        `problem` says why the champion is not that model, if it isn't.
        """
        scorer = self._model.scorer
        reading = self._status.state is State.READING
        return _say(
            self._status.state.value if scorer else self._model.problem or "no model",
            ok=reading and scorer is not None,
            model=scorer.version if scorer else None,
            problem=self._model.problem,
            partitions=sorted(self._status.partitions),
        )

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _say(status: str, *, ok: bool, **more: object) -> web.Response:
    return web.json_response({"status": status, **more}, status=200 if ok else 503)
