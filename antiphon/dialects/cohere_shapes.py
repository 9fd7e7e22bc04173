"""The shapes of Cohere's chat API (v2), streamed or whole, read leniently.

https://docs.cohere.com/reference/chat and https://docs.cohere.com/reference/chat-stream (read 2026-11), and the
recordings cohere.chat. Where a whole answer has a list, an event has one entry of it.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from antiphon.dialects.chat_shapes import NULL, ToolCall, leniently


class Content(Struct, frozen=True, gc=False):
    """Text or thoughts, or a piece of either."""

    text: str | None = None
    thinking: str | None = None


class Source(Struct, frozen=True, gc=False):
    """What a citation rests on: a document of the request's, or the output of a call."""

    id: str | None = None
    document: dict[str, Any] | None = None
    tool_output: dict[str, Any] | None = None


class Citation(Struct, frozen=True, gc=False):
    """A span of one content block, in characters; `type` says whether that is text, thoughts or the plan."""

    start: int | None = None
    end: int | None = None
    sources: list[Source] | None = None
    content_index: int | None = None
    type: str | None = None


class Logprobs(Struct, frozen=True, gc=False):
    """A piece of text and the probabilities of the tokens that it is made of."""

    text: str | None = None
    logprobs: list[float] | None = None


class Message(Struct, frozen=True, gc=False):
    """What the model says, or what one event adds to it."""

    content: Content | list[Content] | str | None = None
    tool_plan: str | None = None
    tool_calls: ToolCall | list[ToolCall] | None = None
    citations: Citation | list[Citation] | None = None


class Delta(Struct, frozen=True, gc=False):
    """What an event brings. `error` is why the answer failed."""

    message: Message | None = None
    finish_reason: str | None = None
    usage: Raw = NULL
    error: str | None = None


class Event(Struct, frozen=True, gc=False):
    """One event of a stream. Only an error's object has a `message` of its own, and no type."""

    type: str | None = None
    message: str | None = None
    id: str | None = None
    index: int | None = None
    delta: Delta | None = None
    logprobs: Logprobs | None = None


class Whole(Struct, frozen=True, gc=False):
    """An answer that was not streamed."""

    id: str | None = None
    message: Message | None = None
    finish_reason: str | None = None
    usage: Raw = NULL
    logprobs: list[Logprobs] | None = None


_event: Final = msgspec.json.Decoder(Event).decode
_whole: Final = msgspec.json.Decoder(Whole).decode


def event_in(data: bytes) -> Event | None:
    """The event in `data`, None if it is JSON but no object. Raises UpstreamBroke for what is no JSON."""
    return leniently(data, _event, Event)


def whole_in(data: bytes) -> Whole | None:
    """The answer in `data`, None if it is JSON but no object. Raises UpstreamBroke for what is no JSON."""
    return leniently(data, _whole, Whole)
