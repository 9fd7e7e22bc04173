"""Clients that keep a connection waiting: a minute is a quarter of a second here."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio
import uvicorn

from antiphon.http.transport import LeanHttpProtocol

pytestmark = pytest.mark.asyncio(loop_scope="module")

SILENCE = 0.25
HEAD = b"POST / HTTP/1.1\r\nHost: gateway\r\n"
BODY = HEAD + b"Content-Length: 10\r\n\r\n"


class Impatient(LeanHttpProtocol):
    silence_seconds = SILENCE


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the body, once it is whole; a client that says `wait` has to, for longer than it may itself."""
    assert scope["type"] == "http"
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body, more = body + message.get("body", b""), message.get("more_body", False)
    if body.startswith(b"wait"):
        await asyncio.sleep(SILENCE * 4)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def port() -> AsyncGenerator[int]:
    config = uvicorn.Config(application, http=Impatient, ws="none", lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve(sockets=[listener]))
            yield listener.getsockname()[1]
            server.should_exit = True


async def said(port: int, *pieces: bytes, pause: float = 0.0) -> bytes:
    """Everything that comes until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(10):
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(pause)
        try:
            return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()


async def body_of(reader: asyncio.StreamReader) -> bytes:
    await reader.readuntil(b"\r\n\r\n")
    return await reader.readexactly(10)


@pytest.mark.parametrize(
    ("pieces", "answer"),
    [
        ([], b""),
        ([b"PO"], b"HTTP/1.1 408"),
        ([HEAD], b"HTTP/1.1 408"),
        ([BODY], b"HTTP/1.1 408"),
        ([BODY + b"12345"], b"HTTP/1.1 408"),
    ],
    ids=["nothing", "a-word", "half-a-head", "no-body", "half-a-body"],
)
async def test_a_client_that_falls_silent_is_not_waited_for(port: int, pieces: list[bytes], answer: bytes) -> None:
    found = await said(port, *pieces)
    assert found.startswith(answer)
    assert (b'"request_timeout"' in found) is bool(answer)


async def test_a_head_that_comes_letter_by_letter_is_cut_off(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    async with asyncio.timeout(10):
        for letter in HEAD * 3:
            writer.write(bytes([letter]))
            try:
                async with asyncio.timeout(SILENCE / 4):
                    answer = await reader.read(1024)
            except TimeoutError:
                continue
            break
    assert answer.startswith(b"HTTP/1.1 408")
    writer.close()


async def test_a_slow_body_that_goes_on_is_read(port: int) -> None:
    pieces = [BODY, *(bytes([each]) for each in b"0123456789")]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(10):
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(SILENCE / 3)
        assert await body_of(reader) == b"0123456789"
    writer.close()


async def test_whoever_waits_for_an_answer_may_be_silent(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(10):
        writer.write(BODY + b"wait 12345")
        assert await body_of(reader) == b"wait 12345"
        await asyncio.sleep(SILENCE * 3)
        writer.write(BODY + b"0123456789")
        assert await body_of(reader) == b"0123456789"
    writer.close()
