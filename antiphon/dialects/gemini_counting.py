"""How Google is asked for the number of tokens of a request.

https://ai.google.dev/api/tokens and
https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/count-tokens (read 2026-11): AI Studio counts a
whole request only if that stands in a member of its own, with the name of its model; Vertex AI takes its members.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Raw, Struct

from antiphon.dialects.gemini_models import place_of
from antiphon.protocols import Target
from antiphon.wire.events import narrowed, split_object

_COUNTED: Final = ("contents", "systemInstruction", "tools", "generationConfig")

_encode: Final = msgspec.json.Encoder().encode


class _Count(Struct, frozen=True, rename="camel"):
    total_tokens: int


class GeminiCounting:
    """Implements `protocols.Counting`."""

    def body(self, built: bytes, target: Target) -> bytes:
        if place_of(target).counts_whole:
            return narrowed(built, _COUNTED)
        model = target.model if "/" in target.model else f"models/{target.model}"
        request = {"model": Raw(_encode(model))} | split_object(built)
        return _encode({"generateContentRequest": request})

    def tokens(self, answer: bytes) -> int | None:
        try:
            return msgspec.json.decode(answer, type=_Count).total_tokens
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
