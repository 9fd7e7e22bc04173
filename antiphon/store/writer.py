"""One thread that writes, and makes everything that waits durable by one commit.

Law: a job is settled only after the commit that holds it, and one that fails takes no neighbour with it.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from itertools import groupby
from queue import SimpleQueue
from threading import Thread
from time import perf_counter
from typing import Final, TypeVar

from antiphon.errors import StoreFailed
from antiphon.store.failures import Caught
from antiphon.store.rows import MOST_ROWS, Insertion
from antiphon.store.work import Job, Work, tell

T = TypeVar("T")

MAX_JOBS: Final = 256
"""In one transaction, so that the first of many is not kept waiting for the last."""


class GroupWriter:
    """Takes work from one event loop. `lock` keeps other processes from writing at the same time."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], lock: AbstractContextManager[None]) -> None:
        """`connect` is called in the thread, which alone uses the connection."""
        self._connect = connect
        self._lock = lock
        self._loop = asyncio.get_running_loop()
        self._arriving: list[Job[object]] = []
        self._waiting: SimpleQueue[list[Job[object]]] = SimpleQueue()
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._closing = False
        # A daemon, so that a process which forgets to close can still end; SQLite survives that as it survives kill -9.
        self._thread = Thread(target=self._run, name="antiphon-store-writer", daemon=True)

    async def open(self) -> None:
        """Raises what `connect` raises."""
        self._thread.start()
        await self._opened

    async def close(self) -> None:
        """Returns when everything that was submitted is on disk and the connection is closed."""
        self._closing = True
        self._hand_over()
        self._waiting.put([])
        await asyncio.to_thread(self._thread.join)

    def submit(self, work: Work[T], *, alone: bool = False) -> asyncio.Future[T]:
        """Done when the work is on disk. Whoever stops awaiting it does not stop the work."""
        if self._closing:
            raise StoreFailed("The database is closed.")
        job = Job(work, self._loop, alone=alone)
        if not self._arriving:
            # What arrives in one turn of the loop is handed over at once: one wake-up, one commit.
            self._loop.call_soon(self._hand_over)
        self._arriving.append(job)
        return job.future

    def _hand_over(self) -> None:
        if self._arriving:
            self._waiting.put(self._arriving)
            self._arriving = []

    def _run(self) -> None:
        with Caught() as caught:
            connection = self._connect()
            try:
                self._report_open(None)
                self._serve(connection)
            finally:
                self._disconnect(connection)
        self._report_open(caught.error)

    def _report_open(self, error: Exception | None) -> None:
        def settle() -> None:
            if self._opened.done():
                return
            if error is not None:
                self._opened.set_exception(error)
            else:
                self._opened.set_result(None)

        # A loop that is closed has nobody left to tell.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(settle)

    def _disconnect(self, connection: sqlite3.Connection) -> None:
        # The last connection of all copies the log into the database: a checkpoint, like any other under the lock.
        with suppress(TimeoutError), self._lock:
            connection.close()
            return
        connection.close()

    def _serve(self, connection: sqlite3.Connection) -> None:
        while not (self._closing and self._waiting.empty()):
            jobs = self._waiting.get()
            while not self._waiting.empty():
                jobs += self._waiting.get()
            for start in range(0, len(jobs), MAX_JOBS):
                began = perf_counter()
                batch = jobs[start : start + MAX_JOBS]
                self._write(connection, [job for job in batch if not job.alone and job.prepare()])
                for job in batch:
                    if job.alone:
                        self._write_alone(connection, job)
                tell(self._loop, batch, perf_counter() - began)

    def _write(self, connection: sqlite3.Connection, jobs: Sequence[Job[object]]) -> None:
        """One transaction for all of them; if something in it fails, one for each."""
        if not jobs:
            return
        begun = False
        with Caught() as caught, self._lock:
            if not _is_one_statement(jobs):
                connection.execute("BEGIN IMMEDIATE")
            begun = True
            try:
                _perform(connection, jobs)
                if connection.in_transaction:
                    connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
        if caught.error is None:
            return
        if begun and len(jobs) > 1:
            for job in jobs:
                self._write(connection, [job])
            return
        for job in jobs:
            job.fail(caught.error)

    def _write_alone(self, connection: sqlite3.Connection, job: Job[object]) -> None:
        with Caught() as caught, self._lock:
            job.perform(connection)
        if caught.error is not None:
            job.fail(caught.error)


def _perform(connection: sqlite3.Connection, jobs: Sequence[Job[object]]) -> None:
    """In their order; rows of one table that follow each other go in together."""
    for insertion, group in groupby(jobs, _insertion):
        if insertion is None:
            for job in group:
                job.perform(connection)
            continue
        added = list(group)
        insertion.perform(connection, [job.addition.row for job in added if job.addition is not None])
        for job in added:
            job.performed()


def _is_one_statement(jobs: Sequence[Job[object]]) -> bool:
    """Whether it commits by itself: nearly always, and the less is said to SQLite the less waits for the other."""
    first = jobs[0].addition
    return (
        first is not None
        and len(jobs) <= MOST_ROWS
        and all(job.addition is not None and job.addition.insertion is first.insertion for job in jobs)
    )


def _insertion(job: Job[object]) -> Insertion | None:
    return None if job.addition is None else job.addition.insertion
