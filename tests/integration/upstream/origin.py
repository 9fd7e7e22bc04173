"""A provider that does what a test tells it: one script per connection, byte for byte."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from antiphon.providers.deadlines import Timeouts
from antiphon.providers.endpoint import Endpoint
from antiphon.providers.http import HttpUpstream
from antiphon.providers.proxy import Proxies

PATIENCE = 10
"""Seconds after which a test is wrong rather than slow."""

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Request:
    """What the client sent."""

    line: bytes
    headers: dict[bytes, bytes]
    body: bytes


class Peer:
    """The server's end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def head(self) -> tuple[bytes, dict[bytes, bytes]]:
        line, *lines = (await self.reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[:-2]
        fields = (each.split(b": ", 1) for each in lines)
        return line, {name.lower(): value for name, value in fields}

    async def request(self) -> Request:
        line, headers = await self.head()
        return Request(line, headers, await self.reader.readexactly(int(headers.get(b"content-length", b"0"))))

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def gone(self) -> None:
        """Until the client has closed."""
        with suppress(ConnectionError):
            while await self.reader.read(1 << 16):
                pass

    async def stays(self, seconds: float) -> bool:
        """Whether the client has not closed after so long."""
        try:
            async with asyncio.timeout(seconds):
                await self.gone()
        except TimeoutError:
            return True
        return False

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        link = self.writer.get_extra_info("socket")
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Script = Callable[[Peer], Awaitable[object]]


class Origin:
    """A running server. The n-th connection follows the n-th script, any further one the last."""

    def __init__(self, scripts: tuple[Script, ...]) -> None:
        self.connections = 0
        self.port = 0
        self.scheme = "http"
        self._scripts = scripts
        self._running = 0
        self._quiet = asyncio.Event()
        self._failures: list[BaseException] = []

    def endpoint(self, path: str = "/v1/responses", host: str = "127.0.0.1") -> Endpoint:
        return Endpoint.parse(f"{self.scheme}://{host}:{self.port}{path}")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = self._scripts[min(self.connections, len(self._scripts) - 1)]
        self.connections += 1
        self._running += 1
        try:
            async with asyncio.timeout(PATIENCE):
                await script(Peer(reader, writer))
        except (AssertionError, TimeoutError, asyncio.IncompleteReadError) as error:
            self._failures.append(error)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            self._running -= 1
            self._quiet.set()

    async def finished(self) -> None:
        """Until every script has ended; raises what went wrong in one."""
        async with asyncio.timeout(PATIENCE):
            while self._running:
                self._quiet.clear()
                await self._quiet.wait()
        if self._failures:
            raise self._failures[0]


@asynccontextmanager
async def serving(*scripts: Script, tls: ssl.SSLContext | None = None) -> AsyncGenerator[Origin]:
    origin = Origin(scripts)
    server = await asyncio.start_server(origin.serve, "127.0.0.1", 0, ssl=tls)
    origin.port = server.sockets[0].getsockname()[1]
    origin.scheme = "https" if tls else "http"
    try:
        yield origin
        await origin.finished()
    finally:
        server.close()


@asynccontextmanager
async def reaching(
    timeouts: Timeouts | None = None,
    *,
    limit: int = 0,
    trust: ssl.SSLContext | None = None,
    proxies: Proxies | None = None,
) -> AsyncGenerator[HttpUpstream]:
    """A client that is closed at the end: inside `serving`, so that scripts which wait for its leaving end."""
    client = HttpUpstream(timeouts or Timeouts(), max_connections_per_origin=limit, trust=trust, proxies=proxies)
    try:
        yield client
    finally:
        await client.close()


async def body_of(client: HttpUpstream, endpoint: Endpoint, body: bytes = b"{}") -> bytes:
    """One whole exchange."""
    reply = await client.post(endpoint, b"", body)
    try:
        return await reply.read(1 << 30)
    finally:
        reply.release()


def answering(*answers: bytes) -> Script:
    """One answer per request, as long as there are any, then nothing until the client leaves."""

    async def script(peer: Peer) -> None:
        with suppress(asyncio.IncompleteReadError):
            for answer in answers:
                await peer.request()
                await peer.say(answer)
        await peer.gone()

    return script


def closing(*answers: bytes) -> Script:
    """One answer per request, then the end of the connection."""

    async def script(peer: Peer) -> None:
        for answer in answers:
            await peer.request()
            await peer.say(answer)

    return script


async def silent(peer: Peer) -> None:
    await peer.gone()
