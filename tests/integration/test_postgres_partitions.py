"""The table of responses in partitions, as docs/scaling.md makes them: the product works on it unchanged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg
import pytest

from antiphon.protocols import StoredTurn
from antiphon.store.database import SqlDatabase
from antiphon.store.responses import SqlResponses
from antiphon.store.sweeper import Sweeper
from antiphon.wire.ids import RANDOM_BYTES, identifier
from benchmarks.scaling.page import ddl
from tests.contracts.responses_store import MINE, turn
from tests.postgres import Server

MONTHS = 4
PARTITIONS = "SELECT tableoid::regclass::text, id FROM responses ORDER BY id"


@pytest.fixture
def url(postgres_server: Server) -> Iterator[str]:
    """A database without tables."""
    with closing(psycopg.connect(postgres_server.url(), autocommit=True)) as connection:
        connection.execute("CREATE DATABASE partitioned")
        yield postgres_server.url("partitioned")
        connection.execute("DROP DATABASE partitioned WITH (FORCE)")


def born(moment: datetime, parent: StoredTurn | None = None) -> StoredTurn:
    """A turn whose id says when it was made."""
    name = identifier("resp", int(moment.timestamp() * 1000), bytes(RANDOM_BYTES))
    said = msgspec.structs.replace(turn("x", frames=None), id=name, parent_id=None if parent is None else parent.id)
    return msgspec.structs.replace(said, conversation_id=None)


@pytest.mark.parametrize("layout", ["By time", "By time and tenant"])
async def test_the_store_works_on_partitions_unchanged(url: str, layout: str) -> None:
    now = datetime.now(tz=UTC)
    chain = [born(now)]
    for month in range(1, MONTHS):
        chain.append(born(now.replace(day=1) + timedelta(days=31 * month), chain[-1]))
    async with SqlDatabase.open(url) as database:
        responses = SqlResponses(database, time.time)
        await responses.save(chain[0])
        assert await responses.lineage(MINE, chain[0].id)
        with closing(psycopg.connect(url, autocommit=True)) as connection:
            connection.execute(ddl(layout))
            connection.execute(
                "SELECT antiphon_partition((date_trunc('month', now()) + n * interval '1 month')::date)"
                " FROM generate_series(1, %s) AS n",
                [MONTHS],
            )
            for later in chain[1:]:
                await responses.save(later)
            places = connection.execute(PARTITIONS).fetchall()
            assert [place for _, place in places] == [each.id for each in chain]
            assert places[0][0] == "responses_before"
            assert len({table for table, _ in places}) == MONTHS
            found = await responses.lineage(MINE, chain[-1].id)
            assert found is not None
            assert [ancestor.id for ancestor in found] == [each.id for each in chain]
            assert await responses.get("another", chain[1].id) is None
            assert await responses.delete(MINE, chain[2].id)
            assert await responses.get(MINE, chain[2].id) is None
            await responses.save(msgspec.structs.replace(born(now + timedelta(hours=1)), expires_at=1))
            assert await Sweeper(database, time.time, 60).sweep() == 1
            assert looked_at(connection, chain[3].id) == {connection.execute(PARTITIONS).fetchall()[-1][0]}


def looked_at(connection: psycopg.Connection, response: str) -> set[str]:
    """The partitions that a look-up by a prepared statement reads."""
    connection.execute("SET plan_cache_mode = force_generic_plan")
    connection.execute("PREPARE look(text, text) AS SELECT body FROM responses WHERE id = $1 AND tenant = $2")
    plan = connection.execute(f"EXPLAIN (FORMAT JSON) EXECUTE look('{response}', '{MINE}')".encode()).fetchone()
    connection.execute("DEALLOCATE look")
    assert plan is not None
    return set(tables(plan[0][0]["Plan"]))


def tables(plan: dict[str, Any]) -> Iterator[str]:
    """Every table that a plan reads."""
    if "Relation Name" in plan:
        yield plan["Relation Name"]
    for each in plan.get("Plans", []):
        yield from tables(each)


async def test_a_process_keeps_no_more_connections_than_it_may(postgres_url: str) -> None:
    async with SqlDatabase.open(postgres_url, connections=4) as database:
        responses = SqlResponses(database, time.time)
        async with asyncio.TaskGroup() as group:
            for place in range(40):
                group.create_task(responses.save(turn(str(place))))
                group.create_task(responses.get(MINE, "resp_0"))
                group.create_task(responses.delete(MINE, "resp_nobody"))
        with closing(psycopg.connect(postgres_url)) as connection:
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            ).fetchone()
        assert row is not None
        assert row[0] <= 4
