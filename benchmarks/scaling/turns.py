"""What a stored turn costs PostgreSQL: bytes, WAL, processor time, its deletion, and what an idle replica asks.

    python benchmarks/scaling/turns.py [--turns 20000]

Everything goes the product's own way (`SqlDatabase`, `SqlResponses`, `Sweeper`, a whole idle gateway).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec
import uvloop
from psycopg import Connection
from servers import Postgres, cpu_seconds, postgres

from antiphon.app import wired
from antiphon.protocols import StoredTurn
from antiphon.settings import DatabaseSettings, Settings
from antiphon.store.database import SqlDatabase
from antiphon.store.responses import SqlResponses
from antiphon.store.sweeper import Sweeper
from antiphon.wire.ids import RANDOM_BYTES, identifier

DAY: Final = 86_400
WORDS: Final = Path(__file__).read_text("utf-8").split()
IDLE_SECONDS: Final = 30.0


def text(words: int) -> str:
    """Text that compresses as text does."""
    return " ".join(random.choices(WORDS, k=words))  # noqa: S311 - nothing secret


def turn(number: int, parent: StoredTurn | None, *, expires_at: int | None, streamed: bool) -> StoredTurn:
    """A turn of a conversation: 150 words asked, 250 answered, half of them streamed in 250 events."""
    answer = text(250)
    now = int(time.time())
    made = identifier("resp", time.time_ns() // 1_000_000, os.urandom(RANDOM_BYTES))
    body: Mapping[str, object] = {
        "id": made,
        "object": "response",
        "created_at": now,
        "status": "completed",
        "model": "openai/gpt-5-mini",
        "output": [{"type": "message", "id": "msg_1", "content": [{"type": "output_text", "text": answer}]}],
        "usage": {"input_tokens": 900, "output_tokens": 330, "total_tokens": 1230},
        "tools": [],
        "metadata": {},
        "temperature": 1.0,
        "instructions": text(60),
    }
    frames = [
        b"event: response.output_text.delta\ndata: "
        + json.dumps(
            {"type": "response.output_text.delta", "sequence_number": n, "item_id": "msg_1", "delta": word}
        ).encode()
        + b"\n\n"
        for n, word in enumerate(answer.split())
    ]
    return StoredTurn(
        id=made,
        tenant=f"tenant-{number % 100}" if parent is None else parent.tenant,
        parent_id=None if parent is None else parent.id,
        conversation_id=None if parent is None else "conv" + parent.id[4:],
        created_at=now,
        expires_at=expires_at,
        status="completed",
        model="openai/gpt-5-mini",
        provider="openai",
        upstream_id="resp_" + os.urandom(24).hex(),
        input=json.dumps([{"type": "message", "role": "user", "content": text(150)}]).encode(),
        body=json.dumps(body).encode(),
        frames=[*frames, b"event: response.completed\ndata: " + json.dumps(body).encode() + b"\n\n"]
        if streamed
        else None,
    )


def sizes(connection: Connection) -> dict[str, int]:
    """Bytes of the table of responses, by where they are."""
    asked = """
        SELECT pg_relation_size('responses'), pg_total_relation_size(reltoastrelid), pg_indexes_size('responses')
        FROM pg_class WHERE relname = 'responses'
    """
    row = connection.execute(asked).fetchone()
    return dict(zip(("table", "toast", "indexes"), row or (), strict=True))


def written(connection: Connection) -> int:
    """Bytes of WAL until now."""
    row = connection.execute("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn").fetchone()
    return int(row[0]) if row else 0


async def stored(url: str, turns: int, at_once: int, *, expired: bool) -> list[tuple[str, str]]:
    """Stores so many turns, so many at once; half of them go on from an earlier one. Their ids and tenants."""
    expires_at = int(time.time()) - 1 if expired else int(time.time()) + 30 * DAY
    ready: list[StoredTurn] = []
    for number in range(turns):
        parent = ready[-at_once] if number % 2 and number > at_once else None
        ready.append(turn(number, parent, expires_at=expires_at, streamed=number % 2 == 0))
    async with SqlDatabase.open(url) as database:
        responses = SqlResponses(database, time.time)
        left = iter(ready)

        async def client() -> None:
            for each in left:
                await responses.save(each)

        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(client())
    return [(each.id, each.tenant) for each in ready]


def storing(server: Postgres, turns: int, at_once: int) -> dict[str, float]:
    """What storing cost the server, for each turn."""
    url = server.fresh(f"turns{at_once}")
    asyncio.run(stored(url, 64, 16, expired=False))
    with server.connected(f"turns{at_once}") as connection:
        connection.execute("CHECKPOINT")
        before, wal, cpu = sizes(connection), written(connection), cpu_seconds(server.processes)
        commits = connection.execute("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
        first = (commits.fetchone() or (0,))[0]
        began = time.perf_counter()
        uvloop.run(stored(url, turns, at_once, expired=False))
        seconds = time.perf_counter() - began
        spent = cpu_seconds(server.processes) - cpu
        time.sleep(1.5)
        commits = connection.execute("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
        told = {
            "turns_a_commit": turns / max(1, (commits.fetchone() or (0,))[0] - first),
            "cpu_us": spent / turns * 1e6,
            "wal_bytes": (written(connection) - wal) / turns,
            "turns_a_second_here": turns / seconds,
        }
        after = sizes(connection)
    return told | {f"{name}_bytes": (after[name] - before[name]) / turns for name in after}


def sweeping(server: Postgres, turns: int) -> dict[str, float]:
    """What removing turns that have expired cost the server, and the vacuum after it, for each turn."""
    url = server.fresh("swept")
    uvloop.run(stored(url, turns, 64, expired=True))

    async def sweep() -> int:
        async with SqlDatabase.open(url) as database:
            return await Sweeper(database, time.time, 60).sweep()

    with server.connected("swept") as connection:
        connection.execute("CHECKPOINT")
        wal, cpu = written(connection), cpu_seconds(server.processes)
        began = time.perf_counter()
        removed = uvloop.run(sweep())
        seconds, spent = time.perf_counter() - began, cpu_seconds(server.processes) - cpu
        swept = written(connection) - wal
        cpu = cpu_seconds(server.processes)
        connection.execute("VACUUM responses")
        return {
            "delete_cpu_us": spent / removed * 1e6,
            "delete_wal_bytes": swept / removed,
            "deleted_a_second_here": removed / seconds,
            "vacuum_cpu_us": (cpu_seconds(server.processes) - cpu) / removed * 1e6,
            "vacuum_wal_bytes": (written(connection) - wal - swept) / removed,
        }


def idling(server: Postgres) -> dict[str, float]:
    """What a replica asks that nobody asks anything: transactions a second, and its connections."""
    url = server.fresh("idle")

    async def idle() -> dict[str, float]:
        async with wired(Settings(database=DatabaseSettings(url=url)), lambda _: None):
            await asyncio.sleep(3)
            with server.connected() as connection:
                asked = "SELECT xact_commit, numbackends FROM pg_stat_database WHERE datname = 'idle'"
                first = (connection.execute(asked).fetchone() or (0, 0))[0]
                cpu = cpu_seconds(server.processes)
                await asyncio.sleep(IDLE_SECONDS)
                last, connections = connection.execute(asked).fetchone() or (0, 0)
                return {
                    "transactions_a_second": (last - first) / IDLE_SECONDS,
                    "connections": connections,
                    "server_cpu_us_a_second": (cpu_seconds(server.processes) - cpu) / IDLE_SECONDS * 1e6,
                }

    return uvloop.run(idle())


def in_sqlite(turns: int) -> dict[str, float]:
    """Bytes of the same turns in a file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.db"
        uvloop.run(stored(f"sqlite:///{path}", turns, 64, expired=False))
        return {"bytes": path.stat().st_size / turns}


def main() -> None:
    """Prints every figure as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=20_000)
    turns = parser.parse_args().turns
    each = turn(0, None, expires_at=None, streamed=True)
    told: dict[str, object] = {
        "turn": {"input": len(each.input), "body": len(each.body), "frames": sum(map(len, each.frames or ()))},
        "sqlite": in_sqlite(turns),
    }
    with postgres() as server:
        for at_once in (1, 8, 64):
            told[f"storing, {at_once} at once"] = storing(server, turns // 10 if at_once == 1 else turns, at_once)
        told["sweeping"] = sweeping(server, turns)
        told["an idle replica"] = idling(server)
    print(msgspec.json.format(msgspec.json.encode(told)).decode())


if __name__ == "__main__":
    main()
