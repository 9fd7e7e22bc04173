"""Threads that work on PostgreSQL, each with a connection of its own that is opened at its first work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from operator import attrgetter
from queue import SimpleQueue
from threading import Thread
from typing import Final, TypeVar

from msgspec import Struct

from antiphon.errors import StoreFailed
from antiphon.store.postgres.link import Link
from antiphon.store.work import Job, Work, settle, settle_group

T = TypeVar("T")

_MOST_AT_ONCE: Final = 1024


class Asked(Struct, frozen=True):
    """A job, and the monotonic time from which it waits."""

    job: Job[object]
    since: float


Serve = Callable[[Link, Sequence[Asked]], Iterator[Sequence[Job[object]]]]
"""Does what is asked and yields it piece by piece as it is done. Fails what it cannot do, and raises nothing."""


class Clerk:
    """One thread. `pending` belongs to the event loop."""

    def __init__(self, serve: Serve, link: Link) -> None:
        """Starts nothing yet."""
        self.pending = 0
        self._serve = serve
        self._link = link
        self._loop = asyncio.get_running_loop()
        self._waiting: SimpleQueue[Asked | None] = SimpleQueue()
        self._thread: Thread | None = None

    def take(self, asked: Asked) -> None:
        if self._thread is None:
            self._thread = Thread(target=self._run, name="antiphon-store", daemon=True)
            self._thread.start()
        self.pending += 1
        self._waiting.put(asked)

    async def close(self) -> None:
        """Returns when everything that was taken is done."""
        if self._thread is not None:
            self._waiting.put(None)
            await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        closing = False
        while not closing:
            taken = [self._waiting.get()]
            while not self._waiting.empty() and len(taken) < _MOST_AT_ONCE:
                taken.append(self._waiting.get())
            closing = taken[-1] is None
            began = time.perf_counter()
            for done in self._serve(self._link, [asked for asked in taken if asked is not None]):
                seconds, began = time.perf_counter() - began, time.perf_counter()
                # A loop that is closed has nobody left to tell.
                with suppress(RuntimeError):
                    self._loop.call_soon_threadsafe(self._done, done, seconds)
        self._link.drop()

    def _done(self, jobs: Sequence[Job[object]], seconds: float) -> None:
        self.pending -= len(jobs)
        if self._link.writes:
            settle_group(jobs, seconds)
        else:
            settle(jobs)


class Clerks:
    """Several threads that do the same. Work goes to the first that is idle, so that few connections are opened."""

    def __init__(self, clerks: Sequence[Clerk], adding: Clerk | None = None) -> None:
        """Rows that are only added all go to `adding`, if there is one, so that they share statements and commits."""
        self._clerks = clerks
        self._adding = adding
        self._loop = asyncio.get_running_loop()
        self._closing = False

    def submit(self, work: Work[T], *, alone: bool = False) -> asyncio.Future[T]:
        """Done when the work is. Whoever stops awaiting it does not stop the work."""
        if self._closing:
            raise StoreFailed("The database is closed.")
        job = Job(work, self._loop, alone=alone)
        asked = Asked(job, time.monotonic())
        if self._adding is not None and job.addition is not None:
            self._adding.take(asked)
        else:
            min(self._clerks, key=attrgetter("pending")).take(asked)
        return job.future

    async def close(self) -> None:
        """Returns when everything that was submitted is done and the connections are closed."""
        self._closing = True
        for clerk in self._clerks if self._adding is None else [*self._clerks, self._adding]:
            await clerk.close()
