"""The bus by PUBLISH and SUBSCRIBE, on Redis and on Valkey, and what becomes of it when they are gone."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from antiphon.bus import Bus, Word
from antiphon.store.redis.bus import MOST_WAITING, RedisBus
from tests.contracts.bus import BusContract, Make, ears
from tests.integration.harness import until
from tests.redis import Server, linked, running


@asynccontextmanager
async def bus_at(url: str, prefix: str = "antiphon") -> AsyncGenerator[Bus]:
    async with linked(url) as link:
        yield RedisBus(link, prefix)


class TestByRedis(BusContract):
    @pytest.fixture
    def make(self, redis_url: str) -> Make:
        return lambda: bus_at(redis_url)


class TestByValkey(BusContract):
    @pytest.fixture
    def make(self, valkey_url: str) -> Make:
        return lambda: bus_at(valkey_url)


async def test_who_has_another_prefix_is_not_heard(redis_url: str) -> None:
    async with ears(lambda: bus_at(redis_url), 2) as (one, two), ears(lambda: bus_at(redis_url, "b"), 1) as (other,):
        other.bus.say(Word("more", "resp_1"))
        other.bus.say(Word("told"), one.bus.name)
        two.bus.say(Word("job"))
        await until(lambda: one.heard, "a word has come")
        assert one.heard == [Word("job")]


async def test_who_was_cut_off_hears_again_and_knows_that_it_missed_something(
    redis_server: Server, redis_url: str
) -> None:
    async with ears(lambda: bus_at(redis_url), 2) as (one, two):
        await redis_server.told("CLIENT", "KILL", "TYPE", "pubsub")
        await until(lambda: (one.missed, two.missed) == (2, 2), "both listen again")
        one.bus.say(Word("job"))
        await until(lambda: two.heard, "a word comes")
        assert two.heard == [Word("job")]


async def test_a_flush_takes_nothing_from_who_listens(redis_server: Server, redis_url: str) -> None:
    async with ears(lambda: bus_at(redis_url), 2) as (one, two):
        await redis_server.told("FLUSHALL")
        one.bus.say(Word("job"))
        await until(lambda: two.heard, "a word comes")
        assert (one.missed, two.missed) == (1, 1)


async def test_what_is_said_while_it_is_away_is_said_once_it_is_back() -> None:
    with running() as server:
        async with ears(lambda: bus_at(server.url), 2) as (one, two):
            server.stop()
            for number in range(MOST_WAITING + 10):
                one.bus.say(Word("more", f"resp_{number}"))
            server.start()
            await until(lambda: (one.missed, two.missed) == (2, 2), "both listen again")
            one.bus.say(Word("job"))
            await until(lambda: Word("job") in two.heard, "a word comes")
