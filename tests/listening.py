"""A server on this machine that gives every request the same answer, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Asked:
    """A request as it came over the wire; the names of its headers in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@asynccontextmanager
async def scripted(*pieces: bytes) -> AsyncGenerator[tuple[str, list[Asked]]]:
    """The server's origin, and its requests so far. The pieces are an answer, head and all, written one by one."""
    asked: list[Asked] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        line, *lines = head.decode().split("\r\n")
        method, target, _ = line.split(" ")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        asked.append(Asked(method, target, headers, body))
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}", asked
