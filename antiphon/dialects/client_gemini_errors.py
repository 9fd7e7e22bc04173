"""Errors as Google's clients expect them.

https://cloud.google.com/apis/design/errors and https://ai.google.dev/gemini-api/docs/troubleshooting (read 2026-11):
clients look at the status, at its word, and for the time to wait in the details.
"""

from __future__ import annotations

from typing import Final

import msgspec

from antiphon.errors import AntiphonError
from antiphon.wire.requests import Item

_WORDS: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    402: "RESOURCE_EXHAUSTED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_LEAST_SERVER: Final = 500
_NOT_FOUND: Final = 404
_TYPES: Final = "type.googleapis.com/google.rpc."

_encode: Final = msgspec.json.Encoder().encode


def google_error(error: AntiphonError) -> tuple[int, Item]:
    """Status and envelope of an error. A model that is not there is a 404 for these clients."""
    status = _NOT_FOUND if error.code == "model_not_found" else error.status
    details: list[Item] = []
    if error.code:
        info = {"@type": f"{_TYPES}ErrorInfo", "reason": error.code.upper(), "domain": "antiphon"}
        details.append(info)
    if error.param:
        violation = {"field": error.param, "description": error.message}
        details.append({"@type": f"{_TYPES}BadRequest", "fieldViolations": [violation]})
    if error.retry_after is not None:
        details.append({"@type": f"{_TYPES}RetryInfo", "retryDelay": f"{error.retry_after:g}s"})
    blames = error.param is not None and error.param not in error.message
    message = f"{error.param}: {error.message}" if blames else error.message
    return status, said_error(status, message, details)


def said_error(status: int, message: str, details: list[Item] | None = None) -> Item:
    """An error in Google's envelope."""
    word = _WORDS.get(status) or _WORDS[_LEAST_SERVER if status >= _LEAST_SERVER else 400]
    error: Item = {"code": status, "message": message, "status": word}
    return {"error": error | ({"details": details} if details else {})}


def encoded_error(error: AntiphonError) -> tuple[int, bytes]:
    """Status and body."""
    status, envelope = google_error(error)
    return status, _encode(envelope)
