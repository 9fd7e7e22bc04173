"""What a request and a streamed chunk cost towards a provider: our client beside aiohttp and httpx, where installed.

    python benchmarks/client_cost.py                 # against mock_provider.py in another process
    python benchmarks/client_cost.py --port PORT     # against any server on this machine that answers like it

The number is processor time of this process, user and system, which barely moves when the machine is busy.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import math
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, Protocol

import uvloop
from mock_provider import CHUNKS
from processes import machine, mock_provider

from antiphon.providers.deadlines import Timeouts
from antiphon.providers.endpoint import Endpoint, header_block
from antiphon.providers.http import HttpUpstream

CONNECTIONS: Final = 16
STREAMS: Final = 64
LIMIT: Final = 1 << 20
HEADERS: Final = {"Authorization": "Bearer none", "Content-Type": "application/json", "User-Agent": "bench"}
QUESTION: Final = [{"role": "user", "content": "How much is it? " * 8}]
WHOLE: Final = json.dumps({"model": "m", "messages": QUESTION}).encode()
STREAM: Final = json.dumps({"model": "m", "messages": QUESTION, "stream": True}).encode()


class Client(Protocol):
    """One way of asking. Both methods read the answer to its end."""

    async def whole(self) -> None: ...
    async def stream(self) -> None: ...


@asynccontextmanager
async def ours(url: str) -> AsyncGenerator[Client]:
    upstream = HttpUpstream(Timeouts())
    endpoint = Endpoint.parse(url)
    headers = header_block(HEADERS)

    class Ours:
        async def whole(self) -> None:
            reply = await upstream.post(endpoint, headers, WHOLE)
            try:
                await reply.read(LIMIT)
            finally:
                reply.release()

        async def stream(self) -> None:
            reply = await upstream.post(endpoint, headers, STREAM)
            try:
                while await reply.chunk():
                    pass
            finally:
                reply.release()

    yield Ours()
    await upstream.close()


@asynccontextmanager
async def with_aiohttp(url: str) -> AsyncGenerator[Client]:
    aiohttp = importlib.import_module("aiohttp")

    class Theirs:
        async def whole(self) -> None:
            async with session.post(url, data=WHOLE, headers=HEADERS) as answer:
                await answer.read()

        async def stream(self) -> None:
            async with session.post(url, data=STREAM, headers=HEADERS) as answer:
                async for _ in answer.content.iter_any():
                    pass

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        yield Theirs()


@asynccontextmanager
async def with_httpx(url: str) -> AsyncGenerator[Client]:
    httpx = importlib.import_module("httpx")

    class Theirs:
        async def whole(self) -> None:
            await session.post(url, content=WHOLE, headers=HEADERS)

        async def stream(self) -> None:
            async with session.stream("POST", url, content=STREAM, headers=HEADERS) as answer:
                async for _ in answer.aiter_raw():
                    pass

    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=None, max_keepalive_connections=None)) as session:
        yield Theirs()


CLIENTS: Final = {"antiphon": ours, "aiohttp": with_aiohttp, "httpx": with_httpx}


async def cost(ask: Callable[[], Awaitable[None]], requests: int, at_once: int) -> float:
    """Microseconds of processor time per request."""

    async def one() -> None:
        for _ in range(requests // at_once):
            await ask()

    start = time.process_time()
    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(one())
    return (time.process_time() - start) / (requests // at_once * at_once) * 1e6


async def measure(name: str, url: str, arguments: argparse.Namespace) -> tuple[float, float] | None:
    """The least of several rounds: microseconds per request, and per chunk of a stream; None if not installed."""
    try:
        async with CLIENTS[name](url) as client:
            await cost(client.whole, 4 * STREAMS, STREAMS)
            whole = paced = math.inf
            for _ in range(arguments.rounds):
                whole = min(whole, await cost(client.whole, arguments.requests, CONNECTIONS))
                paced = min(paced, await cost(client.stream, 2 * STREAMS, STREAMS))
            return whole, (paced - whole) / len(CHUNKS)
    except ModuleNotFoundError:
        return None


def report(port: int, arguments: argparse.Namespace) -> None:
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    print(machine())
    print(f"{'client':10} {'µs a request':>14} {'µs a chunk':>14}   x antiphon")
    base: tuple[float, float] | None = None
    for name in CLIENTS:
        found = uvloop.run(measure(name, url, arguments))
        if found is None:
            print(f"{name:10} not installed")
            continue
        base = base or found
        print(f"{name:10} {found[0]:14.1f} {found[1]:14.1f}   {found[0] / base[0]:.1f} / {found[1] / base[1]:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, help="where a server is already running")
    parser.add_argument("--requests", type=int, default=4_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.port:
        report(arguments.port, arguments)
        return
    with mock_provider() as server:
        report(server.port, arguments)


if __name__ == "__main__":
    main()
