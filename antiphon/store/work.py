"""Work on its way from the event loop to a thread and back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Generic, Protocol, TypeVar, cast

from antiphon.metrics import GROUP_SECONDS, GROUP_SIZE
from antiphon.store.failures import Caught, as_ours
from antiphon.store.rows import Addition
from antiphon.store.statements import Connection

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Work(Protocol[T_co]):
    """Something to do with the database: made on the event loop, done in a thread."""

    def prepare(self) -> None:
        """What needs no database, such as compressing: done before the write lock is taken."""
        ...

    def perform(self, connection: Connection) -> T_co:
        """The statements. May run again, after a rollback: a neighbour failed, or somebody who writes too came first.

        SQLite has one writer. PostgreSQL has many, at READ COMMITTED: each statement sees what was committed before
        it, and what must not change between two statements is read `with_for_update()`, which SQLite leaves out. A row
        that two add at once stands once: whoever comes second runs again, and finds it.
        """
        ...


class Act(Generic[T]):
    """Something to do with a connection, as work that needs no preparation."""

    def __init__(self, act: Callable[[Connection], T]) -> None:
        """`act` may run again after a rollback."""
        self._act = act

    def prepare(self) -> None:
        """Nothing."""

    def perform(self, connection: Connection) -> T:
        return self._act(connection)


class Job(Generic[T_co]):
    """One piece of work, and the future of whoever awaits it. In the hands of one thread at a time."""

    __slots__ = ("_finish", "_future", "_work", "addition", "alone")

    def __init__(self, work: Work[T_co], loop: asyncio.AbstractEventLoop, *, alone: bool = False) -> None:
        """`alone` is for what cannot stand in a transaction; `addition` is the work, if it may be done with others."""
        self._work = work
        self._future: asyncio.Future[T_co] = loop.create_future()
        self._finish: Callable[[], object] = self._future.cancel
        self.alone = alone
        self.addition = work if isinstance(work, Addition) and work.insertion is not None else None

    @property
    def future(self) -> asyncio.Future[T_co]:
        """Done once `settle` was called on the event loop."""
        return self._future

    def prepare(self) -> bool:
        """Whether there is something to perform; the future knows why not."""
        with Caught() as caught:
            self._work.prepare()
        if caught.error is not None:
            self.fail(caught.error)
        return caught.error is None

    def performed(self) -> None:
        """The work was done together with others, and has nothing to tell."""
        self._finish = partial(self._future.set_result, cast("T_co", None))

    def perform(self, connection: Connection) -> None:
        """Raises whatever the work raises; what a transaction makes of that is not the job's to say."""
        self._finish = partial(self._future.set_result, self._work.perform(connection))

    def fail(self, error: Exception) -> None:
        self._finish = partial(self._future.set_exception, as_ours(error))

    def settle(self) -> None:
        """On the event loop only. A task that no longer waits is not told."""
        if not self._future.done():
            self._finish()


def settle(jobs: Iterable[Job[object]]) -> None:
    for job in jobs:
        job.settle()


def settle_group(jobs: Sequence[Job[object]], seconds: float) -> None:
    """As `settle`, for what was written together and took so long."""
    settle(jobs)
    GROUP_SIZE.observe(len(jobs))
    GROUP_SECONDS.observe(seconds)


def tell(loop: asyncio.AbstractEventLoop, jobs: Sequence[Job[object]], seconds: float) -> None:
    """Wakes everyone who awaits one of the jobs, which took so long, by one call into the loop."""
    # A loop that is closed has nobody left to tell.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(settle_group, jobs, seconds)
