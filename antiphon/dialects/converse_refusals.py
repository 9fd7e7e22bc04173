"""Bedrock's exceptions as the errors that clients see, whether they come in place of an answer or in the middle of it.

https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html and the errors of each
operation (read 2026-11). Which exception it is stands in a header that is not seen here; the status tells it, but for
the few whose words do, and frames of a stream name it.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from antiphon.dialects.refusal_bodies import told_by
from antiphon.dialects.refusals import refusal
from antiphon.errors import UpstreamError
from antiphon.wire.aws_frames import Message
from antiphon.wire.requests import is_item

_STATUSES: Final = {
    "accessdenied": 403,
    "internalserver": 500,
    "modelerror": 500,
    "modelnotready": 503,
    "modelstreamerror": 500,
    "modeltimeout": 504,
    "resourcenotfound": 404,
    "servicequotaexceeded": 429,
    "serviceunavailable": 503,
    "throttling": 429,
    "toomanyrequests": 429,
    "validation": 400,
}
"""By the name of the exception, without ``Exception`` and whatever its case."""

_FAILED_DEPENDENCY: Final = 424
"""How Bedrock says that the model, not the request, is at fault."""

_NOT_READY: Final = re.compile(r"(?i)\bmodel\b.{0,80}\bnot ready\b")
_NO_MODEL: Final = re.compile(
    r"(?i)access to the model|on-demand throughput isn.t supported|end of its life|marked by provider as legacy"
    r"|could not resolve the foundation model|model identifier is invalid|provided model doesn.t exist"
)
_FLAGGED: Final = re.compile(r"(?i)blocked by (?:our |the )?(?:content filter|guardrail)|usage polic")
_INVALID: Final = 400


def bedrock_refusal(status: int, body: bytes, retry_after: float | None) -> UpstreamError:
    """The error that a reply with a status of 400 or more stands for."""
    told = told_by(body)
    named = _named(body)
    if named is not None:
        status = named
    elif status == _FAILED_DEPENDENCY:
        status = 500
    elif _NOT_READY.search(told.message):
        status = 503
    code = None
    if status in (400, 403, 404) and _NO_MODEL.search(told.message):
        status, code = 404, "model_not_found"
    error = refusal(status, _envelope(told.message, code), retry_after)
    if error.status == _INVALID and _FLAGGED.search(told.message):
        error.code, error.param = "invalid_prompt", "input"
    return error


def frame_refusal(message: Message) -> UpstreamError:
    """The error that a frame in the middle of a stream stands for."""
    headers = message.headers
    name = headers.get(":exception-type") or headers.get(":error-code") or ""
    words = told_by(message.payload).message if message.payload else headers.get(":error-message", "")
    status = _status_of(name) or 502
    return bedrock_refusal(status, _envelope(words or "The provider failed while it answered.", None), None)


def _named(body: bytes) -> int | None:
    """The status of the exception that the body names: ``{"__type": "com.amazon.coral#ThrottlingException"}``."""
    try:
        value: object = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    name: Any = value.get("__type") if is_item(value) else None
    return _status_of(name) if isinstance(name, str) else None


def _status_of(name: str) -> int | None:
    return _STATUSES.get(name.rpartition("#")[2].lower().removesuffix("exception"))


def _envelope(words: str, code: str | None) -> bytes:
    error = {"message": words} if code is None else {"message": words, "code": code}
    return msgspec.json.encode({"error": error})
