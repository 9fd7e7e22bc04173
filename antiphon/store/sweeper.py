"""Retention: what has expired is removed from the file, a little at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from sqlalchemy import Table, bindparam, delete, literal_column, select, tuple_

from antiphon.errors import StoreFailed
from antiphon.protocols import Clock
from antiphon.store.chat_tables import chat_completion_pairs, chat_completions
from antiphon.store.counter_tables import counter_places, counters
from antiphon.store.database import SqlDatabase
from antiphon.store.file_removal import FileRemoval
from antiphon.store.file_tables import file_copies, file_uploads
from antiphon.store.statements import Connection, text_of
from antiphon.store.tables import idempotency_keys, responses, webhook_notices

ROWS_AT_ONCE: Final = 64
"""In one transaction: few enough that nobody's save waits noticeably for them."""

_EXPIRING: Final = (
    responses,
    idempotency_keys,
    webhook_notices,
    chat_completion_pairs,
    chat_completions,
    file_copies,
    file_uploads,
    counters,
    counter_places,
)

_log = logging.getLogger(__name__)


class Sweeper:
    """Deletes what has expired for as long as `run` runs. Several processes may sweep one file."""

    def __init__(
        self,
        database: SqlDatabase,
        clock: Clock,
        interval_seconds: float,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        turn: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        """`pause` is how it waits between rounds. `turn` says whether this process sweeps, where others do too."""
        self._database = database
        self._clock = clock
        self._interval_seconds = interval_seconds
        self._pause = pause
        self._turn = turn
        self._expiries = [_expiry(table) for table in _EXPIRING]
        self._files = FileRemoval(database)

    async def run(self) -> None:
        """Until cancelled. A round that fails is logged, and the next one makes up for it."""
        while True:
            await self._pause(self._interval_seconds)
            if self._turn is not None and not await self._turn():
                continue
            try:
                await self.sweep()
            except StoreFailed as error:
                _log.warning("What has expired could not be removed: %s", error)

    async def sweep(self) -> int:
        """One round: how many rows it removed. What anyone deleted before it leaves the write-ahead log too."""
        now = int(self._clock())
        removed = 0
        for statement in self._expiries:
            count = ROWS_AT_ONCE
            while count == ROWS_AT_ONCE:
                count = await self._database.write(_Expire(statement, now))
                removed += count
        removed += await self._files.remove(now)
        await self._database.checkpoint()
        return removed


class _Expire:
    def __init__(self, statement: str, now: int) -> None:
        self._statement = statement
        self._now = now

    def prepare(self) -> None:
        """Nothing."""

    def perform(self, connection: Connection) -> int:
        return connection.execute(self._statement, {"now": self._now, "limit": ROWS_AT_ONCE}).rowcount


def _expiry(table: Table) -> str:
    oldest = (
        select(*table.primary_key)
        .where(table.c.expires_at <= bindparam("now"))
        .order_by(table.c.expires_at)
        .limit(bindparam("limit"))
        .offset(literal_column("0"))
    )
    return text_of(delete(table).where(tuple_(*table.primary_key).in_(oldest)))
