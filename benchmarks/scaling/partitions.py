"""The table of responses in partitions by time, and by time and tenant: what the product's statements do with them.

    python benchmarks/scaling/partitions.py [--turns 4000]

The DDL is that of docs/scaling.md. The product runs on it unchanged.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import time
from typing import Final

import msgspec
import uvloop
from page import ddl
from psycopg import Connection
from servers import Postgres, cpu_seconds, postgres
from turns import stored, written

from antiphon.store.database import SqlDatabase
from antiphon.store.responses import SqlResponses

READS: Final = 1_500
MONTHS: Final = (1, 4, 13, 53)
BY_ID: Final = "SELECT id, status, input, body FROM responses WHERE id = $1 AND tenant = $2"
BY_CONVERSATION: Final = "SELECT id FROM responses WHERE conversation_id = $1 AND tenant = $2 AND parent_id >= 'resp_'"


def made(server: Postgres, name: str, titles: tuple[str, ...], months: int) -> str:
    """A database of the product's whose responses are in partitions, months of them before and after now."""
    url = server.fresh(name)

    async def make() -> None:
        async with SqlDatabase.open(url):
            pass

    uvloop.run(make())
    with server.connected(name) as connection:
        for title in titles:
            connection.execute(ddl(title))
        if titles:
            connection.execute(
                b"SELECT antiphon_partition((date_trunc('month', now()) + n * interval '1 month')::date)"
                b" FROM generate_series(1, %d) AS n" % (months - 1)
            )
    return url


def planned(connection: Connection, statement: str, first: str, tenant: str) -> dict[str, float]:
    """How PostgreSQL goes about a prepared statement, once it has a plan for every value."""
    connection.execute("SET plan_cache_mode = force_generic_plan")
    connection.execute(f"PREPARE look(text, text) AS {statement}".encode())
    asked = f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE look('{first}', '{tenant}')".encode()
    times = [(connection.execute(asked).fetchone() or ([{}],))[0][0] for _ in range(20)]
    text = msgspec.json.encode(times[-1]["Plan"]).decode()
    connection.execute("DEALLOCATE look")
    removed = re.search(r'"Subplans Removed":(\d+)', text)
    return {
        "partitions_looked_at": len(set(re.findall(r'"Relation Name":"([^"]+)"', text))),
        "partitions_passed_over": int(removed.group(1)) if removed else 0,
        "plan_us": min(each["Planning Time"] for each in times) * 1e3,
        "run_us": min(each["Execution Time"] for each in times) * 1e3,
    }


def one_plan(server: Postgres, name: str) -> str:
    """The database, in which prepared statements are planned once and not for each value; its address."""
    with server.connected() as connection:
        connection.execute(f"ALTER DATABASE {name} SET plan_cache_mode = force_generic_plan".encode())
    return server.url(name)


def read(server: Postgres, url: str, ids: list[tuple[str, str]]) -> float:
    """What the product's own reading of a chain costs the server."""
    some = (ids * (READS // len(ids) + 1))[:READS]

    async def chains() -> None:
        async with SqlDatabase.open(url) as database:
            responses = SqlResponses(database, time.time)
            left = iter(some)

            async def client() -> None:
                for each, tenant in left:
                    assert await responses.lineage(tenant, each)  # noqa: S101 - a figure of nothing is none

            async with asyncio.TaskGroup() as group:
                for _ in range(4):
                    group.create_task(client())

    cpu = cpu_seconds(server.processes)
    uvloop.run(chains())
    return (cpu_seconds(server.processes) - cpu) / READS * 1e6


def dropped(server: Postgres, name: str, turns: int) -> dict[str, float]:
    """What it takes to be rid of a partition, beside deleting what is in it row by row (`turns.py`)."""
    with server.connected(name) as connection:
        partition = (connection.execute("SELECT tableoid::regclass::text FROM responses LIMIT 1").fetchone() or ("",))[
            0
        ]
        wal, began = written(connection), time.perf_counter()
        connection.execute(f"ALTER TABLE responses DETACH PARTITION {partition}".encode())
        connection.execute(f"DROP TABLE {partition}".encode())
        return {
            "seconds": time.perf_counter() - began,
            "wal_bytes_a_turn": (written(connection) - wal) / turns,
            "turns": turns,
        }


def main() -> None:
    """Prints every figure as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=4_000)
    turns = parser.parse_args().turns
    told: dict[str, object] = {}
    with postgres() as server:
        layouts = [("one table", (), 0)]
        layouts += [(f"{months} months", ("By time",), months) for months in MONTHS]
        layouts += [("13 months, 4 parts each", ("By time and tenant",), 13)]
        for place, (title, titles, months) in enumerate(layouts):
            name = f"layout{place}"
            url = made(server, name, titles, months)
            cpu = cpu_seconds(server.processes)
            ids = uvloop.run(stored(url, turns, 16, expired=False))
            adding = (cpu_seconds(server.processes) - cpu) / turns * 1e6
            with server.connected(name) as connection:
                connection.execute("ANALYZE responses")
                by_id = planned(connection, BY_ID, *ids[0])
                by_conversation = planned(connection, BY_CONVERSATION, "conv" + ids[1][0][4:], ids[1][1])
            told[title] = {
                "add_cpu_us": adding,
                "chain_cpu_us": read(server, url, ids[-300:]),
                "chain_cpu_us, one plan for every value": read(server, one_plan(server, name), ids[-300:]),
                "by id": by_id,
                "by conversation": by_conversation,
            }
        told["dropping a month"] = dropped(server, "layout2", turns)
    print(msgspec.json.format(msgspec.json.encode(told)).decode())


if __name__ == "__main__":
    main()
