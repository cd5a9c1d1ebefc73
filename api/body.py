"""A request's JSON body as bytes, read up to a limit. What they say is for `passenger` to judge."""

from email.message import Message as HeaderParser
from http import HTTPStatus
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from api.problems import ProblemResponse, problem

JSON: Final = b"application/json"
# A passenger takes 100 bytes, some 2,000 with the longest id in escapes. The rest is room for
# fields that are ignored; what is more than that is a mistake, or worse, and is not held in memory.
MAX_BODY_BYTES: Final = 64 * 1024


async def read_json(scope: Scope, receive: Receive) -> bytes | ProblemResponse:
    """The body, or why it is not taken. Raises `ClientDisconnect` when the client has gone."""
    content_type = encoding = b""
    length = b"0"
    for name, value in scope["headers"]:
        if name == b"content-type":
            content_type = value
        elif name == b"content-length":
            length = value
        elif name == b"content-encoding":
            encoding = value
    if content_type != JSON and not _is_json(content_type):
        return _wrong_type(scope, content_type)
    if encoding not in {b"", b"identity"}:
        return _wrong_encoding(scope, encoding)
    # A server has checked that it is a number; one that lies is found out below.
    if length.isdigit() and int(length) > MAX_BODY_BYTES:
        return _too_large(scope)
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            return _too_large(scope)
        more = message.get("more_body", False)
    return bytes(body)


def _is_json(content_type: bytes) -> bool:
    """`application/json` or `application/<something>+json`, of no other charset than UTF-8."""
    parsed = HeaderParser()
    parsed["content-type"] = content_type.decode("latin-1")
    media_type = parsed.get_content_type()
    is_json = media_type == "application/json" or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )
    return is_json and parsed.get_content_charset("utf-8") in {"utf-8", "utf8"}


def _wrong_type(scope: Scope, content_type: bytes) -> ProblemResponse:
    came = f"is {content_type.decode('latin-1')[:100]}" if content_type else "is not given"
    return problem(
        scope,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        f"the content type {came}; application/json in UTF-8 is taken "
        "(with curl: -H 'content-type: application/json')",
        headers={"Accept": "application/json"},
    )


def _wrong_encoding(scope: Scope, encoding: bytes) -> ProblemResponse:
    return problem(
        scope,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        f"the content encoding is {encoding.decode('latin-1')[:100]}; send the body as it is",
        headers={"Accept-Encoding": "identity"},
    )


def _too_large(scope: Scope) -> ProblemResponse:
    return problem(
        scope,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"the body is larger than {MAX_BODY_BYTES:,} bytes; a passenger takes some 100",
    )
