"""Whether Antiphon grows: its memory with requests, its cost with what is stored, a turn's cost with its chain.

    python benchmarks/growth.py                                # 20,000 requests, 200,000 responses, 500 turns
    python benchmarks/growth.py --requests 200000

Three questions, three tables, in Markdown:

1. Resident memory of the server at ten moments of so many requests, half of them stored, streams among them.
2. Processor time and median time of a stored request, on an empty database and on one that holds so many responses.
3. What each turn of a chain stores, and how long it takes, with the context that it brings along.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Final

import uvloop
from processes import KEY, Server, gateway, load, machine, mock_provider, share_the_processors

from antiphon import __version__
from antiphon.protocols import StoredTurn
from antiphon.store.database import SqlDatabase
from antiphon.store.responses import SqlResponses
from antiphon.wire.ids import RANDOM_BYTES, identifier

QUESTION: Final = "How much is it? " * 8
PATH: Final = "/v1/responses"
ROUNDS: Final = 3
SAVERS: Final = 256
SIBLINGS: Final = 15
MOMENTS: Final = 10
STREAMS: Final = 64


def asked(**more: object) -> dict[str, object]:
    return {"model": "native/gpt-5-mini", "input": QUESTION, **more}


def sent(server: Server, body: object, **options: float) -> dict[str, float]:
    """A run of load. Exits when an answer was not a good one."""
    told = load(f"http://127.0.0.1:{server.port}{PATH}", body, **options)
    if told["errors"]:
        sys.exit(f"{told['errors']:.0f} bad answers.")
    return told


def show_memory(server: Server, requests: int) -> None:
    print(f"\n### Memory over {requests:,} requests\n\n| Requests | MiB |\n|--:|--:|", flush=True)
    print(f"| 0 | {server.resident_mib():.1f} |", flush=True)
    step = max(1, requests // MOMENTS)
    for moment in range(1, MOMENTS + 1):
        sent(server, asked(store=False), requests=step // 2, seconds=600)
        sent(server, asked(stream=True), requests=min(STREAMS, step // 4), seconds=600)
        sent(server, asked(), requests=step - step // 2 - min(STREAMS, step // 4), seconds=600)
        print(f"| {moment * step:,} | {server.resident_mib():.1f} |", flush=True)


def stored_cost(folder: Path, mock: Server, seconds: float) -> tuple[float, float]:
    """Microseconds of processor time, and milliseconds until the answer, of a stored request; the least of rounds."""
    costs: list[float] = []
    times: list[float] = []
    with gateway(folder, mock) as server:
        sent(server, asked(), seconds=1)
        for _ in range(ROUNDS):
            before = server.cpu_seconds()
            told = sent(server, asked(), seconds=seconds)
            costs.append((server.cpu_seconds() - before) / told["answers"] * 1e6)
            times.append(told["median_ms"])
    return min(costs), min(times)


def show_stored(folder: Path, mock: Server, rows: int, seconds: float) -> None:
    print(
        "\n### A stored request\n\n| Responses stored before | processor, µs | median, ms |\n|--:|--:|--:|", flush=True
    )
    empty = stored_cost(folder, mock, seconds)
    print(f"| 0 | {empty[0]:.0f} | {empty[1]:.1f} |", flush=True)
    uvloop.run(fill(f"sqlite:///{folder}/antiphon.db", rows))
    full = stored_cost(folder, mock, seconds)
    print(f"| {rows:,} | {full[0]:.0f} | {full[1]:.1f} |")
    print(f"| ratio | {full[0] / empty[0]:.2f} | {full[1] / empty[1]:.2f} |", flush=True)


async def fill(url: str, rows: int) -> None:
    """Saves `rows` responses of 2 KB, as turns are saved."""
    async with SqlDatabase.open(url, synchronous="normal") as database:
        kept = SqlResponses(database, time.time)
        left = rows

        async def saver() -> None:
            nonlocal left
            while left > 0:
                left -= 1
                await kept.save(stored_turn())

        async with asyncio.TaskGroup() as savers:
            for _ in range(SAVERS):
                savers.create_task(saver())


def stored_turn() -> StoredTurn:
    now = time.time()
    return StoredTurn(
        id=identifier("resp", int(now * 1000), os.urandom(RANDOM_BYTES)),
        tenant="master",
        parent_id=None,
        conversation_id=None,
        created_at=int(now),
        expires_at=int(now) + 86_400,
        status="completed",
        model="native/gpt-5-mini",
        provider="native",
        upstream_id="resp_0001",
        input=json.dumps([{"type": "message", "role": "user", "content": QUESTION}]).encode(),
        body=json.dumps({"object": "response", "text": os.urandom(900).hex()}).encode(),
    )


class Chain:
    """One client that goes on from its last answer."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port)

    def turn(self, parent: str | None) -> str:
        """The id of the next answer."""
        body = json.dumps(asked(previous_response_id=parent))
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        self._connection.request("POST", PATH, body, headers)
        answer = json.loads(self._connection.getresponse().read())
        if "id" not in answer:
            sys.exit(f"A turn failed: {answer}")
        return answer["id"]

    def timed(self, parent: str | None) -> float:
        """Milliseconds until the answer: the median of several that go on from the same one."""
        times: list[float] = []
        for _ in range(SIBLINGS):
            began = time.perf_counter()
            self.turn(parent)
            times.append((time.perf_counter() - began) * 1000)
        return median(times)


def show_chain(folder: Path, server: Server, turns: int) -> None:
    print(
        "\n### A chain\n\n| Turn | stored by it, bytes | context, bytes | median, ms |\n|--:|--:|--:|--:|", flush=True
    )
    chain = Chain(server.port)
    parent: str | None = None
    context = 0
    shown = {1, 10, 100, turns // 2, turns}
    for number in range(1, turns + 1):
        taken = chain.timed(parent) if number in shown else 0.0
        parent = chain.turn(parent)
        size = stored_bytes(folder / "antiphon.db", parent)
        context += size
        if number in shown:
            print(f"| {number} | {size:,} | {context:,} | {taken:.1f} |", flush=True)


def stored_bytes(path: Path, response_id: str) -> int:
    """Everything that the row of a response holds beside names and dates."""
    statement = "SELECT length(input) + length(body) + coalesce(length(events), 0) FROM responses WHERE id = ?"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute(statement, (response_id,)).fetchone()[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=20_000, help="for the memory (default: 20000)")
    parser.add_argument("--rows", type=int, default=200_000, help="responses stored before (default: 200000)")
    parser.add_argument("--turns", type=int, default=500, help="of the chain (default: 500)")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each of three rounds of requests (default: 4)")
    parser.add_argument("--folder", type=Path, default=None, help="where databases are made, and removed")
    arguments = parser.parse_args()
    if not sys.platform.startswith("linux"):
        sys.exit("This reads memory and processor times from /proc, which only Linux has.")
    share_the_processors()
    print(f"Antiphon {__version__}, {time.strftime('%Y-%m-%d')}. {machine()}.", flush=True)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name, mock_provider() as mock:
        folder = Path(name)
        with gateway(folder, mock) as server:
            show_memory(server, arguments.requests)
        (folder / "chain").mkdir()
        with gateway(folder / "chain", mock) as server:
            show_chain(folder / "chain", server, arguments.turns)
        (folder / "stored").mkdir()
        show_stored(folder / "stored", mock, arguments.rows, arguments.seconds)


if __name__ == "__main__":
    main()
