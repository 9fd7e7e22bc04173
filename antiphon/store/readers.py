"""A few threads that read, each with a connection of its own: nobody waits for the writer, and it for nobody."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from operator import attrgetter
from queue import SimpleQueue
from threading import Thread
from typing import TypeVar

from antiphon.errors import StoreFailed
from antiphon.store.failures import Caught
from antiphon.store.work import Job, Work, settle

T = TypeVar("T")


class Readers:
    """Takes work from one event loop. The first reader that is idle gets it, so that the first one's cache is warm."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], count: int) -> None:
        """`connect` is called in each thread, at its first work."""
        self._loop = asyncio.get_running_loop()
        self._readers = [_Reader(connect, self._loop) for _ in range(count)]
        self._arriving: list[Job[object]] = []
        self._closing = False

    async def close(self) -> None:
        """Returns when everything that was submitted is read and the connections are closed."""
        self._closing = True
        self._hand_over()
        for reader in self._readers:
            await reader.close()

    def submit(self, work: Work[T]) -> asyncio.Future[T]:
        if self._closing:
            raise StoreFailed("The database is closed.")
        job = Job(work, self._loop)
        if not self._arriving:
            # What arrives in one turn of the loop goes to one reader: one wake-up there, one back.
            self._loop.call_soon(self._hand_over)
        self._arriving.append(job)
        return job.future

    def _hand_over(self) -> None:
        if self._arriving:
            min(self._readers, key=attrgetter("pending")).take(self._arriving)
            self._arriving = []


class _Reader:
    """One thread, started at its first work. `pending` belongs to the event loop."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], loop: asyncio.AbstractEventLoop) -> None:
        self.pending = 0
        self._connect = connect
        self._loop = loop
        self._waiting: SimpleQueue[Sequence[Job[object]]] = SimpleQueue()
        self._thread: Thread | None = None

    def take(self, jobs: Sequence[Job[object]]) -> None:
        if self._thread is None:
            self._thread = Thread(target=self._run, name="antiphon-store-reader", daemon=True)
            self._thread.start()
        self.pending += len(jobs)
        self._waiting.put(jobs)

    async def close(self) -> None:
        if self._thread is not None:
            self._waiting.put(())
            await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        connection: sqlite3.Connection | None = None
        while jobs := self._waiting.get():
            for job in jobs:
                with Caught() as caught:
                    connection = connection or self._connect()
                    job.perform(connection)
                if caught.error is not None:
                    job.fail(caught.error)
            # A loop that is closed has nobody left to tell.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._done, jobs)
        if connection is not None:
            connection.close()

    def _done(self, jobs: Sequence[Job[object]]) -> None:
        self.pending -= len(jobs)
        settle(jobs)
