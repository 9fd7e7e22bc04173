"""What keeping and finding a response costs: processor time of the whole process, user and system, per call.

    python benchmarks/store_cost.py                   # in a fresh file in the system's temporary folder
    python benchmarks/store_cost.py --folder DIR --rows 200000 --processes 2

Processor time barely moves when the machine is busy with something else; the least of several rounds moves least.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import Final

import uvloop

from antiphon.protocols import StoredTurn
from antiphon.store.database import SqlDatabase
from antiphon.store.responses import SqlResponses
from antiphon.wire.ids import RANDOM_BYTES, identifier

BODY: Final = json.dumps({"object": "response", "text": os.urandom(960).hex()}).encode()
INPUT: Final = json.dumps([{"type": "message", "role": "user", "content": "How much is it? " * 8}]).encode()
CALLS: Final = 4_000
ROUNDS: Final = 5
CONCURRENCY: Final = 16
LINKS: Final = 500
TENANT: Final = "tenant"


def delta(number: int) -> bytes:
    """A text event as it is streamed, with what is random in it."""
    event: dict[str, object] = {
        "type": "response.output_text.delta",
        "sequence_number": number,
        "item_id": "msg_0123456789abcdef",
        "output_index": 0,
        "content_index": 0,
        "delta": "word ",
        "logprobs": [],
        "obfuscation": os.urandom(6).hex(),
    }
    return b"event: response.output_text.delta\ndata: " + json.dumps(event).encode() + b"\n\n"


FRAMES: Final = tuple(delta(number) for number in range(53)) + tuple(
    b"event: response.completed\ndata: " + BODY + b"\n\n" for _ in range(5)
)


def turn(*, parent_id: str | None = None, frames: tuple[bytes, ...] | None = None) -> StoredTurn:
    now = time.time()
    return StoredTurn(
        id=identifier("resp", int(now * 1000), os.urandom(RANDOM_BYTES)),
        tenant=TENANT,
        parent_id=parent_id,
        conversation_id=None,
        created_at=int(now),
        expires_at=int(now) + 30 * 86_400,
        status="completed",
        model="gpt-5-mini",
        provider="openai",
        upstream_id="resp_0123456789abcdef0123456789abcdef0123456789abcdef",
        input=INPUT,
        body=BODY,
        frames=frames,
    )


async def spread(call: Callable[[], Awaitable[object]], calls: int, concurrency: int) -> None:
    """`calls` calls by `concurrency` callers that each wait for their answer."""
    left = calls

    async def caller() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await call()

    async with asyncio.TaskGroup() as callers:
        for _ in range(concurrency):
            callers.create_task(caller())


async def measure(
    name: str, call: Callable[[], Awaitable[object]], calls: int = CALLS, concurrency: int = CONCURRENCY
) -> None:
    costs: list[float] = []
    waits: list[float] = []
    for _ in range(ROUNDS):
        cpu, wall = time.process_time(), time.perf_counter()
        await spread(call, calls, concurrency)
        costs.append((time.process_time() - cpu) / calls * 1e6)
        waits.append((time.perf_counter() - wall) / calls * 1e6)
    print(f"{name:<46} {min(costs):8.1f} {median(costs):8.1f} {min(waits):8.1f}", flush=True)


async def measure_all(path: Path, rows: int) -> None:
    async with SqlDatabase.open(f"sqlite:///{path}") as database:
        kept = SqlResponses(database, time.time)
        print(f"{'µs a call':<46} {'least':>8} {'median':>8} {'elapsed':>8}")
        await measure("save 2 KB, 16 at once, new file", lambda: kept.save(turn()))
        await measure("save 2 KB, 1 at once", lambda: kept.save(turn()), 500, 1)
        await measure(f"save a stream of {sum(map(len, FRAMES))} bytes", lambda: kept.save(turn(frames=FRAMES)), 1_000)
        await spread(lambda: kept.save(turn()), rows, 256)
        await measure(f"save 2 KB, 16 at once, {rows} rows", lambda: kept.save(turn()))
        sample = turn(frames=FRAMES)
        await kept.save(sample)
        await measure_reads(path, kept, sample.id)
        await measure_chains(kept)
        doomed = [turn() for _ in range(CALLS * ROUNDS)]
        for one in doomed:
            await kept.save(one)
        await measure("delete, 16 at once", lambda: kept.delete(TENANT, doomed.pop().id))


async def measure_reads(path: Path, kept: SqlResponses, response_id: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)

    def look() -> object:
        statement = "SELECT id, input, body FROM responses WHERE id = ? AND tenant = ?"
        return connection.execute(statement, (response_id, TENANT)).fetchone()

    async def inline() -> object:
        return look()

    await measure("get, 16 at once", lambda: kept.get(TENANT, response_id))
    await measure("get, 1 at once", lambda: kept.get(TENANT, response_id), concurrency=1)
    await measure("the driver alone, on the event loop", inline)
    await measure("the driver in asyncio.to_thread, 16 at once", lambda: asyncio.to_thread(look))
    await measure("the driver in asyncio.to_thread, 1 at once", lambda: asyncio.to_thread(look), concurrency=1)
    await measure("frames of a stream", lambda: kept.frames(TENANT, response_id), 1_000)
    connection.close()


async def measure_chains(kept: SqlResponses) -> None:
    parent_id: str | None = None
    for length in range(1, LINKS + 1):
        link = turn(parent_id=parent_id)
        await kept.save(link)
        parent_id = link.id
        if length in {1, 10, 100, LINKS}:
            await measure(f"lineage of {length}", lambda last=link.id: kept.lineage(TENANT, last), 20, 1)


async def save_only(url: str) -> None:
    async with SqlDatabase.open(url) as database:
        kept = SqlResponses(database, time.time)
        slowest = 0.0

        async def timed() -> None:
            nonlocal slowest
            before = time.perf_counter()
            await kept.save(turn())
            slowest = max(slowest, time.perf_counter() - before)

        cpu, wall = time.process_time(), time.perf_counter()
        await spread(timed, CALLS * ROUNDS, CONCURRENCY)
        cost = (time.process_time() - cpu) / CALLS / ROUNDS * 1e6
        rate = CALLS * ROUNDS / (time.perf_counter() - wall)
        print(f"  {cost:.1f} µs a save, {rate:.0f} saves a second, slowest {slowest * 1e3:.0f} ms", flush=True)


def save_together(url: str, processes: int) -> None:
    print(f"{processes} processes that save to one file, 16 at once each:", flush=True)
    running = [subprocess.Popen([sys.executable, __file__, "--save-only", url]) for _ in range(processes)]
    for process in running:
        process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--save-only", metavar="URL", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.save_only:
        uvloop.run(save_only(options.save_only))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "cost.db"
        uvloop.run(measure_all(path, options.rows))
        print(f"{path.stat().st_size >> 20} MB", flush=True)
        for processes in range(1, options.processes + 1):
            save_together(f"sqlite:///{folder}/together-{processes}.db", processes)


if __name__ == "__main__":
    main()
