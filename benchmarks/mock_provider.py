"""A provider that answers at once and always the same: one process, no thought, nothing kept.

    python benchmarks/mock_provider.py PORT

`POST .../responses` and `POST .../chat/completions` answer with about 1 KB of JSON, or, when the body has
`"stream":true`, with events 10 ms apart, one write each: every event wakes whoever reads it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from typing import Any, Final

import httptools
import uvloop
from typing_extensions import override

PACE_SECONDS: Final = 0.01
WORDS: Final = 50
TEXT: Final = "word " * 180
STREAMED: Final = "word " * WORDS
MODEL: Final = "gpt-5-mini-2026-01-01"


def message(text: str) -> dict[str, Any]:
    part: dict[str, Any] = {"type": "output_text", "annotations": [], "logprobs": [], "text": text}
    return {"id": "msg_0001", "type": "message", "status": "completed", "content": [part], "role": "assistant"}


def response(status: str, text: str | None) -> dict[str, Any]:
    """A response object with every member that OpenAI sends."""
    usage = {
        "input_tokens": 30,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 180,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 210,
    }
    nothing = ("error", "incomplete_details", "instructions", "max_output_tokens", "max_tool_calls")
    unset = ("previous_response_id", "prompt_cache_key", "safety_identifier", "user")
    return {
        "id": "resp_0001",
        "object": "response",
        "created_at": 1_750_000_000,
        "status": status,
        "background": False,
        **dict.fromkeys((*nothing, *unset)),
        "model": MODEL,
        "output": [] if text is None else [message(text)],
        "parallel_tool_calls": True,
        "reasoning": {"effort": None, "summary": None},
        "service_tier": "default",
        "store": False,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto",
        "tools": [],
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": None if text is None else usage,
        "metadata": {},
    }


def response_events() -> Iterator[dict[str, Any]]:
    """A legal stream of the Responses API, without its numbers."""
    item = {"item_id": "msg_0001", "output_index": 0}
    part = {**item, "content_index": 0}
    opened: dict[str, Any] = message("") | {"status": "in_progress", "content": []}
    yield {"type": "response.created", "response": response("in_progress", None)}
    yield {"type": "response.in_progress", "response": response("in_progress", None)}
    yield {"type": "response.output_item.added", "output_index": 0, "item": opened}
    yield {"type": "response.content_part.added", **part, "part": message("")["content"][0]}
    for _ in range(WORDS):
        yield {"type": "response.output_text.delta", **part, "delta": "word ", "logprobs": [], "obfuscation": "aB3dE"}
    yield {"type": "response.output_text.done", **part, "text": STREAMED, "logprobs": []}
    yield {"type": "response.content_part.done", **part, "part": message(STREAMED)["content"][0]}
    yield {"type": "response.output_item.done", "output_index": 0, "item": message(STREAMED)}
    yield {"type": "response.completed", "response": response("completed", STREAMED)}


def chat_chunks() -> Iterator[dict[str, Any]]:
    """A stream of chat completions, with its usage."""
    head = {"id": "chatcmpl-0001", "object": "chat.completion.chunk", "created": 1_750_000_000, "model": MODEL}
    deltas = [{"role": "assistant", "content": ""}, *({"content": "word "} for _ in range(WORDS))]
    for delta in deltas:
        yield head | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}], "usage": None}
    yield head | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": None}
    usage = {"prompt_tokens": 30, "completion_tokens": WORDS, "total_tokens": 30 + WORDS}
    yield head | {"choices": [], "usage": usage}


def chat_completion() -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 30, "completion_tokens": 180, "total_tokens": 210}
    head = {"id": "chatcmpl-0001", "object": "chat.completion", "created": 1_750_000_000, "model": MODEL}
    return head | {"choices": [choice], "usage": usage}


def encoded(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def whole(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST: Final = b"0\r\n\r\n"
RESPONSE: Final = whole(encoded(response("completed", TEXT)))
COMPLETION: Final = whole(encoded(chat_completion()))
EVENTS: Final = tuple(
    chunked(b"event: %b\ndata: %b\n\n" % (event["type"].encode(), encoded(event | {"sequence_number": number})))
    for number, event in enumerate(response_events())
)
CHUNKS: Final = (
    *(chunked(b"data: %b\n\n" % encoded(chunk)) for chunk in chat_chunks()),
    chunked(b"data: [DONE]\n\n"),
)


class Server(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._loop = asyncio.get_running_loop()
        self._url = b""
        self._body: list[bytes] = []

    @override
    def connection_made(  # pyright: ignore[reportIncompatibleMethodOverride] - a stream's transport is never less
        self, transport: asyncio.Transport
    ) -> None:
        self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._url = url

    def on_body(self, data: bytes) -> None:
        self._body.append(data)

    def on_message_complete(self) -> None:
        body = b"".join(self._body)
        self._body.clear()
        is_chat = self._url.endswith(b"/chat/completions")
        if b'"stream":true' in body.replace(b" ", b""):
            self._transport.write(HEAD)
            self._next(iter(CHUNKS if is_chat else EVENTS))
        else:
            self._transport.write(COMPLETION if is_chat else RESPONSE)

    def _next(self, left: Iterator[bytes]) -> None:
        """Writes an event, and the next one a pace later; a client that has left gets no more."""
        if self._transport.is_closing():
            return
        piece = next(left, None)
        self._transport.write(LAST if piece is None else piece)
        if piece is not None:
            self._loop.call_later(PACE_SECONDS, self._next, left)


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
