"""PostgreSQL, opened: who reads, who writes, and how long they live."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from antiphon.store.postgres.bus import PostgresBus
from antiphon.store.postgres.lanes import Lane, Lanes
from antiphon.store.postgres.link import Link, Trouble, address_of
from antiphon.store.postgres.schema import prepare
from antiphon.store.postgres.serving import add, read, write
from antiphon.store.vault import Vault

READING: Final = 4
WRITING: Final = 4
"""Connections, opened as they are needed; one more adds rows."""


@asynccontextmanager
async def opened(
    url: str, *, synchronous: bool, wait_seconds: float, vault: Vault | None = None
) -> AsyncGenerator[tuple[Lanes, Lanes, PostgresBus]]:
    """Who writes, who reads, and the bus. On leaving, everything submitted is done. Raises ConfigError."""
    address = address_of(url, wait_seconds=wait_seconds, synchronous=synchronous)
    await asyncio.to_thread(prepare, address)
    trouble = Trouble()
    async with AsyncExitStack() as stack:
        adding = Lane(add, Link(address, trouble, writes=True, vault=vault))
        writers = Lanes([Lane(write, Link(address, trouble, writes=True, vault=vault)) for _ in range(WRITING)], adding)
        stack.push_async_callback(writers.close)
        readers = Lanes([Lane(read, Link(address, trouble, writes=False, vault=vault)) for _ in range(READING)])
        stack.push_async_callback(readers.close)
        bus = PostgresBus(address, trouble)
        stack.push_async_callback(bus.close)
        yield writers, readers, bus
