"""Why an answer ended: `finish_reason` in OpenAI's words and in the vendors'."""

from __future__ import annotations

from typing import Final

from antiphon.errors import UpstreamBroke

_LENGTH: Final = "max_output_tokens"
_FILTER: Final = "content_filter"

_INCOMPLETE: Final[dict[str, str]] = {
    "length": _LENGTH,
    "max_tokens": _LENGTH,
    "max_output_tokens": _LENGTH,
    "model_length": _LENGTH,  # Mistral
    "model_context_window_exceeded": _LENGTH,  # Anthropic's, through gateways; Z.ai
    "repetition_truncation": _LENGTH,  # Xiaomi
    "content_filter": _FILTER,
    "sensitive": _FILTER,  # Z.ai
    "safety": _FILTER,  # Gemini's own words, this one and those below
    "recitation": _FILTER,
    "blocklist": _FILTER,
    "prohibited_content": _FILTER,
    "spii": _FILTER,
    "language": _FILTER,
    "image_safety": _FILTER,
}

_FAILED: Final = frozenset(
    {
        "error",  # OpenRouter
        "abort",  # vLLM, SGLang
        "insufficient_system_resource",  # DeepSeek
        "network_error",  # Z.ai
        "function_call_filter",  # Gemini, this one and those below
        "malformed_function_call",
        "unexpected_tool_call",
        "malformed_response",
        "other",
    }
)


def incompleteness(finish_reason: str) -> str | None:
    """Why the response is incomplete, None when it is complete. Raises UpstreamBroke for a failure.

    Case and details after a colon do not count: Gemini writes ``MAX_TOKENS`` and ``content_filter: RECITATION``. A word
    that is not known is taken for one more way to say that the model was finished.
    """
    reason = finish_reason.partition(":")[0].strip().lower()
    if reason in _FAILED:
        message = f"The provider ended its answer with '{reason}'."
        raise UpstreamBroke(message)
    return _INCOMPLETE.get(reason)
