"""What `/health/ready` looks at."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import Final

from antiphon.app.parts import Parts
from antiphon.app.process import Process
from antiphon.bus import Troubled
from antiphon.http.health import Check, HealthEndpoints
from antiphon.providers.demo import NAME as DEMO
from antiphon.settings import Settings
from antiphon.store.location import is_postgres, sqlite_location
from antiphon.version import __version__

LEAST_BYTES: Final = 64 * 1024 * 1024
"""What has to be free where SQLite writes: its log alone may grow to as much before it is emptied."""


def health_of(parts: Parts) -> HealthEndpoints:
    """The endpoints."""
    return HealthEndpoints(__version__, needed(parts.process, parts.settings), wanted(parts))


def needed(process: Process, settings: Settings) -> Mapping[str, Check]:
    """Parts without which no request should come here."""
    draining = process.draining

    async def accepting() -> str | None:
        return "The process is stopping; running answers may end." if draining.begun else None

    async def database() -> str | None:
        await process.database.ping()
        return None

    async def disk() -> str | None:
        return await asyncio.to_thread(full, settings.database.url or "sqlite://")

    return {"accepting": accepting, "database": database, "schema": process.database.fits, "disk": disk}


def wanted(parts: Parts) -> Mapping[str, Check]:
    """Parts whose failure makes the process slower, or of little use, and other processes are no better off."""

    async def bus() -> str | None:
        bus = parts.process.shared.bus
        return bus.trouble if isinstance(bus, Troubled) else None

    async def providers() -> str | None:
        named = set(parts.discovery.providers) - {DEMO}
        return None if named else "No provider is configured: only the demo answers."

    return {"bus": bus, "providers": providers, **parts.process.shared.checks}


def full(url: str) -> str | None:
    """What is wrong with the room that the database has left, if that can be told from here."""
    path = None if is_postgres(url) else sqlite_location(url).path
    if path is None:
        return None
    found = os.statvfs(path.parent)
    free = found.f_bavail * found.f_frsize
    if free >= LEAST_BYTES:
        return None
    return f"The disk that holds the database has {free >> 20} MiB left."
