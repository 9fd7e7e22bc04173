"""What a process has once, whatever becomes of its settings: its database, and who is being answered."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property

from antiphon.app.content import vault_of
from antiphon.app.hearing import listen
from antiphon.app.sharing import Shared, sharing
from antiphon.gateway.bells import Bells
from antiphon.gateway.live import LiveAnswers
from antiphon.gateway.worker import Worker
from antiphon.http.draining import Draining
from antiphon.observe.logs import RequestLog, configure
from antiphon.observe.siblings import Siblings, siblings
from antiphon.settings import Settings
from antiphon.store.database import SqlDatabase
from antiphon.store.responses import SqlResponses


@dataclass(frozen=True, kw_only=True)
class Process:
    """Open until the process ends. `workers` may have something to do, `family` are beside it."""

    database: SqlDatabase
    shared: Shared
    tasks: asyncio.TaskGroup
    draining: Draining
    family: Siblings | None
    live: LiveAnswers = field(default_factory=LiveAnswers)
    workers: list[Worker] = field(default_factory=list[Worker])

    @cached_property
    def bells(self) -> Bells:
        return Bells(self.shared.bus)

    @cached_property
    def responses(self) -> SqlResponses:
        return SqlResponses(self.database, time.time)

    def drop(self, response_id: str) -> None:
        """Stops work on an answer that was cancelled, whoever of this process's workers has it."""
        for worker in self.workers:
            worker.drop(response_id)


@asynccontextmanager
async def process_of(
    settings: Settings, unready: Callable[[], None], *, grace_seconds: float = 0.0
) -> AsyncGenerator[Process]:
    """Opens the database. `unready` is called at a stop signal, others `grace_seconds` later.

    Raises ConfigError, StoreFailed.
    """
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            SqlDatabase.open(
                settings.database.url or "sqlite://",
                synchronous=settings.database.synchronous,
                migrates=settings.database.migrate_on_start,
                connections=settings.database.connections,
                vault=vault_of(settings.security),
            )
        )
        tasks = await stack.enter_async_context(endless())
        shared = await stack.enter_async_context(sharing(settings, database, tasks))
        process = Process(
            database=database,
            shared=shared,
            tasks=tasks,
            draining=Draining(grace_seconds),
            family=siblings() if settings.metrics.enabled else None,
        )
        listen(shared.bus, process.bells, process.live, process.responses, tasks)
        stack.enter_context(process.draining.by_signals(unready))
        yield process


def log_of(settings: Settings) -> RequestLog:
    """Sets up logging for the whole process, and gives the log of requests."""
    as_json = settings.logging.format == "json" or (settings.logging.format == "auto" and not sys.stderr.isatty())
    return configure(sys.stderr, level=settings.logging.level, as_json=as_json)


class _Closing(Exception):
    """What the tasks belong to is closing."""


@asynccontextmanager
async def endless() -> AsyncGenerator[asyncio.TaskGroup]:
    """A group whose tasks, endless ones among them, end with it. What is raised inside is no group's."""
    failure: Exception | None = None
    try:
        async with asyncio.TaskGroup() as group:
            try:
                yield group
            except Exception as error:  # noqa: BLE001 - it is raised below, as it is
                failure = error
            raise _Closing
    except* _Closing:
        pass
    if failure is not None:
        raise failure
