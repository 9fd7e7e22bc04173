"""A closed-loop load generator: so many connections, each with the next request as soon as it has its answer.

    python benchmarks/load.py URL --body '{"model": ...}' [--key KEY] [--connections 16] [--seconds 4 | --requests N]

Prints one line of JSON: good answers, errors, seconds, and the median and the 99th percentile of an answer's time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import time
from typing import Final
from urllib.parse import urlsplit

import httptools
import uvloop
from typing_extensions import override

OK: Final = 200
MARKS: Final = (b'"usage"', b"response.completed", b"[DONE]")
"""What only a complete answer holds."""

LONGEST_ANSWER_SECONDS: Final = 30.0


class Plan:
    """What is to be sent, until when, and what came of it."""

    def __init__(self, request: bytes, *, until: float, requests: int) -> None:
        self.request = request
        self.until = until
        self.left = requests
        self.times: list[float] = []
        self.errors = 0

    def goes_on(self) -> bool:
        self.left -= 1
        return self.left >= 0 and time.perf_counter() < self.until


class Client(asyncio.Protocol):
    """One connection. `ended` is done when the plan is, or when the connection broke."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self._asked = 0.0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @override
    def connection_made(  # pyright: ignore[reportIncompatibleMethodOverride] - a stream's transport is never less
        self, transport: asyncio.Transport
    ) -> None:
        self._transport = transport
        self._next()

    @override
    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self._plan.errors += 1
            self.ended.set_result(None)

    def on_body(self, data: bytes) -> None:
        self._body.append(data)

    def on_message_complete(self) -> None:
        body = b"".join(self._body)
        self._body.clear()
        if self._parser.get_status_code() == OK and any(mark in body for mark in MARKS):
            self._plan.times.append(time.perf_counter() - self._asked)
        else:
            self._plan.errors += 1
        self._next()

    def _next(self) -> None:
        if self._plan.goes_on():
            self._parser = httptools.HttpResponseParser(self)
            self._asked = time.perf_counter()
            self._transport.write(self._plan.request)
        elif not self.ended.done():
            self.ended.set_result(None)
            self._transport.close()


def request_of(url: str, key: str, body: bytes) -> bytes:
    parts = urlsplit(url)
    head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {key}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def run(url: str, arguments: argparse.Namespace) -> dict[str, float]:
    parts = urlsplit(url)
    began = time.perf_counter()
    plan = Plan(
        request_of(url, arguments.key, arguments.body.encode()),
        until=began + arguments.seconds,
        requests=arguments.requests or 1 << 62,
    )
    loop = asyncio.get_running_loop()
    clients: list[Client] = []
    for _ in range(arguments.connections):
        _, client = await loop.create_connection(lambda: Client(plan), parts.hostname or "", parts.port or 80)
        clients.append(client)
    async with asyncio.timeout(arguments.seconds + LONGEST_ANSWER_SECONDS):
        for client in clients:
            await client.ended
    times = sorted(plan.times) or [math.nan]
    return {
        "answers": len(plan.times),
        "errors": plan.errors,
        "seconds": time.perf_counter() - began,
        "median_ms": times[len(times) // 2] * 1000,
        "p99_ms": times[len(times) * 99 // 100] * 1000,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--body", required=True)
    parser.add_argument("--key", default="none")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--requests", type=int, default=0)
    arguments = parser.parse_args()
    print(json.dumps(uvloop.run(run(arguments.url, arguments))))


if __name__ == "__main__":
    main()
