"""Counters in memory, in SQLite, PostgreSQL, Redis and Valkey: the contract, and Redis when it is of no use."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from antiphon.counters import Change, Counters, Want, Window, added, aged, fits, seconds_until_empty, seconds_until_room
from antiphon.counters import used as used_of
from antiphon.errors import StoreFailed
from antiphon.protocols import Clock
from antiphon.store.counters import SqlCounters
from antiphon.store.database import SqlDatabase
from antiphon.store.memory_counters import MemoryCounters
from antiphon.store.redis.counters import RedisCounters
from antiphon.store.sweeper import Sweeper
from tests.contracts.counters import MINUTE, PIECE, SLIDING, CountersContract, Make, PlacesContract, places
from tests.contracts.responses_store import HandClock
from tests.integration.harness import until
from tests.redis import Server, linked, running


@asynccontextmanager
async def in_memory(clock: Clock) -> AsyncGenerator[Counters]:
    yield MemoryCounters(clock)


@asynccontextmanager
async def in_database(url: str, clock: Clock) -> AsyncGenerator[Counters]:
    async with SqlDatabase.open(url, synchronous="normal") as database:
        yield SqlCounters(database, clock)


@asynccontextmanager
async def in_redis(url: str, clock: Clock, prefix: str = "antiphon") -> AsyncGenerator[Counters]:
    async with linked(url) as link:
        yield RedisCounters(link, prefix, clock)


class TestInMemory(CountersContract, PlacesContract):
    @pytest.fixture
    def make(self) -> Make:
        return in_memory


class TestInAFile(CountersContract, PlacesContract):
    @pytest.fixture
    def make(self, tmp_path: Path) -> Make:
        return lambda clock: in_database(f"sqlite:///{tmp_path}/counters.db", clock)


class TestInPostgres(CountersContract, PlacesContract):
    @pytest.fixture
    def make(self, postgres_url: str) -> Make:
        return lambda clock: in_database(postgres_url, clock)


class TestInRedis(CountersContract, PlacesContract):
    @pytest.fixture
    def make(self, redis_url: str) -> Make:
        return lambda clock: in_redis(redis_url, clock)


class TestInValkey(CountersContract, PlacesContract):
    @pytest.fixture
    def make(self, valkey_url: str) -> Make:
        return lambda clock: in_redis(valkey_url, clock)


# --- arithmetic -------------------------------------------------------------------------------------------------------

MOMENTS = st.lists(st.tuples(st.floats(0, 90), st.integers(1, 9)), max_size=30)


@pytest.mark.parametrize("sliding", [True, False])
@settings(max_examples=60)
@given(moments=MOMENTS, most=st.integers(9, 20))
def test_there_is_room_when_it_is_said_that_there_is(
    moments: list[tuple[float, int]], most: int, *, sliding: bool
) -> None:
    window = Window("w", MINUTE, sliding)
    now, count = PIECE * 60.0, None
    for pause, amount in moments:
        now += pause
        want = Want(window, amount, most)
        count = aged(count, window, now)
        wait = seconds_until_room(count, want, now)
        assert (wait == 0.0) == fits(count, want, now)
        if wait:
            late = now + wait + 0.001
            assert fits(aged(count, window, late), want, late)
            early = now + wait - 0.01
            assert not fits(aged(count, window, early), want, early)
        else:
            count = added(count, amount)
        assert used_of(count, window, now) <= most
        empty = now + seconds_until_empty(count, window, now) + 0.001
        assert used_of(aged(count, window, empty), window, empty) < 0.001


# --- the database -----------------------------------------------------------------------------------------------------


async def test_counts_that_are_over_are_swept_away(tmp_path: Path) -> None:
    clock = HandClock()
    async with SqlDatabase.open(f"sqlite:///{tmp_path}/counters.db") as database:
        counters = SqlCounters(database, clock)
        await counters.reserve([Want(SLIDING, 1, 10)], places(1, 1)[0])
        sweeper = Sweeper(database, clock, 60.0)
        assert await sweeper.sweep() == 0
        clock.now += 10 * MINUTE
        assert await sweeper.sweep() == 2
        assert (await counters.reserve([], places(1, 1)[0])).placed


# --- Redis ------------------------------------------------------------------------------------------------------------


async def test_scripts_that_redis_has_forgotten_are_told_again(redis_server: Server, redis_url: str) -> None:
    async with in_redis(redis_url, HandClock()) as counters:
        assert (await counters.reserve([Want(SLIDING, 1, 10)])).granted
        await redis_server.told("SCRIPT", "FLUSH")
        assert (await counters.reserve([Want(SLIDING, 1, 10)])).counts[0].running == 2


async def test_who_has_another_prefix_counts_alone(redis_url: str) -> None:
    clock = HandClock()
    async with in_redis(redis_url, clock) as one, in_redis(redis_url, clock, "other") as other:
        await one.reserve([Want(SLIDING, 1, 10)])
        assert (await other.read([SLIDING]))[0].running == 0


async def test_after_a_flush_counts_begin_at_nothing_and_held_places_are_told_again(
    redis_server: Server, redis_url: str
) -> None:
    async with in_redis(redis_url, HandClock()) as counters:
        one, other = places(1, 2)
        assert (await counters.reserve([Want(SLIDING, 10, 10)], one)).granted
        await redis_server.told("FLUSHALL")
        await counters.change([Change(SLIDING, -5, PIECE)])
        await counters.renew([one])
        told = await counters.reserve([Want(SLIDING, 1, 10)], other)
        assert (told.granted, told.placed, told.counts[0].running) == (False, False, 0)


async def test_who_asks_a_redis_that_is_gone_is_told_at_once_and_served_when_it_is_back() -> None:
    with running() as server:
        async with linked(server.url) as link:
            counters = RedisCounters(link, "antiphon", HandClock())
            await counters.reserve([Want(SLIDING, 1, 10)])
            server.stop()
            with pytest.raises(StoreFailed, match="cannot be reached"):
                await counters.reserve([Want(SLIDING, 1, 10)])
            with pytest.raises(StoreFailed, match="cannot be reached"):
                await link.ping()
            server.start()
            await until(lambda: link.wire is not None, "it is connected again")
            await link.ping()
            assert (await counters.reserve([Want(SLIDING, 1, 10)])).counts[0].running == 1


async def test_a_redis_that_is_slow_is_waited_for_once() -> None:
    with running() as server:
        async with linked(server.url, 0.05) as link:
            counters = RedisCounters(link, "antiphon", HandClock())
            await counters.reserve([Want(SLIDING, 1, 10)])
            server.freeze()
            for _ in range(3):
                with pytest.raises(StoreFailed, match="does not answer in time"):
                    await counters.reserve([Want(SLIDING, 1, 10)])
            server.thaw()
            await until(lambda: not link.is_slow, "it has answered")
            assert (await counters.reserve([Want(SLIDING, 1, 10)])).granted


async def test_who_opens_before_redis_is_there_is_connected_once_it_is() -> None:
    with running() as server:
        server.stop()
        async with linked(server.url) as link:
            with pytest.raises(StoreFailed):
                await link.ping()
            server.start()
            await until(lambda: link.wire is not None, "it is connected")
            await link.ping()
