"""The one place where errors become answers: the OpenAI envelope, on every route."""

from __future__ import annotations

import math
from typing import Any, Final

import msgspec
from starlette.exceptions import HTTPException

from antiphon.dialects.client_gemini_errors import encoded_error
from antiphon.dialects.client_messages_shapes import error_body, status_of
from antiphon.errors import AntiphonError, BadRequest, Conflict, GatewayError, MethodNotAllowed, NotFound
from antiphon.http.call import Call, Header
from antiphon.http.codings import ACCEPTED
from antiphon.wire.client_frames import with_stream_id

_encode: Final = msgspec.json.Encoder().encode
_NOT_FOUND: Final = 404
_METHOD_NOT_ALLOWED: Final = 405
_FINAL: Final = (b"x-should-retry", b"false")


def envelope(error: AntiphonError) -> bytes:
    """The body for an error: all four members, always."""
    body = {"message": error.message, "type": error.type, "param": error.param, "code": error.code}
    return _encode({"error": body})


def error_frame(error: AntiphonError, stream_id: str | None) -> bytes:
    """The same over a WebSocket, where `code` is always a string and headers stand beside it."""
    body: dict[str, Any] = {
        "type": error.type,
        "code": error.code or error.type,
        "message": error.message,
        "param": error.param,
    }
    headers = advice(error)
    if headers:
        body["headers"] = {name.decode(): value.decode() for name, value in headers}
    return with_stream_id(_encode({"type": "error", "status": error.status, "error": body}), stream_id)


async def reply_error(call: Call, error: AntiphonError, headers: tuple[Header, ...] = ()) -> None:
    """Answers with the error, in the words of the client's own API."""
    status, body = error.status, envelope(error)
    if call.tongue == "anthropic":
        status, body = anthropic_error(error, call.request_id)
    elif call.tongue == "google":
        status, body = encoded_error(error)
    await call.reply(status, body, [(b"content-type", b"application/json"), *headers, *advice(error)])


def anthropic_error(error: AntiphonError, request_id: str) -> tuple[int, bytes]:
    """Status and body of an error for Anthropic's clients, which know a model that is not there as a 404."""
    status = _NOT_FOUND if error.code == "model_not_found" else error.status
    blames = error.param is not None and error.param not in error.message
    message = f"{error.param}: {error.message}" if blames else error.message
    return status_of(status), error_body(status, message, request_id)


def advice(error: AntiphonError) -> list[Header]:
    """Whether and when to try again, where clients obey `retry-after`, and in which encoding (RFC 9110, 15.5.16).

    OpenAI's clients retry every 429 and 409, but for a quota that is used up or a conflict that stays one.
    """
    found: list[Header] = []
    if error.retry_after is not None:
        found.append((b"retry-after", b"%d" % math.ceil(error.retry_after)))
        found.append((b"retry-after-ms", b"%d" % math.ceil(error.retry_after * 1000)))
    if error.code == "unsupported_content_encoding":
        found.append((b"accept-encoding", ACCEPTED))
    if error.code == "insufficient_quota" or isinstance(error, Conflict):
        found.append(_FINAL)
    return found


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
