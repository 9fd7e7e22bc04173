"""Google's errors: what `refusals` reads of any vendor's, and how long Google asks to be left alone.

https://cloud.google.com/apis/design/errors (read 2026-11): `error.details` holds, among others, a RetryInfo.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from antiphon.dialects.chat_shapes import objects
from antiphon.dialects.refusals import refusal
from antiphon.errors import UpstreamError
from antiphon.wire.requests import is_item

_RETRY_INFO: Final = "type.googleapis.com/google.rpc.RetryInfo"
_STATUSES: Final = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
_UNKNOWN: Final = 502


def refused(status: int, body: bytes, retry_after: float | None) -> UpstreamError:
    """The error that an answer with a status of 400 or more stands for. `retry_after` is in seconds."""
    return refusal(status, body, _delay(body) if retry_after is None else retry_after)


def told_inside(data: bytes) -> UpstreamError:
    """The error that stands in an answer that began well."""
    error = _error(data)
    status: Any = error.get("code")
    if not isinstance(status, int) or not 400 <= status < 600:  # noqa: PLR2004 - the range of HTTP's errors
        status = _STATUSES.get(str(error.get("status")), _UNKNOWN)
    return refused(status, data, None)


def _delay(body: bytes) -> float | None:
    for detail in objects(_error(body).get("details")):
        wait: Any = detail.get("retryDelay")
        if detail.get("@type") == _RETRY_INFO and isinstance(wait, str):
            try:
                seconds = float(wait.removesuffix("s"))
            except ValueError:
                continue
            if 0 <= seconds < float("inf"):
                return seconds
    return None


def _error(body: bytes) -> dict[str, Any]:
    """The error object, which AI Studio puts into a list where a stream was asked for."""
    try:
        value: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    value = next(iter(objects(value)), value)
    error: Any = value.get("error") if is_item(value) else None
    return error if is_item(error) else {}
