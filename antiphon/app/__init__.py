"""Settings become objects, objects become an ASGI application: the only place that knows concrete classes."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from antiphon.app.batches import batching_of
from antiphon.app.content import vault_of
from antiphon.app.edges import routing_of
from antiphon.app.hearing import listen
from antiphon.app.ids import new_request_id
from antiphon.app.parts import Parts
from antiphon.app.receivers import announcer, webhook_receivers
from antiphon.app.upstreams import knowledge_of, providers_of, seals_of
from antiphon.batch_settings import BatchSettings
from antiphon.config.redact import secrets_of
from antiphon.dialects.scrubbing import hide
from antiphon.gateway.background import Background
from antiphon.gateway.desk import Desk
from antiphon.gateway.worker import Worker
from antiphon.http.call import Receive, Scope, Send
from antiphon.http.draining import draining
from antiphon.http.edge import Edge
from antiphon.observe.logs import RequestLog, configure
from antiphon.providers.discovery import Discovery
from antiphon.records import Record
from antiphon.settings import Settings
from antiphon.store.database import SqlDatabase


class Application:
    """The ASGI application. Everything it needs is opened by the lifespan, and closed by it in reverse."""

    def __init__(self, settings: Settings, opened: Callable[[], None]) -> None:
        """Opens nothing; `opened` is called when everything is."""
        self._settings = settings
        self._opened = opened
        self._edge: Edge | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves `http` and `websocket`, and `lifespan` before and after them."""
        edge = self._edge
        if edge is not None and scope["type"] == "http":
            await edge(scope, receive, send)
        elif edge is not None and scope["type"] == "websocket":
            await edge.websocket(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as stack:
            try:
                self._edge = await stack.enter_async_context(wired(self._settings))
            except Exception as error:  # noqa: BLE001 - whatever keeps it from starting, the server is to be told
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            self._opened()
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


def create_app(settings: Settings, opened: Callable[[], None] = lambda: None) -> Application:
    """The application for these settings, not yet open; `opened` is called once it is."""
    return Application(settings, opened)


@asynccontextmanager
async def wired(settings: Settings, record: Record | None = None) -> AsyncGenerator[Edge]:
    """Everything, open and wired together; logging is set up unless `record` is told of every request.

    Raises ConfigError, or StoreFailed when the database cannot be used.
    """
    async with _opened(settings, record) as parts, AsyncExitStack() as stack:
        desk = parts.desk(settings.background.answers_at_once)
        worker = await stack.enter_async_context(_working(desk, parts))
        later = Background(desk, worker)
        idempotency = parts.idempotency(later.add)
        stack.push_async_callback(idempotency.drain, settings.server.shutdown_seconds)
        batching = await stack.enter_async_context(batching_of(parts, later, settings.batches.lines_at_once))
        yield Edge(routing_of(parts, later, idempotency, batching), parts.record, new_request_id)


@asynccontextmanager
async def working(settings: Settings, answers_at_once: int) -> AsyncGenerator[None]:
    """Gives answers in the background and to batches, and serves nothing. Raises as `wired`."""
    async with _opened(settings) as parts:
        parts.tasks.create_task(parts.discovery.keep())
        desk = parts.desk(answers_at_once)
        lines_at_once = settings.batches.lines_at_once or BatchSettings().lines_at_once
        async with _working(desk, parts) as worker, batching_of(parts, Background(desk, worker), lines_at_once):
            yield


@asynccontextmanager
async def _opened(settings: Settings, record: Record | None = None) -> AsyncGenerator[Parts]:
    hide(secrets_of(settings))
    async with AsyncExitStack() as stack:
        if record is None:
            record = request_log = _log(settings)
            stack.callback(request_log.flush)
        database = await stack.enter_async_context(
            SqlDatabase.open(
                settings.database.url or "sqlite://",
                synchronous=settings.database.synchronous,
                vault=vault_of(settings.security),
            )
        )
        receivers = webhook_receivers(settings, stack)
        seals = seals_of(settings)
        knowledge = knowledge_of(settings)
        providers, passing = providers_of(settings, seals, knowledge, stack)
        tasks = await stack.enter_async_context(_endless())
        yield Parts(
            settings=settings,
            database=database,
            discovery=Discovery(providers, time.time, knowledge),
            passing=passing,
            sealer=seals,
            announcer=announcer(settings, receivers, database, tasks),
            tasks=tasks,
            record=record,
        )


def _log(settings: Settings) -> RequestLog:
    as_json = settings.logging.format == "json" or (settings.logging.format == "auto" and not sys.stderr.isatty())
    return configure(sys.stderr, level=settings.logging.level, as_json=as_json)


@asynccontextmanager
async def _working(desk: Desk, parts: Parts) -> AsyncGenerator[Worker]:
    """The worker; on leaving, running answers get the rest of the time that a shutdown may take."""
    worker = Worker(desk, parts.tasks)
    listen(parts)
    limit = parts.settings.server.shutdown_seconds
    with draining(worker.stop_claiming, desk.gateway.live.end_all, limit):
        worker.start()
        try:
            yield worker
        finally:
            await worker.close(limit)


class _Closing(Exception):
    """The application is closing."""


@asynccontextmanager
async def _endless() -> AsyncGenerator[asyncio.TaskGroup]:
    """A group whose tasks, endless ones among them, end with it."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
            raise _Closing
    except* _Closing:
        pass
