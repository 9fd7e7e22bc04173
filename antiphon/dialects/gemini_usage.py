"""Google's token counts as the Responses API counts, and the tier that was served."""

from __future__ import annotations

import math
from typing import Final

import msgspec
from msgspec import Raw, Struct

from antiphon.dialects.gemini_shapes import told
from antiphon.wire.usage import NO_USAGE, CompletionDetails, PromptDetails, Usage, counted

_MODALITIES: Final = ("", "TEXT", "IMAGE", "VIDEO", "AUDIO", "DOCUMENT")
"""Vertex AI's enumeration, for answers in numbers."""

_TIERS: Final = {
    "standard": "default",
    "flex": "flex",
    "priority": "priority",
    "ON_DEMAND": "default",
    "ON_DEMAND_FLEX": "flex",
    "ON_DEMAND_PRIORITY": "priority",
}
"""AI Studio's words for tiers, and Vertex AI's for kinds of traffic."""


class _Share(Struct, frozen=True, gc=False, rename="camel"):
    modality: str | int | None = None
    token_count: float | None = None


class _Sent(Struct, frozen=True, rename="camel"):
    prompt_token_count: float | None = None
    cached_content_token_count: float | None = None
    candidates_token_count: float | None = None
    tool_use_prompt_token_count: float | None = None
    thoughts_token_count: float | None = None
    prompt_tokens_details: list[_Share] | None = None
    candidates_tokens_details: list[_Share] | None = None
    service_tier: str | int | None = None
    traffic_type: str | int | None = None


def usage_of(raw: Raw) -> Usage | None:
    """The usage that `usageMetadata` tells of, None where it counts nothing.

    What Google's own tools have read is part of the input, what the model thinks part of the output.
    """
    sent = told(raw, _Sent)
    if sent.prompt_token_count is None and sent.candidates_token_count is None:
        return None
    thoughts = _count(sent.thoughts_token_count)
    usage = counted(
        input_tokens=_count(sent.prompt_token_count) + _count(sent.tool_use_prompt_token_count),
        output_tokens=_count(sent.candidates_token_count) + thoughts,
        cached=_count(sent.cached_content_token_count),
        cache_write=NO_USAGE.input_tokens_details.cache_write_tokens,
        reasoning=thoughts,
        raw=Raw(bytes(raw)),
    )
    read, made = _shares(sent.prompt_tokens_details), _shares(sent.candidates_tokens_details)
    return msgspec.structs.replace(
        usage,
        prompt_tokens_details=PromptDetails(
            usage.input_tokens_details.cached_tokens,
            read.get("AUDIO", 0),
            read.get("IMAGE", 0),
            read.get("TEXT", 0),
        ),
        completion_tokens_details=CompletionDetails(usage.output_tokens_details.reasoning_tokens, made.get("AUDIO", 0)),
    )


def tier_of(raw: Raw) -> str | None:
    """The service tier, None where Google does not tell."""
    sent = told(raw, _Sent)
    return _TIERS.get(str(sent.service_tier)) or _TIERS.get(str(sent.traffic_type))


def _shares(shares: list[_Share] | None) -> dict[str, int]:
    found: dict[str, int] = {}
    for share in shares or ():
        kind = share.modality
        if isinstance(kind, int):
            kind = _MODALITIES[kind] if 0 <= kind < len(_MODALITIES) else ""
        found[str(kind)] = found.get(str(kind), 0) + _count(share.token_count)
    return found


def _count(value: float | None) -> int:
    return max(int(value), 0) if value and math.isfinite(value) else 0
