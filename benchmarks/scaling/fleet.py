"""What 1,000 replicas' statements are to one PostgreSQL, played by pgbench over fewer and more connections.

    python benchmarks/scaling/fleet.py [--seconds 8]

Each transaction is what a replica's own statements do to the same tables: a finished turn added (4.4 KB), the chain
read that it goes on from, and now and then a response looked up. A replica of a thousand has so little to do that its
turns come one to a commit, so that is how they are played; `turns.py` tells what sharing a commit saves.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from contextlib import ExitStack
from tempfile import NamedTemporaryFile
from typing import Final

import msgspec
import uvloop
from psycopg import Connection, connect, sql
from servers import Postgres, cpu_seconds, postgres, private_bytes
from turns import text, written

from antiphon.store.database import SqlDatabase

KNOWN: Final = 4_000
DEPTH: Final = 4
BODY_BYTES: Final = 3_100
INPUT_BYTES: Final = 1_250
NEW_ID: Final = (
    "'resp_' || lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0')"
    " || encode(sha256(random()::text::bytea), 'hex')"
)
COLUMNS: Final = (
    "id, tenant, parent_id, conversation_id, created_at, expires_at, status, model, provider, upstream_id, input, body"
)
ADD: Final = f"""
INSERT INTO responses ({COLUMNS}) VALUES ({NEW_ID}, 'tenant-' || :tenant, NULL, NULL, 1763000000, 1765000000,
'completed', 'openai/gpt-5-mini', 'openai', 'resp_68a1b2c3d4e5f60718293a4b5c6d7e8f', '\\x{{input}}', '\\x{{body}}');
"""  # noqa: S608 - every part of it is above
CHAIN: Final = """
WITH RECURSIVE chain(depth, id, parent_id) AS (
  SELECT 0, id, parent_id FROM responses WHERE id = 'resp_0' || :known AND tenant = 'tenant-1'
    AND (expires_at IS NULL OR expires_at > 1763000001)
  UNION ALL
  SELECT chain.depth + 1, parent.id, parent.parent_id FROM chain, responses AS parent
  WHERE parent.id = chain.parent_id AND parent.tenant = 'tenant-1'
    AND (parent.expires_at IS NULL OR parent.expires_at > 1763000001)
) SELECT chain.depth, link.id, link.input, link.body FROM chain JOIN responses AS link ON link.id = chain.id;
"""
GET: Final = "SELECT id, status, input, body FROM responses WHERE id = 'resp_0' || :known AND tenant = 'tenant-1';\n"
CHAINED: Final = 60
"""Of a hundred turns: how many go on from another; a tenth is looked up again."""


def script(seed: int) -> str:
    """One transaction of pgbench, with contents of its own."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    random.seed(seed)
    body, asked = text(600).encode()[:BODY_BYTES], text(300).encode()[:INPUT_BYTES]
    chain = CHAIN if chance.random() * 100 < CHAINED else ""
    look = GET if chance.random() < 0.1 else ""  # noqa: PLR2004 - as above
    settings = f"\\set known random(1, {KNOWN})\n\\set tenant random(1, 1000)\n"
    return settings + chain + ADD.format(input=asked.hex(), body=body.hex()) + look


def prepared(server: Postgres) -> None:
    """The product's own tables, with chains to be read."""
    url = server.fresh("fleet")

    async def make() -> None:
        async with SqlDatabase.open(url):
            pass

    uvloop.run(make())
    with server.connected("fleet") as connection:
        rows = sql.SQL(
            "INSERT INTO responses"
            " (id, tenant, parent_id, created_at, expires_at, status, model, provider, input, body)"
            " SELECT 'resp_0' || n, 'tenant-1', CASE WHEN n % {depth} > 0 THEN 'resp_0' || (n - 1) END, 1763000000,"
            " 1999999999, 'completed', 'm', 'p', convert_to(repeat({text}, 2), 'UTF8'),"
            " convert_to(repeat({text}, 4), 'UTF8') FROM generate_series(1, {known}) AS n"
        )
        connection.execute(rows.format(depth=DEPTH, text=text(90), known=KNOWN))
        connection.execute("VACUUM ANALYZE responses")


def played(server: Postgres, connections: int, seconds: int) -> dict[str, float]:
    """What so many connections get done, and what it costs the server."""
    with ExitStack() as stack:
        files = [stack.enter_context(NamedTemporaryFile("w", suffix=".sql")) for _ in range(8)]
        for seed, file in enumerate(files):
            file.write(script(seed))
            file.flush()
            os.chmod(file.name, 0o644)  # noqa: PTH101 - pgbench may run as somebody else
        with server.connected("fleet") as connection:
            connection.execute("CHECKPOINT")
            wal, cpu, began = written(connection), cpu_seconds(server.processes), time.perf_counter()
            said = server.run(
                "pgbench", "--no-vacuum", f"--client={connections}", "--jobs=1", f"--time={seconds}", "-M", "prepared",
                *(f"--file={file.name}" for file in files), f"--host={server.folder}", "--username=postgres", "fleet",
                seconds=seconds + 60,
            )  # fmt: skip
            spent, took = cpu_seconds(server.processes) - cpu, time.perf_counter() - began
            done = int(said.split("number of transactions actually processed: ")[1].split()[0].split("/")[0])
            return {
                "turns_a_second_here": done / took,
                "cpu_us_a_turn": spent / done * 1e6,
                "server_cores_busy": spent / took,
                "wal_bytes_a_turn": (written(connection) - wal) / done,
                "latency_ms": float(said.split("latency average = ")[1].split()[0]),
            }


def idle_connections(server: Postgres, most: int) -> dict[str, float]:
    """What connections cost that have done a little and wait."""
    opened: list[Connection] = []
    try:
        for _ in range(most):
            connection = connect(server.url("fleet"), autocommit=True)
            connection.execute("SELECT id FROM responses WHERE id = 'resp_01'", prepare=True)
            opened.append(connection)
        backends = server.processes[-most:]
        told = [private_bytes(backend) for backend in backends]
        return {"connections": most, "private_mb_each": sum(told) / len(told) / 1e6}
    finally:
        for connection in opened:
            connection.close()


def main() -> None:
    """Prints every figure as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--idle", type=int, default=1000)
    given = parser.parse_args()
    told: dict[str, object] = {}
    with postgres() as server:
        prepared(server)
        for connections in (1, 8, 32, 128):
            told[f"{connections} connections"] = played(server, connections, given.seconds)
        told["idle"] = idle_connections(server, given.idle)
    with postgres(synchronous_commit="off") as server:
        prepared(server)
        told["32 connections, nobody waits for the disk"] = played(server, 32, given.seconds)
    print(msgspec.json.format(msgspec.json.encode(told)).decode())


if __name__ == "__main__":
    main()
