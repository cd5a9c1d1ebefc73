"""What every request passes, first and last: count it, time it, and never leave it unanswered.

The doors (`/predict`) stand here, before FastAPI, whose middleware, routing and checks cost
several times what an answer does; all other paths go through it.
"""

import time
from collections.abc import Mapping
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.metrics import Metrics

# Of paths that are no route's: a label per path would let anyone fill the memory.
OTHER: Final = "other"
NOSNIFF: Final = (b"x-content-type-options", b"nosniff")


class Edge:
    """The ASGI application: `doors` by their exact path, `pages` for the rest."""

    def __init__(self, pages: ASGIApp, *, doors: Mapping[str, ASGIApp], metrics: Metrics) -> None:
        self._pages = pages
        self._doors = doors
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on. Raises what a door or a page raises, once the client has a 500."""
        if scope["type"] != "http":
            await self._pages(scope, receive, send)
            return
        started_at = time.perf_counter()
        status = 0

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), NOSNIFF]
            await send(message)

        # Whatever answers GET answers HEAD: the server leaves the body out.
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        door = self._doors.get(path)
        try:
            await (door or self._pages)(scope, receive, send_on)
        except ClientDisconnect:
            pass
        except Exception:
            if not status:
                await problems.internal(scope)(scope, receive, send_on)
            raise  # for the server's log
        finally:
            if status:
                route = path if door else getattr(scope.get("route"), "path", OTHER)
                self._metrics.answered(route, status, time.perf_counter() - started_at)
