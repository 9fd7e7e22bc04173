"""What processes tell each other by, and where they count: Redis, the database, or nothing but this process."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from msgspec import Struct

from antiphon.bus import Bus
from antiphon.counters import Counters
from antiphon.errors import ConfigError
from antiphon.gateway.limits import Limiter
from antiphon.http.health import Check
from antiphon.settings import Settings
from antiphon.store.counters import SqlCounters
from antiphon.store.database import SqlDatabase
from antiphon.store.location import is_postgres, redis_module
from antiphon.store.memory_counters import MemoryCounters


class Shared(Struct, frozen=True):
    """What a process has in common with others. `checks` are of parts that can be done without."""

    bus: Bus | None
    counters: Counters
    checks: dict[str, Check]


@asynccontextmanager
async def sharing(settings: Settings, database: SqlDatabase, tasks: asyncio.TaskGroup) -> AsyncGenerator[Shared]:
    """`tasks` owns the one that keeps the connection. Raises ConfigError."""
    async with AsyncExitStack() as stack:
        wanted = settings.redis
        if wanted.url is None:
            yield Shared(database.bus, _without_redis(settings, database), {})
            return
        address = redis_module("address").address_of(wanted.url)
        link = await stack.enter_async_context(redis_module("link").Link.open(address, wanted.wait_seconds, tasks))
        bus: Bus = redis_module("bus").RedisBus(link, wanted.prefix)
        counters: Counters = redis_module("counters").RedisCounters(link, wanted.prefix, time.time)
        if settings.limits.counters not in ("auto", "redis"):
            counters = _without_redis(settings, database)
        yield Shared(bus, counters, {"redis": link.ping})


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
            raise ConfigError("`limits.counters` is redis, and `redis.url` says of none.")
        case "database":
            shared = True
        case "memory":
            shared = False
        case "auto":
            shared = is_postgres(url) or settings.server.workers > 1
    return SqlCounters(database, time.time) if shared else MemoryCounters(time.time)
