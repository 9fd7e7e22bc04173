"""Failures that a provider tells inside an answer that began well: its `error` events and failed responses.

They carry no HTTP status, so the one that their code would have had is found first; from then on they are refusals.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from antiphon.dialects.refusals import refusal
from antiphon.errors import UpstreamError
from antiphon.wire.requests import is_item

_STATUS: Final = {
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "insufficient_quota": 429,
    "too_many_requests": 429,
    "overloaded_error": 503,
    "overloaded": 503,
    "billing_error": 402,
    "not_found_error": 404,
    "request_too_large": 413,
    "timeout_error": 504,
    "context_length_exceeded": 400,
    "invalid_request_error": 400,
    "invalid_prompt": 400,
    "invalid_image": 400,
    "content_filter": 400,
    "model_not_found": 404,
    "timeout": 504,
}
"""By `code`, else by `type`; anything else is the provider's own fault."""

_TOLD: Final = ("message", "type", "code", "param", "status_code", "failed_generation")

_UNKNOWN: Final = 502


def failure_of(data: bytes) -> UpstreamError:
    """The error in an `error` event, or in a response's `error` member, in any of the shapes that providers use."""
    error = _error_in(data)
    status = error.get("status_code") or error.get("code")
    if not isinstance(status, int) or not 400 <= status < 600:  # noqa: PLR2004 - the range of HTTP's errors
        names = (error.get("code"), error.get("type"))
        status = next((_STATUS[name] for name in names if isinstance(name, str) and name in _STATUS), _UNKNOWN)
    failure = refusal(status, msgspec.json.encode({"error": error}), None)
    failure.told = data
    return failure


def _error_in(data: bytes) -> dict[str, Any]:
    try:
        value: Any = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        value = None
    if is_item(value) and is_item(value.get("response")):
        value = value["response"]
    if is_item(value) and value.get("error"):
        nested = value["error"]
        value = nested if is_item(nested) else {"message": str(nested)}
    if not is_item(value):
        value = {}
    named = {name: value[name] for name in _TOLD if name in value}
    if named.get("type") == "error":
        del named["type"]
    return {"message": "The provider failed while it answered."} | {k: v for k, v in named.items() if v is not None}
