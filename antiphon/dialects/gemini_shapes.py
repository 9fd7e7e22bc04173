"""The shapes of Google's answers, a whole one or a chunk of one, read leniently.

https://ai.google.dev/api/generate-content and https://ai.google.dev/api/caching#Content (read 2026-11), and what is
recorded: any field may be missing; enumerations may be numbers. What does not fit is taken as missing; only what is no
JSON is an error.
"""

from __future__ import annotations

import json
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Raw, Struct, field

from antiphon.dialects.chat_shapes import fitted
from antiphon.dialects.writer_items import mended
from antiphon.errors import UpstreamBroke
from antiphon.wire.requests import is_item

NULL: Final = Raw(b"null")

_Shape = TypeVar("_Shape", bound=Struct)


class PartialArg(Struct, frozen=True, gc=False, rename="camel"):
    """A piece of one argument, at a JSON path."""

    json_path: str = "$"
    string_value: str | None = None
    number_value: float | None = None
    bool_value: bool | None = None


class FunctionCall(Struct, frozen=True, gc=False, rename="camel"):
    """A call, or, where its arguments are streamed, a piece of one."""

    id: str | None = None
    name: str | None = None
    args: Raw = NULL
    partial_args: list[PartialArg] | None = None
    will_continue: bool | None = None


class Blob(Struct, frozen=True, gc=False, rename="camel"):
    """Bytes in base64."""

    data: str = ""
    mime_type: str = ""


class Code(Struct, frozen=True, gc=False):
    """What is run."""

    code: str = ""
    id: str | None = None


class CodeResult(Struct, frozen=True, gc=False):
    """What came of it."""

    output: str = ""
    outcome: str | int | None = None


class Part(Struct, frozen=True, gc=False, rename="camel"):
    """One part of a content. What Google's own tools did stays raw, to be given back as it came."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: FunctionCall | None = None
    inline_data: Blob | None = None
    executable_code: Raw = NULL
    code_execution_result: Raw = NULL
    tool_call: Raw = NULL
    tool_response: Raw = NULL


class Content(Struct, frozen=True, gc=False):
    """What the model says."""

    parts: list[Part] | None = None


class TokenLikelihood(Struct, frozen=True, gc=False, rename="camel"):
    """A token and how likely it was."""

    token: str = ""
    log_probability: float = 0.0


class Alternatives(Struct, frozen=True, gc=False):
    """The tokens that were likely at one place."""

    candidates: list[TokenLikelihood] | None = None


class Logprobs(Struct, frozen=True, gc=False, rename="camel"):
    """The tokens that were chosen, and those that could have been."""

    chosen_candidates: list[TokenLikelihood] | None = None
    top_candidates: list[Alternatives] | None = None


class Candidate(Struct, frozen=True, gc=False, rename="camel"):
    """One of the answers."""

    index: int | None = None
    content: Content | None = None
    finish_reason: str | int | None = None
    finish_message: str | None = None
    logprobs_result: Logprobs | None = None
    grounding_metadata: Raw = NULL
    citation_metadata: Raw = NULL
    url_context_metadata: Raw = NULL


class Feedback(Struct, frozen=True, gc=False, rename="camel"):
    """What Google thinks of the prompt."""

    block_reason: str | int | None = None
    block_reason_message: str | None = None


class Generated(Struct, frozen=True, gc=False, rename="camel"):
    """A chunk of an answer, or a whole one."""

    candidates: list[Candidate] | None = None
    prompt_feedback: Feedback | None = None
    usage_metadata: Raw = NULL
    response_id: str | None = None
    error: Raw = NULL


class WebSource(Struct, frozen=True):
    """A page that an answer rests on, or a place on a map."""

    uri: str | None = None
    title: str | None = None


class Passage(Struct, frozen=True, rename="camel"):
    """A piece of a document that an answer rests on."""

    uri: str | None = None
    title: str | None = None
    text: str | None = None
    file_search_store: str | None = None
    document_name: str | None = None


class Source(Struct, frozen=True, rename="camel"):
    """One thing that an answer rests on."""

    web: WebSource | None = None
    maps: WebSource | None = None
    retrieved_context: Passage | None = None


class Segment(Struct, frozen=True, rename="camel"):
    """Where in the text, in bytes of UTF-8."""

    part_index: int | None = None
    start_index: int | None = None
    end_index: int | None = None
    text: str | None = None


class Support(Struct, frozen=True, rename="camel"):
    """What rests on which sources."""

    segment: Segment | None = None
    grounding_chunk_indices: list[int] | None = None


class Grounding(Struct, frozen=True, rename="camel"):
    """All that an answer rests on."""

    grounding_chunks: list[Source] | None = None
    grounding_supports: list[Support] | None = None
    web_search_queries: list[str] | None = None
    retrieval_queries: list[str] | None = None


class Citation(Struct, frozen=True, rename="camel"):
    """What was said before by somebody else."""

    start_index: int | None = None
    end_index: int | None = None
    uri: str | None = None
    title: str | None = None


class Citations(Struct, frozen=True, rename="camel"):
    """AI Studio's member, and Vertex AI's."""

    citation_sources: list[Citation] | None = None
    citations: list[Citation] | None = None


class Fetched(Struct, frozen=True, rename="camel"):
    """A page that was read."""

    retrieved_url: str | None = None
    url_retrieval_status: str | int | None = None


class UrlContext(Struct, frozen=True, rename="camel"):
    """All pages that were read."""

    url_metadata: list[Fetched] | None = None


class ToolCall(Struct, frozen=True, rename="camel"):
    """What one of Google's own tools was asked."""

    id: str | None = None
    tool_type: str | int | None = None
    args: dict[str, Any] = field(default_factory=dict[str, Any])


_decode: Final = msgspec.json.Decoder(Generated).decode


def generated(data: bytes) -> Generated | None:
    """The chunk or answer in `data`, None if it is JSON but no object. Raises UpstreamBroke for what is no JSON."""
    try:
        return _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        text = json.dumps(json.loads(data.decode(errors="replace")), ensure_ascii=False)
        value: object = json.loads(mended(text))
        return fitted(value, Generated) if is_item(value) else None
    except (ValueError, RecursionError):
        message = "The provider sent something that is not JSON."
        raise UpstreamBroke(message) from None


def told(raw: Raw, shape: type[_Shape]) -> _Shape:
    """What a member holds, without what does not fit; nothing at all where that is no object."""
    try:
        return msgspec.json.decode(raw, type=shape)
    except (msgspec.DecodeError, RecursionError):
        pass
    try:
        value: object = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):  # a number that is too large to be one
        value = None
    return fitted(value if is_item(value) else {}, shape)
