"""One database: who writes, who reads, and how long they live."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, closing, nullcontext
from functools import partial
from typing import Final, Protocol, TypeVar

from sqlalchemy import func, select, update

from antiphon.bus import Bus
from antiphon.errors import ConfigError
from antiphon.store.connections import Synchronous, connect_reader
from antiphon.store.content_keys import checking
from antiphon.store.failures import start_up
from antiphon.store.local_bus import Nobody, local_bus
from antiphon.store.location import create_file, is_postgres, postgres_module, sqlite_location
from antiphon.store.locks import FileLock
from antiphon.store.readers import Readers
from antiphon.store.schema import HEAD, open_database, serves
from antiphon.store.statements import Connection, Statement, text_of
from antiphon.store.tables import revision
from antiphon.store.vault import Vault
from antiphon.store.work import Act, Work
from antiphon.store.writer import GroupWriter

T = TypeVar("T")

BUSY_SECONDS: Final = 5.0
READERS: Final = 4
CONNECTIONS: Final = 10


class Taker(Protocol):
    """Who does work."""

    def submit(self, work: Work[T], /) -> asyncio.Future[T]:
        """Done when the work is. Whoever stops awaiting it does not stop the work."""
        ...


class SqlDatabase:
    """Open, and bound to one event loop. Whoever needs durable state gets it from here."""

    def __init__(self, writer: Taker, reader: Taker, *, log: GroupWriter | None = None, bus: Bus | None = None) -> None:
        """Both already open; `log` is who can empty SQLite's write-ahead log, `bus` is None where there is none."""
        self.bus = bus
        self._writer = writer
        self._reader = reader
        self._log = log

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        url: str,
        *,
        synchronous: Synchronous = "full",
        busy_seconds: float = BUSY_SECONDS,
        migrates: bool = True,
        connections: int = CONNECTIONS,
        vault: Vault | None = None,
    ) -> AsyncGenerator[SqlDatabase]:
        """Makes or migrates the tables if need be; on leaving, everything submitted is on disk.

        Raises ConfigError, also for tables that would have to be migrated where nobody `migrates`.

        `vault` encrypts what was said; without one it is written as it is.

        `busy_seconds` is how long work waits for other processes that write to the same file, or for a PostgreSQL that
        cannot be reached, to which there are as many `connections` at most.
        """
        if is_postgres(url):
            opened = _in_postgres(url, synchronous, busy_seconds, connections, vault, migrates=migrates)
        else:
            opened = _in_sqlite(url, synchronous, busy_seconds, vault, migrates=migrates)
        async with opened as database:
            await (database.read if vault is None else database.write)(checking(vault))
            yield database

    def write(self, work: Work[T]) -> asyncio.Future[T]:
        """Done once the work is on disk, with all that shares its commit. Cancelling does not undo it."""
        return self._writer.submit(work)

    def read(self, work: Work[T]) -> asyncio.Future[T]:
        """Sees every write that was done before this call, by whatever process."""
        return self._reader.submit(work)

    async def ping(self) -> None:
        """Whether reading and writing are possible now. Raises StoreFailed.

        To SQLite something is really written: a full disk lets transactions begin and end in which nothing changes.
        """
        await self.read(_Look())
        await self.write(_Look() if self._log is None else _Touch())

    async def fits(self) -> str | None:
        """Why the tables are not what this release needs, if they are not. Raises StoreFailed."""
        found = await self.read(Act(lambda connection: connection.execute(_REVISION).fetchone()))
        current = None if found is None else str(found[0])
        try:
            fit = current == HEAD or serves(current, "")
        except ConfigError:
            fit = False
        return None if fit else f"The tables stand at {current or 'nothing'}, and this release needs {HEAD}."

    async def checkpoint(self) -> None:
        """Moves SQLite's write-ahead log into the file, so that nothing deleted is left in it. Raises StoreFailed.

        Moves less while somebody reads for longer than the database may be busy.
        """
        if self._log is not None:
            await self._log.submit(_Checkpoint(), alone=True)


@asynccontextmanager
async def _in_sqlite(
    url: str, synchronous: Synchronous, busy_seconds: float, vault: Vault | None, *, migrates: bool
) -> AsyncGenerator[SqlDatabase]:
    location = sqlite_location(url)
    async with AsyncExitStack() as stack:
        lock = nullcontext()
        readers = None
        bus: Bus | None = Nobody()
        if location.path is not None and location.lock is not None and location.bus is not None:
            with start_up(str(location)):
                create_file(location.path)
                lock = stack.enter_context(closing(FileLock(location.lock, busy_seconds)))
            readers = Readers(partial(connect_reader, location, busy_seconds, vault), READERS)
            bus = stack.enter_context(local_bus(location.bus))
        connect = partial(open_database, location, synchronous, busy_seconds, vault, migrates=migrates)
        writer = GroupWriter(connect, lock)
        stack.push_async_callback(writer.close)
        await writer.open()
        if readers is not None:
            stack.push_async_callback(readers.close)
        yield SqlDatabase(writer, readers or writer, log=writer, bus=bus)


@asynccontextmanager
async def _in_postgres(
    url: str, synchronous: Synchronous, busy_seconds: float, connections: int, vault: Vault | None, *, migrates: bool
) -> AsyncGenerator[SqlDatabase]:
    opened = postgres_module("opening").opened
    options = {"synchronous": synchronous == "full", "wait_seconds": busy_seconds, "migrates": migrates}
    async with opened(url, connections=connections, vault=vault, **options) as (writers, readers, bus):
        yield SqlDatabase(writers, readers, bus=bus)


class _Look:
    """The least that touches the tables; as a write, it takes what a write takes."""

    def prepare(self) -> None:
        """Nothing."""

    def perform(self, connection: Connection) -> None:
        connection.execute(_LOOK).fetchone()


class _Touch:
    """The least that changes a page of the file, and no row in it."""

    def prepare(self) -> None:
        """Nothing."""

    def perform(self, connection: Connection) -> None:
        connection.execute(_TOUCH)


class _Checkpoint:
    def prepare(self) -> None:
        """Nothing."""

    def perform(self, connection: Connection) -> None:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


_REVISION: Final[Statement] = text_of(select(revision.c.version_num))
_LOOK: Final[Statement] = text_of(select(func.count()).select_from(revision))
_TOUCH: Final[Statement] = text_of(update(revision).values(version_num=revision.c.version_num))
