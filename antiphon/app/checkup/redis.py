"""Redis: whether it can be used."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from antiphon.app.checkup.finding import Finding
from antiphon.config.redact import redacted_address
from antiphon.errors import ConfigError, StoreFailed
from antiphon.settings import Settings
from antiphon.store.location import redis_module

_ADVICE: Final = (
    "Look at `redis.url` and at the network between. Meanwhile processes hear late of each other, and"
    " `limits.when_unavailable` decides on requests."
)


async def redis_findings(settings: Settings) -> list[Finding]:
    """Nothing where none is configured."""
    url = settings.redis.url
    if url is None:
        return []
    try:
        address = redis_module("address").address_of(url)
        link = redis_module("link").Link(address, settings.redis.wait_seconds)
    except ConfigError:
        return []  # the configuration has a finding of its own
    tried = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        keeping = group.create_task(link.run(tried))
        await tried.wait()
        began = time.perf_counter()
        try:
            await link.ping()
        except StoreFailed as error:
            return [Finding("redis", "failed", link.trouble or error.message, _ADVICE)]
        finally:
            keeping.cancel()
            if link.wire is not None:
                await link.wire.close()
    milliseconds = (time.perf_counter() - began) * 1000
    return [Finding("redis", "ok", f"{redacted_address(url)}, answers in {milliseconds:.0f} ms")]
