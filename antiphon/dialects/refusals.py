"""A provider's error answer as the error that the client sees, free of secrets.

The gateway's own troubles with a provider never look like the client's: a key that a provider refuses is a 502.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from antiphon.dialects.refusal_bodies import Told, told_by
from antiphon.dialects.refusal_meanings import Meaning, meaning_of
from antiphon.dialects.scrubbing import scrubbed
from antiphon.errors import Retry, UpstreamError, UpstreamRefused
from antiphon.wire.requests import KNOWN_FIELDS


class _Verdict(Struct, frozen=True):
    """The envelope for a meaning. Where `code`, `param` or `words` is None, the provider's own stands if it fits."""

    status: int
    type: str
    code: str | None
    retry: Retry
    param: str | None = None
    words: str | None = None


_INVALID: Final = "invalid_request_error"
_SERVER: Final = "server_error"
_DENIED: Final = "The provider did not accept the gateway's credentials."
_NOWHERE: Final = "The provider has nothing at the address that it was called at."

_VERDICTS: Final[dict[Meaning, _Verdict]] = {
    "context": _Verdict(400, _INVALID, "context_length_exceeded", Retry.NEVER, "input"),
    "model": _Verdict(400, _INVALID, "model_not_found", Retry.ELSEWHERE, "model"),
    "credentials": _Verdict(502, _SERVER, "upstream_error", Retry.ELSEWHERE, None, _DENIED),
    "quota": _Verdict(429, "insufficient_quota", "insufficient_quota", Retry.ELSEWHERE),
    "limit": _Verdict(429, "rate_limit_error", "rate_limit_exceeded", Retry.SAME),
    "flagged": _Verdict(400, _INVALID, "invalid_prompt", Retry.NEVER, "input"),
    "invalid": _Verdict(400, _INVALID, None, Retry.NEVER),
    "absent": _Verdict(404, _INVALID, None, Retry.NEVER),
    "address": _Verdict(502, _SERVER, "upstream_error", Retry.ELSEWHERE, None, _NOWHERE),
    "size": _Verdict(413, _INVALID, "request_too_large", Retry.NEVER),
    "size_limit": _Verdict(413, _INVALID, "request_too_large", Retry.ELSEWHERE),
    "conflict": _Verdict(409, _INVALID, "conflict", Retry.SAME),
    "busy": _Verdict(503, _SERVER, "server_error", Retry.SAME),
    "slow": _Verdict(504, _SERVER, "server_error", Retry.SAME),
    "failed": _Verdict(502, _SERVER, "server_error", Retry.SAME),
}

_CODE: Final = re.compile(r"[a-z][a-z0-9_]{2,63}")
_SAYS_NOTHING: Final = frozenset({"invalid_request_error", "invalid_request", "bad_request", "validation_error"})
"""Codes that say no more than the status does."""

_OPAQUE: Final = re.compile(r"\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{16,}")
"""What may be a key of a kind that nobody knows, where the talk is of keys."""

_PARAM: Final = re.compile(r"(?P<root>\w{1,64})(?:[.\[][\w.\[\]-]{0,192})?")
_SPELLINGS: Final = {
    "max_tokens": "max_output_tokens",
    "max_completion_tokens": "max_output_tokens",
    "reasoning_effort": "reasoning.effort",
    "response_format": "text.format",
    "verbosity": "text.verbosity",
    "logprobs": "top_logprobs",
    "messages": "input",
    "prompt": "input",
}
"""Parameters of chat completions by their names in the Responses API."""

_LATER: Final = re.compile(
    r"(?i)\b(?:try again|retry)(?: in| after)? (?:(?P<minutes>\d{1,4})m)?"
    r"(?P<amount>\d{1,6}(?:\.\d{1,9})?) ?(?P<unit>ms|s)"
)


def refusal(status: int, body: bytes, retry_after: float | None) -> UpstreamError:
    """The error that an answer with a status of 400 or more stands for. `retry_after` is in seconds."""
    told = told_by(body)
    verdict = _VERDICTS[meaning_of(status, told)]
    words = scrubbed(told.message) or f"The provider answered with status {status}."
    return UpstreamRefused(
        verdict.words or words,
        status=verdict.status,
        type=verdict.type,
        code=verdict.code or _code(told),
        param=verdict.param or (_param(told) if verdict.type == _INVALID else None),
        retry=verdict.retry,
        retry_after=_wait(told, retry_after) if verdict.retry is Retry.SAME else None,
        said=_OPAQUE.sub("[key]", words) if verdict.words else None,
    )


def _code(told: Told) -> str | None:
    code = told.code
    if code is None or code in _SAYS_NOTHING or not _CODE.fullmatch(code) or scrubbed(code) != code:
        return None
    return code


def _param(told: Told) -> str | None:
    """The parameter that the provider blames, where the client has one of that name."""
    found = _PARAM.fullmatch(told.param or "")
    if found is None or found.string in _SPELLINGS:
        return _SPELLINGS.get(told.param or "")
    root = found["root"]
    if root in KNOWN_FIELDS:
        return found.string
    return _SPELLINGS.get(root)


def _wait(told: Told, retry_after: float | None) -> float | None:
    """Seconds to wait: the header's, else those that the message asks for."""
    if retry_after is not None:
        return retry_after
    found = _LATER.search(told.message[:4096])
    if found is None:
        return None
    amount = float(found["amount"]) / (1000 if found["unit"].lower() == "ms" else 1)
    return int(found["minutes"] or 0) * 60 + amount
