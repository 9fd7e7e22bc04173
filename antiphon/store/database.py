"""One SQLite file, or memory: its writer, its readers, and how long they live."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, closing, nullcontext
from functools import partial
from typing import Final, TypeVar

from antiphon.store.connections import Synchronous, connect_reader
from antiphon.store.failures import start_up
from antiphon.store.location import create_file, sqlite_location
from antiphon.store.locks import FileLock
from antiphon.store.readers import Readers
from antiphon.store.schema import open_database
from antiphon.store.work import Work
from antiphon.store.writer import GroupWriter

T = TypeVar("T")

BUSY_SECONDS: Final = 5.0
READERS: Final = 4


class SqlDatabase:
    """Open, and bound to one event loop. Whoever needs durable state gets it from here."""

    def __init__(self, writer: GroupWriter, readers: Readers | None) -> None:
        """Both already open. Without readers, the writer reads too."""
        self._writer = writer
        self._readers = readers

    @classmethod
    @asynccontextmanager
    async def open(
        cls, url: str, *, synchronous: Synchronous = "full", busy_seconds: float = BUSY_SECONDS
    ) -> AsyncGenerator[SqlDatabase]:
        """Makes or migrates the tables if need be; on leaving, everything submitted is on disk. Raises ConfigError.

        `busy_seconds` is how long a write waits for other processes that write to the same file.
        """
        location = sqlite_location(url)
        async with AsyncExitStack() as stack:
            lock = nullcontext()
            readers = None
            if location.path is not None and location.lock is not None:
                with start_up(str(location)):
                    create_file(location.path)
                    lock = stack.enter_context(closing(FileLock(location.lock, busy_seconds)))
                readers = Readers(partial(connect_reader, location, busy_seconds), READERS)
            writer = GroupWriter(partial(open_database, location, synchronous, busy_seconds), lock)
            stack.push_async_callback(writer.close)
            await writer.open()
            if readers is not None:
                stack.push_async_callback(readers.close)
            yield cls(writer, readers)

    def write(self, work: Work[T]) -> asyncio.Future[T]:
        """Done once the work is on disk, with all that shares its commit. Cancelling does not undo it."""
        return self._writer.submit(work)

    def read(self, work: Work[T]) -> asyncio.Future[T]:
        """Sees every write that was done before this call."""
        return self._writer.submit(work) if self._readers is None else self._readers.submit(work)

    async def ping(self) -> None:
        """Whether reading and writing are possible now. Raises StoreFailed."""
        await self.read(_Look())
        await self.write(_Look())

    async def checkpoint(self) -> None:
        """Moves the write-ahead log into the database, so that nothing deleted is left in it. Raises StoreFailed.

        Moves less while somebody reads for longer than the database may be busy.
        """
        await self._writer.submit(_Checkpoint(), alone=True)


class _Look:
    """The least that touches the file; as a write, it takes the write lock."""

    def prepare(self) -> None:
        """Nothing."""

    def perform(self, connection: sqlite3.Connection) -> None:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


class _Checkpoint:
    def prepare(self) -> None:
        """Nothing."""

    def perform(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
