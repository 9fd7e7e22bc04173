"""A provider that a test scripts, and what providers say when all is well."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.integration.upstream.origin import PATIENCE, Peer, Request

DONE = b"data: [DONE]\n\n"

Script = Callable[[Request, Peer], Awaitable[object]]
"""Answers one request; when it returns, the next one on the connection is read, unless it raised `Hangup`."""


class Hangup(Exception):
    """The script wants the connection closed."""


@dataclass(slots=True)
class Upstream:
    """A running provider; `script` may be replaced at any time."""

    script: Script
    port: int = 0
    requests: list[Request] = field(default_factory=list[Request])
    connections: int = 0
    """How many are open at this moment."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        peer = Peer(reader, writer)
        try:
            while True:
                request = await peer.request()
                self.requests.append(request)
                await self.script(request, peer)
        except (Hangup, ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            self.connections -= 1


@asynccontextmanager
async def providing(script: Script) -> AsyncGenerator[Upstream]:
    upstream = Upstream(script)
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    upstream.port = server.sockets[0].getsockname()[1]
    try:
        yield upstream
        async with asyncio.timeout(PATIENCE):
            while upstream.connections:  # noqa: ASYNC110 - the other ends close when the gateway is gone
                await asyncio.sleep(0.001)
    finally:
        server.close()


def whole(body: bytes, *, status: str = "200 OK", kind: str = "application/json", **headers: str) -> bytes:
    """An answer with a length."""
    extra = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    return head.encode() + body


STREAMING = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"


def piece(data: bytes) -> bytes:
    """One chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def streamed(*data: bytes) -> bytes:
    """A whole event stream."""
    return STREAMING + b"".join(piece(each) for each in data) + LAST


def response(text: str = "Hello", *, status: str = "completed", **members: Any) -> dict[str, Any]:
    """A response object as a native provider sends it."""
    content: list[Any] = [{"type": "output_text", "text": text, "annotations": [], "logprobs": []}]
    item: dict[str, Any] = {"id": "msg_up", "type": "message", "status": "completed", "role": "assistant"}
    item["content"] = content
    done = status == "completed"
    body: dict[str, Any] = {
        "id": "resp_up",
        "object": "response",
        "created_at": 1,
        "status": status,
        "model": "made-up",
    }
    usage = {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}
    return body | {"output": [item] if done else [], "usage": usage if done else None} | members


def event(kind: str, number: int, **members: Any) -> bytes:
    data = json.dumps({"type": kind, "sequence_number": number, **members})
    return f"event: {kind}\ndata: {data}\n\n".encode()


def native_events(*words: str) -> list[bytes]:
    """A native stream, event by event; each word is a delta."""
    text = "".join(words)
    place: dict[str, Any] = {"item_id": "msg_up", "output_index": 0, "content_index": 0}
    item = response(text)["output"][0]
    part = item["content"][0]
    after = 4 + len(words)
    return [
        event("response.created", 0, response=response(status="in_progress")),
        event("response.in_progress", 1, response=response(status="in_progress")),
        event("response.output_item.added", 2, output_index=0, item=item | {"status": "in_progress", "content": []}),
        event("response.content_part.added", 3, **place, part=part | {"text": ""}),
        *(
            event("response.output_text.delta", 4 + number, **place, delta=word, logprobs=[])
            for number, word in enumerate(words)
        ),
        event("response.output_text.done", after, **place, text=text, logprobs=[]),
        event("response.content_part.done", after + 1, **place, part=part),
        event("response.output_item.done", after + 2, output_index=0, item=item),
        event("response.completed", after + 3, response=response(text)),
    ]


def completion(text: str = "Hello") -> dict[str, Any]:
    """A chat completion."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]} | {
        "usage": usage
    }


def chat_chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return f"data: {json.dumps(chunk)}\n\n".encode()


def chat_events(*words: str) -> list[bytes]:
    """A stream of chat completions; each word is a delta."""
    return [
        chat_chunk({"role": "assistant", "content": ""}),
        *(chat_chunk({"content": word}) for word in words),
        chat_chunk({}, "stop"),
        DONE,
    ]
