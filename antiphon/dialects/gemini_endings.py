"""Why an answer ended, or was not begun: Google's words for it.

https://ai.google.dev/api/generate-content#FinishReason (read 2026-11). With an encoding of its own, Vertex AI sends the
numbers of its enumeration.
"""

from __future__ import annotations

from typing import Final

from antiphon.dialects.gemini_shapes import Candidate, Feedback
from antiphon.dialects.scrubbing import scrubbed
from antiphon.errors import Retry, UpstreamBroke, UpstreamRefused

_NUMBERED: Final = (
    "FINISH_REASON_UNSPECIFIED",
    "STOP",
    "MAX_TOKENS",
    "SAFETY",
    "RECITATION",
    "OTHER",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "MALFORMED_FUNCTION_CALL",
)

_FILTERED: Final = (
    "SAFETY",
    "RECITATION",
    "LANGUAGE",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION",
    "MODEL_ARMOR",
    "ESCALATION",
)

_INCOMPLETE: Final = {"MAX_TOKENS": "max_output_tokens"} | dict.fromkeys(_FILTERED, "content_filter")

_FAILED: Final = frozenset(
    {
        "FINISH_REASON_UNSPECIFIED",
        "OTHER",
        "MALFORMED_FUNCTION_CALL",
        "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS",
        "MISSING_THOUGHT_SIGNATURE",
        "MALFORMED_RESPONSE",
        "NO_IMAGE",
        "IMAGE_OTHER",
    }
)
"""The model has made a mistake; asked again it may not."""


def incompleteness(candidate: Candidate) -> str | None:
    """Why the response is incomplete, None when it is complete. Raises UpstreamBroke for a failure.

    A word that is not known is taken for one more way to say that the model was finished.
    """
    reason = candidate.finish_reason
    if isinstance(reason, int):
        reason = _NUMBERED[reason] if 0 <= reason < len(_NUMBERED) else "OTHER"
    if reason in _FAILED:
        detail = scrubbed(candidate.finish_message or "")
        raise UpstreamBroke(f"The provider ended its answer with '{reason}'{f': {detail}' if detail else '.'}")
    return _INCOMPLETE.get(str(reason))


def blocked(feedback: Feedback) -> UpstreamRefused:
    """The error for a prompt that Google does not answer."""
    words = scrubbed(feedback.block_reason_message or "")
    message = (
        f"The provider blocked the prompt ({scrubbed(str(feedback.block_reason))}){f': {words}' if words else '.'}"
    )
    return UpstreamRefused(
        message, status=400, type="invalid_request_error", code="invalid_prompt", param="input", retry=Retry.NEVER
    )
