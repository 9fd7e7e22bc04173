"""The one place where errors become answers: the OpenAI envelope, on every route (spec section 1.3)."""

from __future__ import annotations

import math
from typing import Final

import msgspec
from starlette.exceptions import HTTPException

from antiphon.errors import AntiphonError, BadRequest, Conflict, GatewayError, MethodNotAllowed, NotFound
from antiphon.http.call import Call, Header

_encode: Final = msgspec.json.Encoder().encode
_NOT_FOUND: Final = 404
_METHOD_NOT_ALLOWED: Final = 405
_FINAL: Final = (b"x-should-retry", b"false")


def envelope(error: AntiphonError) -> bytes:
    """The body for an error: all four members, always."""
    body = {"message": error.message, "type": error.type, "param": error.param, "code": error.code}
    return _encode({"error": body})


async def reply_error(call: Call, error: AntiphonError, headers: tuple[Header, ...] = ()) -> None:
    """Answers with the error. Clients obey `retry-after`.

    OpenAI's clients retry every 429 and 409, but for a quota that is used up or a conflict that stays one.
    """
    extra: list[Header] = [(b"content-type", b"application/json"), *headers]
    if error.retry_after is not None:
        extra.append((b"retry-after", b"%d" % math.ceil(error.retry_after)))
        extra.append((b"retry-after-ms", b"%d" % math.ceil(error.retry_after * 1000)))
    if error.code == "insufficient_quota" or isinstance(error, Conflict):
        extra.append(_FINAL)
    await call.reply(error.status, envelope(error), extra)


def translated(error: Exception, path: str, method: str) -> tuple[AntiphonError, tuple[Header, ...]]:
    """Any exception as one of ours, with the headers that belong to it."""
    if isinstance(error, AntiphonError):
        return error, ()
    if isinstance(error, HTTPException):
        return _routing_error(error, path, method)
    if isinstance(error, RecursionError):
        return BadRequest("The request is nested too deeply.", code="invalid_json"), ()
    return GatewayError("The gateway failed to serve this request. Its operator finds the cause in the log."), ()


def unknown_path(path: str, method: str) -> NotFound:
    """No route matches."""
    return NotFound(f"Unknown request URL: {method} {path}. Please check the URL for typos.", code="unknown_url")


def _routing_error(error: HTTPException, path: str, method: str) -> tuple[AntiphonError, tuple[Header, ...]]:
    if error.status_code == _METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("Allow", "")
        message = f"Not allowed: {method} {path}. Allowed here: {allowed}."
        return MethodNotAllowed(message), ((b"allow", allowed.encode()),)
    if error.status_code == _NOT_FOUND:
        return unknown_path(path, method), ()
    return GatewayError("The gateway failed to serve this request."), ()
