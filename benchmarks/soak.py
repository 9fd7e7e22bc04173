"""Mixed load for long: does anything grow that should not?

    python benchmarks/soak.py [--minutes 60] [--rate 60] [--clients 16]

Clients of three formats ask two kinds of provider for answers, whole and streamed, stored and not; they go on from
stored answers, replay and delete them, make mistakes and leave in the middle, and now and then the provider fails.
What is stored is deleted again, so that a steady state exists. Memory, file descriptors, threads and the database are
sampled; once warm, none of them may go on growing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression, mean
from typing import Any, Final

import uvloop
from mock_provider import CHUNKS, COMPLETION, EVENTS, HEAD, LAST, RESPONSE
from open_streams import MARKS, PATHS, descriptors
from processes import KEY, Server, gateway, machine, share_the_processors

from antiphon import __version__

KEPT: Final = 400
"""Responses that stay stored; each further one makes the oldest go."""

SAMPLES: Final = 120
WARM: Final = 0.4
"""Of the run, before slopes are measured: by then caches are filled and the database has its size."""

PATIENCE: Final = 30.0
PACE_SECONDS: Final = 0.005
FAULTS: Final = (
    b"",
    b"HTTP/1.1 500 Broken\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
    HEAD + EVENTS[0],
    HEAD + b"".join(EVENTS[:20]),
)


class Provider:
    """As the mock provider; one in twenty answers breaks."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                body = await reader.readexactly(length)
                if self._chance.random() < 1 / 20:
                    writer.write(self._chance.choice(FAULTS))
                    break
                chat = b"/chat/completions" in head[:200]
                if b'"stream":true' not in body.replace(b" ", b""):
                    writer.write(COMPLETION if chat else RESPONSE)
                    continue
                writer.write(HEAD)
                for piece in (*(CHUNKS if chat else EVENTS), LAST):
                    if writer.is_closing():
                        return
                    writer.write(piece)
                    await asyncio.sleep(PACE_SECONDS)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()


@asynccontextmanager
async def providing(chance: random.Random) -> AsyncGenerator[int]:
    server = await asyncio.start_server(Provider(chance).serve, "127.0.0.1", 0, backlog=1024)
    async with server:
        yield server.sockets[0].getsockname()[1]


