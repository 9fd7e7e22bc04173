"""Which of the few things that can go wrong a provider speaks of, in any vendor's words.

What an answer says counts for more than its status, which some vendors pick freely. The phrases are those of the
vendors' documentation and of errors that their users reported, read 2026-11.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from antiphon.dialects.refusal_bodies import Told

Meaning = Literal[
    "absent",
    "address",
    "busy",
    "conflict",
    "context",
    "credentials",
    "failed",
    "flagged",
    "invalid",
    "limit",
    "model",
    "quota",
    "size",
    "size_limit",
    "slow",
]
"""`absent` is an object that is not there; `address` an endpoint that is not; `size_limit` a size over a rate limit."""

_CONTEXT: Final = re.compile(
    r"""(?xi)
    maximum\ context\ length | context[ _]length[ _]exceeded | context\ length\ is\ only | model's\ context\ length
    | exceeds?\ (?:the\ )?(?:(?:available|model|model's|maximum|configured)\ ){0,2}context | context\ window\ exceeds
    | greater\ than\ the\ context\ length | context\ the\ overflows | context\ window\ (?:is\ )?full
    | prompt\ is\ too\ long | input\ is\ too\ long | longer\ than\ the\ maximum\ model\ length | prompt\ exceeds\ max
    | exceeds?\ the\ maximum\ number\ of\ tokens | maximum\ prompt\ length | exceeded\ model\ token\ limit
    | reduce\ the\ length\ of\ the\ (?:messages|input|prompt) | too\ many\ tokens:\ | input\ tokens\ exceed
    | `?inputs`?\ tokens\ \+\ `?max_new_tokens | range\ of\ input\ length\ should\ be | exceed\ context\ limit
    | too\ large\ for\ model\ with\ \d+
    """
)
_CONTEXT_NAMES: Final = frozenset({"context_length_exceeded", "exceed_context_size_error", "context_window_exceeded"})
_MODEL: Final = re.compile(
    r"""(?xi)
    \bmodels?\b .{0,120}? (?: \bnot\ found\b | \bdoes(?:\ not|n't)\ exist\b | \bnot\ exist\b | \bwas\ removed\b
        | \bdecommissioned\b | \bis\ not\ available\b | \bis\ not\ supported\.\ supported\ models\b )
    | \b(?:no\ such|unknown|invalid)\ model\b | not\ a\ valid\ model | model\ identifier\ is\ invalid
    | \bdeployment\b .{0,80} \bdoes\ not\ exist | no\ endpoints\ found\ for
    """
)
_MODEL_NAMES: Final = frozenset(
    {"model_not_found", "deploymentnotfound", "modelnotfound", "model_not_available", "invalid_model"}
    | {"model_decommissioned", "model_not_exist", "model_not_found_error"}
)
_CREDENTIALS: Final = re.compile(
    r"(?i)\b(?:incorrect|invalid|missing|expired|wrong|no) (?:api|access|auth)[ -]?(?:key|token)\b"
    r"|\bapi key (?:not|is in)"
)
_CREDENTIALS_NAMES: Final = frozenset(
    {"invalid_api_key", "api_key_invalid", "authentication_error", "unauthenticated", "permission_denied"}
    | {"invalid_authentication_error", "permission_error", "incorrect_api_key_error", "unauthorized"}
)
_QUOTA: Final = re.compile(
    r"(?i)insufficient[ _](?:balance|credits?|funds|quota)|credit balance is too low|used all (?:available )?credits"
    r"|not enough credits|requires more credits|billing hard limit|out of credits"
)
_QUOTA_NAMES: Final = frozenset(
    {"insufficient_quota", "billing_error", "exceeded_current_quota_error", "insufficient_balance"}
    | {"billing_hard_limit_reached", "payment_required"}
)
_LIMIT_NAMES: Final = frozenset(
    {"rate_limit_exceeded", "rate_limit_error", "resource_exhausted", "too_many_requests", "slow_down"}
    | {"rate_limit_reached_error"}
)
_BUSY_NAMES: Final = frozenset(
    {"overloaded_error", "overloaded", "unavailable", "capacity_exceeded", "engine_overloaded_error"}
)
_FLAGGED: Final = re.compile(
    r"(?i)\bflagged\b|requires moderation|content policy|usage policies|content (?:filter(?:ing)?|management) policy"
    r"|\bblocked (?:in|out)put\b"
)
_FLAGGED_NAMES: Final = frozenset({"content_filter", "content_policy_violation", "moderation_blocked"})
_ADDRESS: Final = re.compile(
    r"(?i)^\s*(?:404\b.{0,20})?not found\W*$|invalid url|no route|unknown request url|page not found"
)

_BY_STATUS: Final[dict[int, Meaning]] = {
    400: "invalid",
    402: "quota",
    408: "slow",
    409: "conflict",
    413: "size",
    422: "invalid",
    429: "limit",
    498: "busy",
    500: "failed",
    503: "busy",
    504: "slow",
    522: "slow",
    524: "slow",
    529: "busy",
}
_FAILURES: Final = 500
_ACCOUNT: Final = (401, 403)
_MISSING: Final = (404, 410)
_REQUEST: Final = (400, 413, 422)


def meaning_of(status: int, told: Told) -> Meaning:
    """What an answer with this status, and these words, is about."""
    names, words = told.names, told.message
    if status in _ACCOUNT:
        return _of_account(told)
    if names & _CONTEXT_NAMES or (status in (*_REQUEST, _FAILURES) and _CONTEXT.search(words)):
        return "context"
    if names & _BUSY_NAMES:
        return "busy"
    if status >= _FAILURES:
        return _BY_STATUS.get(status, "failed")
    if names & _QUOTA_NAMES or _QUOTA.search(words):
        return "quota"
    if names & _CREDENTIALS_NAMES or _CREDENTIALS.search(words):
        return "credentials"
    if names & _LIMIT_NAMES:
        return "size_limit" if status == 413 else "limit"  # noqa: PLR2004 - Groq's answer to a request over its rate
    if names & _MODEL_NAMES:
        return "model"
    if status in _REQUEST:
        return _of_request(told) or _BY_STATUS[status]
    return _of_missing(told) if status in _MISSING else _BY_STATUS.get(status, "address")


def _of_account(told: Told) -> Meaning:
    """401 and 403 are about the gateway's own account, but for those by which vendors speak of money or content."""
    if told.names & _QUOTA_NAMES or _QUOTA.search(told.message):
        return "quota"
    if told.names & _MODEL_NAMES:
        return "model"
    return "flagged" if _FLAGGED.search(told.message) else "credentials"


def _of_request(told: Told) -> Meaning | None:
    """What is wrong with a request, where it is more than its form."""
    if _MODEL.search(told.message):
        return "model"
    return "flagged" if told.names & _FLAGGED_NAMES or _FLAGGED.search(told.message) else None


def _of_missing(told: Told) -> Meaning:
    if not told.message or _ADDRESS.search(told.message):
        return "address"
    if "model" in told.message.lower():
        return "model"
    return "absent" if "invalid_request_error" in told.names else "address"
