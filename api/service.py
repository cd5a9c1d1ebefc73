"""The service put together: releases -> follower -> doors and pages -> edge. Wiring only.

The file is not called `app.py`, because `api.app` is the application that `uvicorn api:app` serves.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI

from api import problems, routes
from api.document import Documented
from api.edge import Edge
from api.metrics import Metrics
from api.predict import Predict
from titanic_model.follower import Follower
from titanic_model.following import Following
from titanic_model.releases import Releases
from titanic_model.settings import settings

# How long the start waits for the first look at the release store. A store that answers does so
# in milliseconds; with one that does not, /livez and /readyz are better than no service.
FIRST_LOOK_S: Final = 5.0

# uvicorn gives a handler and --log-level to its own loggers only; a child of theirs has them, too.
log: Final = logging.getLogger("uvicorn.error.titanic")


def create_app(releases: Releases | None = None, *, follow_every_s: float | None = None) -> Edge:
    """The ASGI application that serves the champion of `releases`; the defaults are the settings'.

    Raises `BadSetting`. A release that is missing or damaged raises nothing: `/readyz` says so,
    and service starts when there is one.
    """
    follower = Follower(releases or Releases(settings().releases))
    every_s = settings().follow_every_s if follow_every_s is None else follow_every_s
    metrics = Metrics(follower)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with Following(follower, every_s=every_s, log=log) as following:
            await asyncio.to_thread(following.looked.wait, FIRST_LOOK_S)
            yield

    pages = Documented(lifespan=lifespan)
    problems.install(pages)
    routes.install(pages, follower, metrics)
    return Edge(pages, doors={"/predict": Predict(follower, metrics)}, metrics=metrics)
