"""Errors as RFC 9457 problem details: the one place where a refusal becomes a response."""

from collections.abc import Collection, Iterable, Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from titanic_model.passenger import Reason, Rejection

MEDIA_TYPE: Final = "application/problem+json"
# Our own types of problem; for those that HTTP itself names the type is about:blank.
TYPE_PREFIX: Final = "urn:titanic:problem:"
# A new release is seen within two seconds, a store that is back as well.
RETRY_AFTER_S: Final = 2

# 400: no JSON could be read. 422: it could, and is no passenger.
_REFUSED: Final[Mapping[Reason, tuple[HTTPStatus, str]]] = {
    Reason.EMPTY: (HTTPStatus.BAD_REQUEST, "The body is empty"),
    Reason.NOT_JSON: (HTTPStatus.BAD_REQUEST, "The body is not JSON"),
    Reason.NOT_AN_OBJECT: (HTTPStatus.UNPROCESSABLE_ENTITY, "The body is not a JSON object"),
    Reason.MISSING_FIELD: (HTTPStatus.UNPROCESSABLE_ENTITY, "A field is missing"),
    Reason.WRONG_TYPE: (HTTPStatus.UNPROCESSABLE_ENTITY, "A field has the wrong type"),
    Reason.OUT_OF_RANGE: (HTTPStatus.UNPROCESSABLE_ENTITY, "A field is out of range"),
    Reason.INTERNAL_ERROR: (HTTPStatus.INTERNAL_SERVER_ERROR, "Internal Server Error"),
}


EXAMPLE: Final[dict[str, JsonValue]] = {
    "type": "urn:titanic:problem:out_of_range",
    "title": "A field is out of range",
    "status": 422,
    "detail": "pclass: 4 is out of range; 1, 2 or 3 is allowed",
    "instance": "/predict",
    "errors": [
        {
            "field": "pclass",
            "reason": "out_of_range",
            "message": "pclass: 4 is out of range; 1, 2 or 3 is allowed",
        }
    ],
}


class FieldError(BaseModel):
    """One thing that is wrong with a body."""

    model_config = ConfigDict(frozen=True)

    field: str | None = Field(description="The field; null: the body as a whole.")
    reason: Reason
    message: str = Field(description="What came and what is allowed.")


class Problem(BaseModel):
    """A problem detail (RFC 9457), the body of every 4xx and 5xx response."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [EXAMPLE]})

    type: str = Field(
        description=f"`{TYPE_PREFIX}<reason>`, or `about:blank` when the status says it all."
    )
    title: str
    status: int = Field(ge=400, le=599)
    detail: str = Field(description="What was wrong with this request, and what to do.")
    instance: str = Field(description="The path that was asked for.")
    errors: tuple[FieldError, ...] = Field(description="Everything wrong with the body, if it is.")


class ProblemResponse(Response):
    """A problem on its way out."""

    media_type = MEDIA_TYPE


def problem(
    scope: Scope,
    status: int,
    detail: str,
    *,
    kind: str | None = None,
    title: str | None = None,
    errors: Iterable[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> ProblemResponse:
    """A response for the request in `scope`; without a `kind` of our own it is HTTP's."""
    content = Problem(
        type=TYPE_PREFIX + kind if kind else "about:blank",
        title=title or HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=_path(scope),
        errors=tuple(errors),
    )
    return ProblemResponse(content.model_dump_json(), status, headers)


def rejected(scope: Scope, rejection: Rejection) -> ProblemResponse:
    """A body that is no passenger."""
    status, title = _REFUSED[rejection.reason]
    errors = [
        FieldError(field=f.field, reason=f.reason, message=f.message) for f in rejection.faults
    ]
    return problem(
        scope, status, rejection.message, kind=rejection.reason.value, title=title, errors=errors
    )


def not_ready(scope: Scope, detail: str) -> ProblemResponse:
    """No release is in service."""
    return problem(
        scope,
        HTTPStatus.SERVICE_UNAVAILABLE,
        detail,
        kind="no_release",
        title="No release is in service",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )


def wrong_method(scope: Scope, allowed: Collection[str]) -> Response:
    """A method that the path does not take; OPTIONS, which asks for those it takes, gets them."""
    methods = {*allowed, "OPTIONS"} | ({"HEAD"} if "GET" in allowed else set())
    headers = {"Allow": ", ".join(sorted(methods))}
    if scope["method"] == "OPTIONS":
        return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)
    detail = f"{_path(scope)} takes {headers['Allow']}"
    return problem(scope, HTTPStatus.METHOD_NOT_ALLOWED, detail, headers=headers)


def internal(scope: Scope) -> ProblemResponse:
    """A fault of ours. What it was is for the log, not for the client."""
    detail = "this is a fault of the service, not of the request; its log has the reason"
    return problem(scope, HTTPStatus.INTERNAL_SERVER_ERROR, detail)


def install(app: FastAPI) -> None:
    """Make every error of `app`'s routes a problem."""
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - it is installed for nothing else
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return wrong_method(request.scope, headers.get("Allow", "GET").split(", "))
    detail = error.detail
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = f"there is nothing at {_path(request.scope)}; /docs shows what there is"
    return problem(request.scope, error.status_code, detail, headers=headers)


async def _unexpected(request: Request, _: Exception) -> Response:
    return internal(request.scope)


def _path(scope: Scope) -> str:
    return quote(scope["path"])
