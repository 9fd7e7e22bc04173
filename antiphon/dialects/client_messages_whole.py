"""A whole answer, told to a client of the Messages API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from antiphon.dialects.client_chat_shapes import thoughts
from antiphon.dialects.client_messages_shapes import (
    BROKEN,
    MessagesTold,
    ToldMessage,
    call_of,
    citation,
    ending,
    failure_status,
    hosted,
    input_of,
    redacted,
    usage,
)
from antiphon.dialects.illegible import legible
from antiphon.errors import UpstreamRefused
from antiphon.wire.requests import Item

_encode: Final = msgspec.json.Encoder().encode
_response: Final = msgspec.json.Decoder(ToldMessage).decode


@legible
def messages_whole(body: bytes, told: MessagesTold) -> bytes:
    """The message for a response object that ended well or early."""
    response = _response(body)
    content = _told([block for item in response.output for block in _blocks(item)])
    calls = any(block["type"] == "tool_use" for block in content)
    parts = [part for item in response.output if item["type"] == "message" for part in item["content"]]
    refused = any(part["type"] == "refusal" and part["refusal"] for part in parts)
    return _encode(told.message(content, ending(response, calls=calls, refused=refused), usage(response)))


def _told(content: list[Item]) -> list[Item]:
    """Without the seals on a text that ends the message, as `client_messages_answer` has it."""
    end = len(content)
    while end and content[end - 1]["type"] == "redacted_thinking":
        end -= 1
    return content[:end] if end and content[end - 1]["type"] == "text" else content


@legible
def failed_answer(body: bytes) -> UpstreamRefused:
    """The error for a response object that failed."""
    error = _response(body).error or {}
    message = str(error.get("message") or BROKEN)
    return UpstreamRefused(message, status=failure_status(error), code=str(error.get("code") or "server_error"))


def _blocks(item: Item) -> Iterator[Item]:
    match item["type"]:
        case "message":
            for part in item["content"]:
                yield from _said(part)
        case "reasoning":
            yield from _thought(item)
        case "function_call":
            yield call_of(item) | {"input": input_of(item)}
        case _:
            yield from hosted(item)


def _said(part: Item) -> Iterator[Item]:
    text = part.get("text", "") if part["type"] == "output_text" else part.get("refusal", "")
    if not text:
        return
    cited = [each for note in part.get("annotations") or () if (each := citation(note, text)) is not None]
    yield {"type": "text", "text": text} | ({"citations": cited} if cited else {})


def _thought(item: Item) -> Iterator[Item]:
    text = thoughts(item)
    seal = item.get("encrypted_content")
    if text:
        yield {"type": "thinking", "thinking": text, "signature": seal or ""}
    elif seal:
        yield redacted(seal)
