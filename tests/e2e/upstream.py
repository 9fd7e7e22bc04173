"""A provider that does what a test tells it: a real HTTP server in a thread of its own.

Its n-th answer is the n-th reply of the script. Nothing in it waits for time: a stream stops at a `Gate` until the test
opens it.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tests.e2e.background import PATIENCE, BackgroundLoop

_LISTS = ("/models", "/inference-profiles")
SSE = "text/event-stream"
JSON = "application/json"


class Gate:
    """A place in a stream where the provider waits for the test."""

    def __init__(self) -> None:
        self._opened: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._reached = threading.Event()
        self._left = threading.Event()

    def open(self) -> None:
        if not self._opened.done():
            self._opened.set_result(None)

    def wait_until_reached(self) -> None:
        assert self._reached.wait(PATIENCE), "the provider never came to the gate"

    def wait_until_left(self) -> None:
        assert self._left.wait(PATIENCE), "the gateway never closed the connection"

    async def hold(self, reader: asyncio.StreamReader) -> None:
        """On the provider's side: until the gate opens, or the gateway hangs up."""
        self._reached.set()
        async with asyncio.TaskGroup() as group:
            watcher = group.create_task(self._watch(reader))
            await asyncio.wrap_future(self._opened)
            watcher.cancel()

    async def _watch(self, reader: asyncio.StreamReader) -> None:
        try:
            await reader.read(1)
        finally:
            if reader.at_eof() or reader.exception() is not None:
                self._left.set()
                self.open()


class Cut:
    """The place in a stream where the connection breaks."""


Piece = bytes | Gate | Cut


@dataclass(frozen=True, slots=True)
class Reply:
    """What the provider answers: a whole body, or pieces that are sent one by one."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    pieces: Sequence[Piece] | None = None
    media_type: str = JSON


def whole(value: Any, status: int = 200, **headers: str) -> Reply:
    """A JSON answer; `headers` in Python's spelling."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(json.dumps(value).encode(), status, named)


def stream(*pieces: Piece) -> Reply:
    """An event stream that ends where the pieces end."""
    return Reply(pieces=pieces, media_type=SSE)


def refusing(
    message: str = "no", status: int = 500, *, headers: Mapping[str, str] | None = None, **error: Any
) -> Reply:
    """An error in OpenAI's envelope."""
    envelope = {"message": message, "type": None, "param": None, "code": None} | error
    return Reply(json.dumps({"error": envelope}).encode(), status, headers or {})


P = TypeVar("P", bound="Provider")


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as the provider got it. Header names are in small letters."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Scripted = Reply | Callable[[Seen], Reply]
"""An answer, or what makes one of the request."""


class Provider:
    """Answers from its script; what it has no reply for is a 418, which no gateway retries."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.url = ""
        self.listed: Sequence[Mapping[str, Any]] = ()
        self._script: deque[Scripted] = deque()
        self._writers: set[asyncio.StreamWriter] = set()

    def answer(self, *replies: Scripted) -> None:
        """Adds to the script."""
        self._script.extend(replies)

    def reset(self) -> None:
        """Forgets requests and script. Raises if a reply was never asked for."""
        assert not self.forget(), "the provider was asked less often than the test foresaw"

    def forget(self) -> int:
        """Forgets requests and script; how many replies were never asked for."""
        left = len(self._script)
        self._script.clear()
        self.seen.clear()
        return left

    async def open(self) -> None:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._server = server

    async def close(self) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while (request := await _request(reader)) is not None:
                await _send(reader, writer, self.reply(request))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    def reply(self, request: Seen) -> Reply:
        """What it answers."""
        if request.path.partition("?")[0].endswith(_LISTS):
            return whole({"object": "list", "data": list(self.listed)})
        self.seen.append(request)
        scripted = self._script.popleft() if self._script else refusing("The test has no reply for this.", 418)
        return scripted if isinstance(scripted, Reply) else scripted(request)


@contextmanager
def serving() -> Generator[Provider]:
    """A running provider."""
    with served(Provider()) as provider:
        yield provider


@contextmanager
def served(provider: P) -> Generator[P]:
    """A provider, running."""
    loop = BackgroundLoop()
    loop.start()
    try:
        loop.call(provider.open())
        yield provider
        loop.call(provider.close())
    finally:
        loop.stop()


@contextmanager
def refusing_connections() -> Generator[str]:
    """The address of a server that is down: the port is taken, and nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


async def _request(reader: asyncio.StreamReader) -> Seen | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    line, *lines = head.decode("latin-1").split("\r\n")[:-2]
    headers = {name.lower(): value for name, value in (each.split(": ", 1) for each in lines)}
    method, path, _ = line.split(" ")
    return Seen(method, path, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


async def _send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, reply: Reply) -> None:
    length = "Transfer-Encoding: chunked" if reply.pieces is not None else f"Content-Length: {len(reply.body)}"
    fields = [f"{name}: {value}" for name, value in reply.headers.items()]
    lines = [f"HTTP/1.1 {reply.status} Status", f"Content-Type: {reply.media_type}", length, *fields, "", ""]
    writer.write("\r\n".join(lines).encode())
    if reply.pieces is None:
        writer.write(reply.body)
    else:
        for piece in reply.pieces:
            await _send_piece(reader, writer, piece)
        writer.write(b"0\r\n\r\n")
    await writer.drain()


async def _send_piece(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, piece: Piece) -> None:
    match piece:
        case Gate():
            await piece.hold(reader)
        case Cut():
            await writer.drain()
            writer.transport.abort()
            raise ConnectionAbortedError
        case bytes():
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
