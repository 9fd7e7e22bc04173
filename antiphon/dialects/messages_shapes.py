"""The shapes of an answer of the Messages API, streamed or whole, read leniently.

https://platform.claude.com/docs/en/build-with-claude/streaming (read 2026-11). What does not fit is taken as missing;
only what is no JSON is an error.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from antiphon.dialects.chat_shapes import NULL, leniently
from antiphon.dialects.writer_items import mended
from antiphon.wire.requests import is_array, is_item


class Delta(Struct, frozen=True, gc=False):
    """What an event adds to a block, or at the end to the message."""

    type: str | None = None
    text: str | None = None
    partial_json: str | None = None
    thinking: str | None = None
    signature: str | None = None
    citation: dict[str, Any] | None = None
    content: str | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: dict[str, Any] | None = None
    container: dict[str, Any] | None = None


class Message(Struct, frozen=True, gc=False):
    """A whole answer, or the beginning of one. Its content may be anything until it has been looked at."""

    id: str | None = None
    type: str | None = None
    content: list[Any] | None = None
    usage: dict[str, Any] | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: dict[str, Any] | None = None
    container: dict[str, Any] | None = None
    error: Raw = NULL


class Event(Struct, frozen=True, gc=False):
    """One event of a stream."""

    type: str | None = None
    index: int | None = None
    delta: Delta | None = None
    content_block: dict[str, Any] | None = None
    message: Message | None = None
    usage: dict[str, Any] | None = None


_event: Final = msgspec.json.Decoder(Event).decode
_message: Final = msgspec.json.Decoder(Message).decode


def event_of(data: bytes) -> Event | None:
    """The event in `data`, None if it is JSON but no object. Raises UpstreamBroke for what is no JSON."""
    return leniently(data, _event, Event)


def message_of(data: bytes) -> Message | None:
    """As `event_of`, for a whole answer."""
    return leniently(data, _message, Message)


def clean(value: Any) -> Any:
    """`value` without lone surrogates."""
    if isinstance(value, str):
        return value if value.isascii() else mended(value)
    if is_item(value):
        return {clean(name): clean(part) for name, part in value.items()}
    return [clean(part) for part in value] if is_array(value) else value
