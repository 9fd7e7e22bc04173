"""What processes tell each other by, and where they count: Redis, the database, or nothing but this process."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from msgspec import Struct

from antiphon.bus import Bus
from antiphon.counters import Counters, is_first
from antiphon.errors import ConfigError
from antiphon.gateway.limits import Limiter
from antiphon.http.health import Check
from antiphon.settings import Settings
from antiphon.store.database import SqlDatabase
from antiphon.store.location import is_postgres, redis_module
from antiphon.store.memory_counters import MemoryCounters


class Shared(Struct, frozen=True):
    """What a process has in common with others. `checks` are of parts that can be done without.

    `is_spread` says that there may be any number of others.
    """

    bus: Bus | None
    counters: Counters
    checks: dict[str, Check]
    is_spread: bool

    def turn(self, name: str, seconds: int) -> Callable[[], Awaitable[bool]] | None:
        """Asks whether nobody has come before in this piece of time. None where there are few others, or nobody."""
        return partial(is_first, self.counters, name, seconds) if self.is_spread else None


@asynccontextmanager
async def sharing(settings: Settings, database: SqlDatabase, tasks: asyncio.TaskGroup) -> AsyncGenerator[Shared]:
    """`tasks` owns what goes on beside. Raises ConfigError."""
    wanted = settings.redis
    async with AsyncExitStack() as stack:
        bus, checks = database.bus, dict[str, Check]()
        counting: Counters | None = None
        if wanted.url is not None:
            address = redis_module("address").address_of(wanted.url)
            link = await stack.enter_async_context(redis_module("link").Link.open(address, wanted.wait_seconds, tasks))
            bus, checks = redis_module("bus").RedisBus(link, wanted.prefix), {"redis": link.ping}
            if settings.limits.counters in ("auto", "redis"):
                counting = redis_module("counters").RedisCounters(link, wanted.prefix, time.time)
        counters = counting or _without_redis(settings, database)
        yield Shared(bus, counters, checks, is_postgres(settings.database.url or ""))


def limiter_of(settings: Settings, counters: Counters) -> Limiter | None:
    """None where no key is limited."""
    limits = {key.name: key.limits for key in settings.keys if key.limits is not None}
    if not limits:
        return None
    refuses = settings.limits.when_unavailable == "refuse"
    return Limiter(counters, limits, lambda: os.urandom(12).hex(), refuses=refuses)


def _without_redis(settings: Settings, database: SqlDatabase) -> Counters:
    """Raises ConfigError where Redis is asked for."""
    url = settings.database.url or ""
    match settings.limits.counters:
        case "redis":
            raise ConfigError("`limits.counters` is `redis`, and there is no `redis.url`.")
        case "memory":
            return MemoryCounters(time.time)
        case "auto" if not is_postgres(url) and settings.server.workers == 1:
            return MemoryCounters(time.time)
        case _:
            from antiphon.store.counters import SqlCounters  # noqa: PLC0415 - statements, for who shares a database

            return SqlCounters(database, time.time)
