"""PostgreSQL, opened: who reads, who writes, and how long they live."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from antiphon.store.postgres.bus import PostgresBus
from antiphon.store.postgres.clerks import Clerk, Clerks
from antiphon.store.postgres.link import Link, Trouble, address_of
from antiphon.store.postgres.schema import prepare
from antiphon.store.postgres.serving import add, read, write
from antiphon.store.vault import Vault

_BESIDES: Final = 2
"""Connections that neither read nor change: one adds rows, one is the bus's."""


@asynccontextmanager
async def opened(
    url: str, *, synchronous: bool, wait_seconds: float, migrates: bool, connections: int, vault: Vault | None = None
) -> AsyncGenerator[tuple[Clerks, Clerks, PostgresBus]]:
    """Who writes, who reads, and the bus, on so many connections at most, opened as they are needed.

    On leaving, everything submitted is done. Raises ConfigError.
    """
    writing = (connections - _BESIDES) // 2
    reading = connections - _BESIDES - writing
    address = address_of(url, wait_seconds=wait_seconds, synchronous=synchronous)
    await asyncio.to_thread(prepare, address, migrates=migrates)
    trouble = Trouble()
    async with AsyncExitStack() as stack:
        adding = Clerk(add, Link(address, trouble, writes=True, vault=vault))
        writers = Clerks(
            [Clerk(write, Link(address, trouble, writes=True, vault=vault)) for _ in range(writing)], adding
        )
        stack.push_async_callback(writers.close)
        readers = Clerks([Clerk(read, Link(address, trouble, writes=False, vault=vault)) for _ in range(reading)])
        stack.push_async_callback(readers.close)
        bus = PostgresBus(address, trouble)
        stack.push_async_callback(bus.close)
        yield writers, readers, bus
