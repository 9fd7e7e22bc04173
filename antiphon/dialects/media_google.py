"""What Google's `generateContent` answers where pictures and sounds are asked for, and its counts in OpenAI's words.

https://ai.google.dev/api/generate-content (2026-11), and recordings of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct

from antiphon.dialects.service_members import broken
from antiphon.media_protocols import Reply
from antiphon.service_protocols import At

_Kind = TypeVar("_Kind")


class Inline(Struct, rename="camel"):
    """Bytes in base64."""

    data: str = ""
    mime_type: str = ""


class _Part(Struct, rename="camel"):
    text: str | None = None
    thought: bool | None = None
    inline_data: Inline | None = None


class _Content(Struct):
    parts: list[_Part] = []


class _Candidate(Struct, rename="camel"):
    content: _Content | None = None
    finish_reason: str | None = None
    finish_message: str | None = None


class _Share(Struct, rename="camel"):
    modality: str | None = None
    token_count: int = 0


class Usage(Struct, rename="camel"):
    """The counts of an answer."""

    prompt_token_count: int = 0
    candidates_token_count: int = 0
    thoughts_token_count: int = 0
    prompt_tokens_details: list[_Share] = []
    candidates_tokens_details: list[_Share] = []


class _Feedback(Struct, rename="camel"):
    block_reason: str | None = None
    block_reason_message: str | None = None


class Answered(Struct, rename="camel"):
    """A whole answer, or a chunk of one."""

    candidates: list[_Candidate] = []
    prompt_feedback: _Feedback | None = None
    usage_metadata: Usage | None = None

    def parts(self) -> Iterator[_Part]:
        """The parts of every candidate but for thoughts."""
        for candidate in self.candidates:
            for part in candidate.content.parts if candidate.content is not None else ():
                if not part.thought:
                    yield part

    def inlines(self) -> list[Inline]:
        """The bytes that it brings."""
        return [part.inline_data for part in self.parts() if part.inline_data is not None]

    def text(self) -> str:
        """The words that it brings."""
        return "".join(part.text for part in self.parts() if part.text)

    @property
    def reason(self) -> str | None:
        """Why there is nothing, where it says so."""
        feedback = self.prompt_feedback
        if feedback is not None and feedback.block_reason is not None:
            return feedback.block_reason_message or feedback.block_reason
        first = self.candidates[0] if self.candidates else None
        if first is None or first.finish_reason in (None, "STOP"):
            return None
        return first.finish_message or first.finish_reason


def answered(reply: Reply, at: At, kind: type[_Kind]) -> _Kind:
    """The answer as `kind`. Raises UpstreamBroke."""
    try:
        return msgspec.json.decode(reply.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise broken(at) from None


def usage_told(usage: Usage | None, makes: Literal["image", "audio", "text"]) -> dict[str, Any] | None:
    """The counts in OpenAI's words, for pictures or for transcriptions; what was thought is part of the output."""
    if usage is None:
        return None
    output = usage.candidates_token_count + usage.thoughts_token_count
    total = {"input_tokens": usage.prompt_token_count, "output_tokens": output}
    total["total_tokens"] = usage.prompt_token_count + output
    read = {share.modality: share.token_count for share in usage.prompt_tokens_details}
    if makes == "image":
        made = {share.modality: share.token_count for share in usage.candidates_tokens_details}
        images = made.get("IMAGE", usage.candidates_token_count)
        return {
            **total,
            "input_tokens_details": _kinds(usage.prompt_token_count, read, "IMAGE"),
            "output_tokens_details": {"image_tokens": images, "text_tokens": output - images},
        }
    return {"type": "tokens", **total, "input_token_details": _kinds(usage.prompt_token_count, read, "AUDIO")}


def _kinds(tokens: int, read: dict[str | None, int], kind: Literal["IMAGE", "AUDIO"]) -> dict[str, int]:
    of_kind = read.get(kind, 0)
    return {f"{kind.lower()}_tokens": of_kind, "text_tokens": tokens - of_kind}
