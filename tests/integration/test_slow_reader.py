"""A client that does not keep up: the gateway holds little for it, the provider waits, and nobody else does."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.harness import (
    PATIENCE,
    Exchange,
    Gateway,
    ask,
    asking,
    events_of,
    request_bytes,
    serving,
    settings_for,
    until,
)
from tests.integration.provider import (
    LAST,
    STREAMING,
    Hangup,
    Upstream,
    chat_chunk,
    chat_events,
    event,
    native_events,
    piece,
    providing,
    response,
    whole,
)
from tests.integration.upstream.origin import Peer, Request

KINDS = ["native", "chat"]
MEGABYTE = 1 << 20
ALL = 200 * MEGABYTE
"""Bytes of a stream that is far larger than any buffer on its way."""

UNREAD = 24 * MEGABYTE
"""What may be on its way to a client that reads nothing: buffers of sockets at both sides, and of the gateway."""

LONG = 32 * MEGABYTE
"""Bytes of a stream of short words: some hundred kilobytes of text, and much around it."""

GROWTH = 24 * MEGABYTE
"""What a long answer may cost that nobody wants kept, while it is said. Its end is said four times over (the text's,
the part's, the item's and the response's), and a client that is behind has all of it yet to read: twice as much."""


@dataclass(slots=True)
class Scene:
    gateway: Gateway
    upstream: Upstream
    word: str = "x" * 4000
    length: int = ALL
    said: int = 0
    """Bytes that the provider could get rid of."""

    async def speak(self, request: Request, peer: Peer) -> None:
        """Says `length` bytes as fast as they are taken; short answers to those who ask for something short."""
        native = b"/responses" in request.line
        if b"short" in request.body:
            await peer.say(whole(json.dumps(response()).encode()))
            return
        opening = native_events()[:4] if native else chat_events()[:1]
        closing = [event("response.completed", 10**9, response=response("The end"))] if native else chat_events()[-2:]
        await peer.say(STREAMING + b"".join(map(piece, opening)))
        place: dict[str, Any] = {"item_id": "msg_up", "output_index": 0, "content_index": 0}
        number = len(opening)
        while self.said < self.length:
            batch: list[bytes] = []
            for _ in range(64):
                delta = event("response.output_text.delta", number, **place, delta=self.word, logprobs=[])
                batch.append(piece(delta if native else chat_chunk({"content": self.word})))
                number += 1
            data = b"".join(batch)
            await peer.say(data)
            self.said += len(data)
        await peer.say(b"".join(map(piece, closing)) + LAST)
        raise Hangup

    @asynccontextmanager
    async def slow_client(self, **body: Any) -> AsyncGenerator[Exchange]:
        """A client with a small buffer, that reads only what a test reads."""
        link = socket.socket()
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        link.setblocking(False)  # noqa: FBT003 - the standard library's signature
        await asyncio.get_running_loop().sock_connect(link, ("127.0.0.1", self.gateway.port))
        reader, writer = await asyncio.open_connection(sock=link, limit=65_536)
        exchange = Exchange(reader, writer)
        try:
            writer.write(request_bytes("POST", b"/v1/responses", json.dumps(body).encode()))
            yield exchange
        finally:
            exchange.leave()

    async def stalled(self) -> None:
        """Until the provider has got rid of nothing for a while."""
        await until(lambda: self.said > 0, "the provider speaks")
        before = -1
        async with asyncio.timeout(PATIENCE):
            while before != self.said:
                before = self.said
                await ask(self.gateway, "GET", "/health")
                await asyncio.sleep(0.25)


@asynccontextmanager
async def scene(tmp_path: Path) -> AsyncGenerator[Scene]:
    async def answer(request: Request, peer: Peer) -> None:
        await stage.speak(request, peer)

    async with providing(answer) as upstream:
        settings = settings_for(upstream.port, f"sqlite:///{tmp_path}/antiphon.db")
        async with serving(settings, tmp_path / "log") as gateway:
            stage = Scene(gateway, upstream)
            answered = await ask(gateway, "POST", "/v1/responses", {"model": "native/m", "input": "short"})
            assert answered.status == 200
            yield stage


@pytest.mark.parametrize("store", [False, True], ids=["not kept", "kept"])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_client_that_reads_nothing_makes_the_provider_wait(tmp_path: Path, kind: str, *, store: bool) -> None:
    async with scene(tmp_path) as stage:
        before = stage.gateway.memory()
        async with stage.slow_client(model=f"{kind}/m", input="Hi", stream=True, store=store) as exchange:
            await exchange.head()
            await stage.stalled()
            assert stage.said < UNREAD
            assert stage.gateway.memory() - before < UNREAD
            async with asyncio.timeout(5):
                for _ in range(50):  # the others do not notice
                    short = {"model": "native/m", "input": "short"}
                    answer = await ask(stage.gateway, "POST", "/v1/responses", short)
                    assert answer.status == 200
            exchange.leave()
            await until(lambda: stage.upstream.connections <= 1, "the provider is let go", within=1.0)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_long_answer_that_is_not_kept_costs_little_more_than_its_text(tmp_path: Path, kind: str) -> None:
    async with scene(tmp_path) as stage:
        stage.word, stage.length = "word ", LONG
        before = stage.gateway.memory()
        body = {"model": f"{kind}/m", "input": "Hi", "stream": True, "store": False}
        async with asking(stage.gateway, "POST", "/v1/responses", body) as exchange:
            await exchange.head()
            taken, looked, last = 0, 0, b""
            async with asyncio.timeout(30):
                while data := await exchange.piece():
                    last = data
                    taken += len(data)
                    if taken - looked > MEGABYTE:
                        looked = taken
                        allowed = GROWTH if stage.said < LONG else 2 * GROWTH
                        assert stage.gateway.memory() - before < allowed, f"after {taken} bytes"
        assert events_of(last)[-1]["type"] == "response.completed"
