"""`POST /predict`: one passenger, one prediction, on the way that an event takes, too.

A plain ASGI application: FastAPI's work per request would cost five times the answer's. What the
operation looks like from outside is written down in `document`.
"""

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api import problems
from api.body import read_json
from api.metrics import Metrics
from titanic_model.follower import Follower
from titanic_model.passenger import Rejection, parse

_encode = msgspec.json.Encoder().encode


class Predict:
    """The door for one passenger."""

    def __init__(self, follower: Follower, metrics: Metrics) -> None:
        self._follower = follower
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        answer = await self._answer(scope, receive)
        if isinstance(answer, Response):
            await answer(scope, receive, send)
            return
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(answer)),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _answer(self, scope: Scope, receive: Receive) -> bytes | Response:
        if scope["method"] != "POST":
            return problems.wrong_method(scope, ("POST",))
        body = await read_json(scope, receive)
        if isinstance(body, Response):
            return body
        passenger = parse(body)
        if isinstance(passenger, Rejection):
            self._metrics.refusals[passenger.reason].inc()
            return problems.rejected(scope, passenger)
        scorer = self._follower.scorer
        if scorer is None:
            return problems.not_ready(
                scope, "there is nothing to predict with yet; /readyz says why"
            )
        answer = scorer.answer(passenger)
        self._metrics.predictions[answer.survived].inc()
        name = passenger.passenger_id
        return b'{"passenger_id":%b,%b}' % (
            b"null" if name is msgspec.UNSET else _encode(name),
            answer.json,
        )
