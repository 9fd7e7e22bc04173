"""What streams cost that are open and silent: memory and descriptors of one process.

    python benchmarks/open_streams.py [--streams 2000] [--hold 5] [--client responses|chat|messages]

The provider begins each answer with a few words and then says nothing until it is told to go on, as one does that
thinks for long. Every stream is then ended properly, and all of them have to be whole.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import uvloop
from mock_provider import CHUNKS, EVENTS, HEAD, LAST
from processes import KEY, Server, gateway, machine, share_the_processors

from antiphon import __version__

AT_ONCE: Final = 64
"""Streams that are being opened at the same time."""

WARMING: Final = 64
SPOKEN: Final = 8
"""Events that a provider sends before it falls silent."""

PATHS: Final = {"responses": "/v1/responses", "chat": "/v1/chat/completions", "messages": "/v1/messages"}
MARKS: Final = {"responses": b"response.completed", "chat": b"data: [DONE]", "messages": b"message_stop"}


@dataclass(slots=True)
class Provider:
    """Speaks, falls silent, and goes on when it is told to."""

    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                await reader.readexactly(length)
                pieces = CHUNKS if b"/chat/completions" in head[:200] else EVENTS
                writer.write(HEAD + b"".join(pieces[:SPOKEN]))
                await self.goes_on.wait()
                writer.write(b"".join(pieces[SPOKEN:]) + LAST)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@asynccontextmanager
async def providing() -> AsyncGenerator[tuple[Provider, int]]:
    provider = Provider()
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0, backlog=4096)
    async with server:
        yield provider, server.sockets[0].getsockname()[1]


class Streams:
    """Clients of one gateway, each with one stream."""

    def __init__(self, port: int, kind: str) -> None:
        self._port = port
        self._mark = MARKS[kind]
        body = {"model": "native/gpt-5-mini", "stream": True}
        asked = {"input": "Think."} if kind == "responses" else {"messages": [{"role": "user", "content": "Think."}]}
        more = {"max_tokens": 100} if kind == "messages" else {}
        data = json.dumps(body | asked | more).encode()
        head = f"POST {PATHS[kind]} HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer {KEY}\r\n"
        self._request = f"{head}Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data
        self._open: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def open(self, count: int) -> None:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one() -> None:
            async with gate:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                writer.write(self._request)
                said = await reader.readuntil(b"word")
                if b" 200 " not in said:
                    sys.exit(f"A stream did not begin: {said.decode('latin-1')}")
                self._open.append((reader, writer))

        await asyncio.gather(*(one() for _ in range(count)))

    async def end(self) -> int:
        """How many were whole."""
        whole = 0
        for reader, writer in self._open:
            try:
                await reader.readuntil(self._mark)
                whole += 1
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            writer.close()
        self._open.clear()
        return whole


def descriptors(server: Server) -> int:
    return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in server.tree())


def row(what: str, server: Server, idle: float) -> float:
    mib = server.resident_mib()
    print(f"| {what} | {mib:.1f} | {mib - idle if idle else 0:.1f} | {descriptors(server)} |", flush=True)
    return mib


async def run(folder: Path, arguments: argparse.Namespace) -> None:
    async with providing() as (provider, port):
        with gateway(folder, Server(0, port)) as server:
            streams = Streams(server.port, arguments.client)
            provider.goes_on.set()
            await streams.open(WARMING)
            await streams.end()
            provider.goes_on.clear()
            await asyncio.sleep(1)
            print("| | MiB | above idle, MiB | descriptors |\n|---|--:|--:|--:|", flush=True)
            idle = row("idle, warm", server, 0)
            began = time.monotonic()
            await streams.open(arguments.streams)
            took = time.monotonic() - began
            row(f"{arguments.streams:,} streams, opened in {took:.1f} s", server, idle)
            before = server.cpu_seconds()
            await asyncio.sleep(arguments.hold)
            spent = (server.cpu_seconds() - before) / arguments.hold * 100
            row(f"{arguments.hold:g} s later, at {spent:.1f} % of a processor", server, idle)
            began = time.monotonic()
            provider.goes_on.set()
            whole = await streams.end()
            row(f"{whole:,} of them ended whole, in {time.monotonic() - began:.1f} s", server, idle)
            provider.goes_on.clear()
            await streams.open(arguments.streams)
            row("as many again", server, idle)
            provider.goes_on.set()
            if whole != arguments.streams or await streams.end() != arguments.streams:
                sys.exit("Streams were cut.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=2000, help="open at once (default: 2000)")
    parser.add_argument("--hold", type=float, default=5.0, help="seconds that they are silent for (default: 5)")
    parser.add_argument("--client", choices=sorted(PATHS), default="responses", help="whose format is asked in")
    arguments = parser.parse_args()
    if not sys.platform.startswith("linux"):
        sys.exit("This reads memory and processor times from /proc, which only Linux has.")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    share_the_processors()
    print(f"Antiphon {__version__}, {time.strftime('%Y-%m-%d')}. {machine()}.", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        uvloop.run(run(Path(folder), arguments))


if __name__ == "__main__":
    main()
