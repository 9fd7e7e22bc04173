"""Every provider at once: a server that answers any path with something that was recorded there.

Which answer it is depends on the request's bytes alone. One in eight is a failure: refused, cut short, stalled, garbled
or endless, as providers are on bad days.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final
from zlib import crc32

from msgspec import Struct

from tests.e2e.media import DRAWN, WAV
from tests.integration.upstream.origin import Peer, Request
from tools.fuzz.recorded import Framing, by_api

_MEDIA: Final[dict[Framing, str]] = {
    "sse": "text/event-stream",
    "aws": "application/vnd.amazon.eventstream",
    "ndjson": "application/x-ndjson",
    "whole": "application/json",
}
_FAULTY: Final = 8
_NOWHERE: Final = 404

GARBLED: Final = b'\x00\xff{"]'
"""What is in the middle of a garbled answer. To clients in whose format it is, it is passed on as it comes."""


class _Place(Struct, frozen=True):
    """Paths with `mark` in them are answered as `apis` did; `streams` tells those whose path asks for a stream."""

    mark: bytes
    apis: tuple[str, ...]
    streams: bool | None = None


_PLACES: Final = (
    _Place(b"/responses/input_tokens", ("openai.responses.input_tokens",), streams=False),
    _Place(b"/responses/compact", ("openai.responses.compact",), streams=False),
    _Place(b"/responses", ("openai.responses", "xai.responses", "azure.responses")),
    _Place(b"/chat/completions", ("openai.chat", "groq.chat", "mistral.chat")),
    _Place(b"count_tokens", ("anthropic.count_tokens",), streams=False),
    _Place(b":countTokens", ("gemini.count_tokens",), streams=False),
    _Place(b"count-tokens", ("bedrock.count_tokens",), streams=False),
    _Place(b"/messages", ("anthropic.messages",)),
    _Place(b"streamGenerateContent", ("gemini.stream",), streams=True),
    _Place(b"generateContent", ("gemini.generate",), streams=False),
    _Place(b"mbedContent", ("gemini.embed",), streams=False),
    _Place(b"/converse-stream", ("bedrock.converse_stream",), streams=True),
    _Place(b"/converse", ("bedrock.converse",), streams=False),
    _Place(b"/v2/chat", ("cohere.chat",)),
    _Place(b"/api/chat", ("ollama.chat",)),
    _Place(b"/embeddings", ("openai.embeddings", "voyage.embeddings"), streams=False),
    _Place(b"/rerank", ("cohere.rerank", "voyage.rerank", "together.rerank"), streams=False),
    _Place(b"/moderations", ("openai.moderations",), streams=False),
    _Place(b"/audio/tran", ("openai.audio",), streams=False),
    _Place(b"/invoke", ("bedrock.embed",), streams=False),
)

MODELS: Final = json.dumps({"object": "list", "data": [{"id": "m", "object": "model"}, {"id": "gpt-5-mini"}]}).encode()


_MOST_HEAD_BYTES: Final = 1 << 20


class Hangup(Exception):
    """The connection is to end here."""


@asynccontextmanager
async def providing(*, faulty: bool = True) -> AsyncGenerator[int]:
    """Serves at the port that it gives; without faults, on its best days."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer)
        with suppress(Hangup, OSError, EOFError, asyncio.LimitOverrunError, asyncio.CancelledError):
            while True:
                await answer(await _request(reader), peer, faulty=faulty)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=_MOST_HEAD_BYTES)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def _request(reader: asyncio.StreamReader) -> Request:
    """Whatever the gateway passes on, it passes on as HTTP."""
    line, *lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[:-2]
    headers = {name.lower(): value.strip() for name, _, value in (each.partition(b":") for each in lines)}
    if b"chunked" in headers.get(b"transfer-encoding", b""):
        body = b""
        while size := int((await reader.readuntil(b"\r\n"))[:-2], 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readexactly(2)
        return Request(line, headers, body)
    return Request(line, headers, await reader.readexactly(int(headers.get(b"content-length", b"0"))))


async def answer(request: Request, peer: Peer, *, faulty: bool) -> None:
    """Answers one request. Raises Hangup where the connection is to end."""
    chance = crc32(request.line + request.body)
    if request.line.startswith(b"GET"):
        await peer.say(_whole(200, MODELS))
    elif b"/images/" in request.line:
        await peer.say(_whole(200, json.dumps(DRAWN).encode()))
    elif b"/audio/speech" in request.line:
        await peer.say(_whole(200, WAV, "audio/wav"))
    elif any(mark in request.line for mark in (b"/embeddings", b"/v2/embed", b"/rerank")):
        await peer.say(_whole(200, _counted(request)))
    elif faulty and chance % _FAULTY == 0:
        await _FAULTS[chance // _FAULTY % len(_FAULTS)](peer, _recorded(request, chance))
    else:
        status, framing, body = _recorded(request, chance)
        status = status if faulty or status == _NOWHERE else 200
        await peer.say(_whole(status, body, _MEDIA[framing]) if framing == "whole" else _streamed(framing, body))


def _counted(request: Request) -> bytes:
    """Vectors and rankings, of which there have to be as many as were asked for."""
    asked: dict[str, Any] = {}
    with suppress(ValueError, TypeError):
        asked = dict(json.loads(request.body))
    inputs: Any = next((asked[name] for name in ("input", "documents", "texts", "inputs") if name in asked), None)
    count = len(inputs) if isinstance(inputs, list) and inputs and not isinstance(inputs[0], int) else 1  # pyright: ignore[reportUnknownArgumentType] - JSON
    data = [{"object": "embedding", "index": place, "embedding": [0.5, -0.5]} for place in range(count)]
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    if b"/v2/embed" in request.line:
        vectors = {"float": [each["embedding"] for each in data]}
        return json.dumps({"id": "e", "embeddings": vectors, "texts": [], "meta": {}}).encode()
    if b"/embeddings" in request.line:
        return json.dumps({"object": "list", "data": data, "model": "m", "usage": usage}).encode()
    best: Any = asked.get("top_n", count)
    shown = min(best, count) if isinstance(best, int) and best > 0 else count
    results = [{"index": place, "relevance_score": 0.5} for place in range(shown)]
    return json.dumps({"object": "list", "results": results, "model": "m", "usage": usage}).encode()


def _recorded(request: Request, chance: int) -> tuple[int, Framing, bytes]:
    place = next((each for each in _PLACES if each.mark in request.line), None)
    if place is None:
        return _NOWHERE, "whole", b'{"error":{"message":"no such place"}}'
    asked = b'"stream":true' in request.body.replace(b" ", b"")
    streamed = asked if place.streams is None else place.streams
    apis = place.apis
    found: Sequence[tuple[int, Framing, bytes]] = by_api(apis[chance % len(apis)], streamed=streamed)
    found = found or by_api(apis[0], streamed=streamed) or by_api(apis[0], streamed=not streamed)
    return found[chance // 1000 % len(found)]


def _whole(status: int, body: bytes, media_type: str = "application/json") -> bytes:
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _streamed(framing: Framing, body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {_MEDIA[framing]}\r\nTransfer-Encoding: chunked\r\n\r\n"
    third = len(body) // 3 + 1
    pieces = [body[start : start + third] for start in range(0, len(body), third)]
    return head.encode() + b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in pieces) + b"0\r\n\r\n"


_Answer = tuple[int, Framing, bytes]


async def _refused(peer: Peer, _: _Answer) -> None:
    await peer.say(_whole(429, b'{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}}'))


async def _failed(peer: Peer, _: _Answer) -> None:
    await peer.say(_whole(500, b"<html>oops</html>", "text/html"))


async def _cut(peer: Peer, answer: _Answer) -> None:
    _, framing, body = answer
    said = _whole(200, body) if framing == "whole" else _streamed(framing, body)
    await peer.say(said[: len(said) * 2 // 3])
    raise Hangup


async def _garbled(peer: Peer, answer: _Answer) -> None:
    _, framing, body = answer
    middle = len(body) // 2
    broken = body[:middle] + GARBLED + body[middle + 3 :]
    await peer.say(_whole(200, broken) if framing == "whole" else _streamed(framing, broken))


async def _nothing(peer: Peer, _: _Answer) -> None:
    await peer.say(_whole(200, b""))


async def _gone(peer: Peer, _: _Answer) -> None:
    peer.reset()
    raise Hangup


async def _foreign(peer: Peer, answer: _Answer) -> None:
    """Another vendor's answer under this one's name."""
    other: Any = by_api("anthropic.messages", streamed=answer[1] != "whole")
    await peer.say(_whole(200, other[0][2], _MEDIA[answer[1]]))


async def _no_http(peer: Peer, _: _Answer) -> None:
    await peer.say(b"SSH-2.0-OpenSSH_9.6\r\n")
    raise Hangup


_FAULTS: Final[tuple[Callable[[Peer, _Answer], Any], ...]] = (
    _refused,
    _failed,
    _cut,
    _garbled,
    _nothing,
    _gone,
    _foreign,
    _no_http,
)