@dataclass(slots=True)
class Load:
    """Clients, what they have stored, and what became of their requests."""

    port: int
    chance: random.Random
    stored: deque[str] = field(default_factory=deque[str])
    results: Counter[str] = field(default_factory=Counter[str])

    async def client(self, until: float, pause: float) -> None:
        while (now := time.monotonic()) < until:
            try:
                async with asyncio.timeout(PATIENCE):
                    await self.act()
            except (ConnectionError, asyncio.IncompleteReadError):
                self.results["cut"] += 1
            await asyncio.sleep(max(0.0, now + self.chance.uniform(0.5, 1.5) * pause - time.monotonic()))

    async def act(self) -> None:
        """One request, or a few about one response."""
        if len(self.stored) > KEPT:
            await self.ask("DELETE", f"/v1/responses/{self.stored.popleft()}")
            return
        what = self.chance.random()
        if what < 0.05:  # noqa: PLR2004 - shares of the load
            await self.ask("POST", "/v1/responses", {"model": "native/gpt-5-mini", "input": 5})
        elif what < 0.1 and self.stored:  # noqa: PLR2004
            name = self.chance.choice(self.stored)
            await self.ask("GET", f"/v1/responses/{name}{self.chance.choice(('', '?stream=true', '/input_items'))}")
        else:
            await self.create()

    async def create(self) -> None:
        kind = self.chance.choice(sorted(PATHS))
        body: dict[str, Any] = {"model": f"{self.chance.choice(('native', 'chat'))}/gpt-5-mini"}
        body["stream"] = self.chance.random() < 0.5  # noqa: PLR2004 - a half
        if kind == "responses":
            body |= {"input": "How much is it? " * 8, "store": self.chance.random() < 0.7}  # noqa: PLR2004 - most
            if self.stored and self.chance.random() < 0.2:  # noqa: PLR2004 - some
                body["previous_response_id"] = self.stored[-1]
        else:
            body |= {"messages": [{"role": "user", "content": "How much is it? " * 8}], "max_tokens": 100}
        leaves = body["stream"] and self.chance.random() < 0.1  # noqa: PLR2004 - a few
        answer = await self.ask("POST", PATHS[kind], body, leaves=leaves, mark=MARKS[kind])
        if body.get("store") and (name := made(answer)):
            self.stored.append(name)

    async def ask(
        self, method: str, path: str, body: object = None, *, leaves: bool = False, mark: bytes = b""
    ) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            data = b"" if body is None else json.dumps(body).encode()
            head = f"{method} {path} HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer {KEY}\r\nConnection: close\r\n"
            writer.write(f"{head}Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)
            answer = await reader.readuntil(b"\r\n\r\n")
            status = answer.split(b" ", 2)[1].decode()
            if leaves and status == "200":
                await reader.read(1)
                self.results["left"] += 1
                return b""
            answer = await reader.read()
            good = status == "200" and (not mark or b"text/event-stream" not in answer or mark in answer)
            self.results[status if good or status != "200" else "ended by an error"] += 1
            return answer
        finally:
            writer.transport.abort()


def made(answer: bytes) -> str:
    """The id of a response that was completed and stored."""
    _, found, rest = answer.rpartition(b'"id":"resp_')
    name = rest.partition(b'"')[0].decode()
    return f"resp_{name}" if found and b'"status":"completed"' in answer else ""


@dataclass(frozen=True, slots=True)
class Sample:
    """What a process takes at a moment, in seconds from the start."""

    at: float
    mib: float
    descriptors: int
    threads: int
    database: float

    @classmethod
    def of(cls, server: Server, at: float, folder: Path) -> Sample:
        status = Path(f"/proc/{server.pid}/status").read_text()
        threads = int(status.partition("Threads:")[2].split()[0])
        database = sum(each.stat().st_size for each in folder.glob("antiphon.db*")) / 2**20
        return cls(at, server.resident_mib(), descriptors(server), threads, database)


LIMITS: Final = {"mib": 0.1, "descriptors": 0.1, "threads": 0.05, "database": 0.1}
"""By how much of its mean each may grow over the time that is measured, if it is also more than a few."""

FEW: Final = {"mib": 3.0, "descriptors": 8.0, "threads": 1.0, "database": 3.0}


def verdict(samples: list[Sample]) -> bool:
    """Prints how each grew, and whether all of it is noise."""
    measured = samples[int(len(samples) * WARM) :]
    hours = [sample.at / 3600 for sample in measured]
    steady = True
    print("\n| | mean | slope an hour | over the time measured | |\n|---|--:|--:|--:|---|")
    for name, limit in LIMITS.items():
        values = [float(getattr(sample, name)) for sample in measured]
        slope = linear_regression(hours, values).slope
        growth = slope * (hours[-1] - hours[0])
        grows = growth > max(limit * mean(values), FEW[name])
        steady = steady and not grows
        print(f"| {name} | {mean(values):.1f} | {slope:+.2f} | {growth:+.2f} | {'GROWS' if grows else 'steady'} |")
    return steady


async def run(folder: Path, arguments: argparse.Namespace) -> bool:
    chance = random.Random(arguments.seed)  # noqa: S311 - load, not secrets
    samples: list[Sample] = []
    async with providing(chance) as port:
        with gateway(folder, Server(0, port)) as server:
            load = Load(server.port, chance)
            began = time.monotonic()
            until = began + arguments.minutes * 60
            before = server.cpu_seconds()
            print("| minute | MiB | descriptors | threads | database, MiB | requests |\n|--:|--:|--:|--:|--:|--:|")
            async with asyncio.TaskGroup() as clients:
                for _ in range(arguments.clients):
                    clients.create_task(load.client(until, arguments.clients / arguments.rate))
                for number in range(SAMPLES + 1):
                    await asyncio.sleep(max(0.0, began + number * (until - began) / SAMPLES - time.monotonic()))
                    sample = Sample.of(server, time.monotonic() - began, folder)
                    samples.append(sample)
                    if number % (SAMPLES // 12) == 0:
                        said = f"{sample.mib:.1f} | {sample.descriptors} | {sample.threads} | {sample.database:.1f}"
                        print(f"| {sample.at / 60:.1f} | {said} | {load.results.total():,} |", flush=True)
            spent = (server.cpu_seconds() - before) / load.results.total() * 1e6
            print(f"\n{load.results.total():,} requests, {spent:.0f} µs of processor each: {dict(load.results)}")
            return verdict(samples)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long (default: 60)")
    parser.add_argument("--rate", type=float, default=60.0, help="requests a second (default: 60)")
    parser.add_argument("--clients", type=int, default=16, help="at once (default: 16)")
    parser.add_argument("--seed", type=int, default=1, help="of what they do (default: 1)")
    arguments = parser.parse_args()
    if not sys.platform.startswith("linux"):
        sys.exit("This reads memory and processor times from /proc, which only Linux has.")
    share_the_processors()
    print(f"Antiphon {__version__}, {time.strftime('%Y-%m-%d')}. {machine()}.\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        if not uvloop.run(run(Path(folder), arguments)):
            sys.exit("Something grows.")


if __name__ == "__main__":
    main()
