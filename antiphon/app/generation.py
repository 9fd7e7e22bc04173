"""Everything that hangs on one state of the settings: who answers, with which keys, and how."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from antiphon.app.batches import batching_of
from antiphon.app.edges import routing_of, sockets_of
from antiphon.app.ids import new_request_id
from antiphon.app.metrics import edge_told, targets_told
from antiphon.app.parts import Parts
from antiphon.app.process import Process, endless, log_of
from antiphon.app.receivers import announcer, webhook_receivers
from antiphon.app.sharing import limiter_of
from antiphon.app.upstreams import knowledge_of, providers_of, seals_of
from antiphon.batch_settings import BatchSettings
from antiphon.config.redact import secrets_of
from antiphon.dialects.scrubbing import hide
from antiphon.gateway.background import Background
from antiphon.gateway.batch_worker import BatchWorker
from antiphon.gateway.desk import Desk
from antiphon.gateway.worker import Worker
from antiphon.http.edge import Edge
from antiphon.http.websocket_session import Sockets
from antiphon.observe.requests import RequestNumbers
from antiphon.providers.discovery import Discovery
from antiphon.records import Record
from antiphon.settings import Settings


@dataclass(kw_only=True, eq=False)
class Generation:
    """Open. `edge` is None where nothing is served."""

    worker: Worker
    batch_worker: BatchWorker
    edge: Edge | None = None
    sockets: Sockets | None = None
    unused: asyncio.Event | None = None

    def served(self) -> None:
        """A request has ended: was it the last?"""
        if self.unused is not None and (self.edge is None or not self.edge.is_busy):
            self.unused.set()

    async def retire(self, heir: Generation) -> None:
        """From now on another takes what comes. Returns when nothing of this one runs any more."""
        self.unused = unused = asyncio.Event()
        self.served()
        if self.sockets is not None:
            self.sockets.retire()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.worker.retire(heir.worker))
            group.create_task(self.batch_worker.retire())
            await unused.wait()


@asynccontextmanager
async def serving(process: Process, settings: Settings, record: Record | None = None) -> AsyncGenerator[Generation]:
    """What serves, and works beside it; logging is set up unless `record` is told of every request.

    Raises ConfigError.
    """
    async with _opened(process, settings, record) as parts, AsyncExitStack() as stack:
        desk = parts.desk(settings.background.answers_at_once)
        worker = await stack.enter_async_context(_working(desk, parts))
        later = Background(desk, worker)
        idempotency = parts.idempotency(later.add)
        stack.push_async_callback(idempotency.drain, settings.server.shutdown_seconds)
        at_once = settings.batches.lines_at_once
        batching, batch_worker = await stack.enter_async_context(batching_of(parts, later, at_once))
        sockets = sockets_of(parts)
        edge = Edge(routing_of(parts, later, idempotency, batching, sockets), parts.record, new_request_id)
        stack.enter_context(edge_told(edge))
        yield Generation(worker=worker, batch_worker=batch_worker, edge=edge, sockets=sockets)


@asynccontextmanager
async def labouring(process: Process, answers_at_once: int, settings: Settings) -> AsyncGenerator[Generation]:
    """What gives answers in the background and to batches, and serves nothing. Raises ConfigError."""
    async with _opened(process, settings) as parts:
        parts.tasks.create_task(parts.discovery.keep())
        desk = parts.desk(answers_at_once)
        lines_at_once = settings.batches.lines_at_once or BatchSettings().lines_at_once
        async with (
            _working(desk, parts) as worker,
            batching_of(parts, Background(desk, worker), lines_at_once) as (_, batch_worker),
        ):
            yield Generation(worker=worker, batch_worker=batch_worker)


@asynccontextmanager
async def _opened(process: Process, settings: Settings, record: Record | None = None) -> AsyncGenerator[Parts]:
    hide(secrets_of(settings))
    async with AsyncExitStack() as stack:
        if record is None:
            record = request_log = log_of(settings)
            stack.callback(request_log.flush)
        if settings.metrics.enabled:
            record = RequestNumbers(record)
        receivers = webhook_receivers(settings, stack)
        seals = seals_of(settings)
        knowledge = knowledge_of(settings)
        providers, passing = providers_of(settings, seals, knowledge, stack)
        tasks = await stack.enter_async_context(endless())
        discovery = Discovery(providers, time.monotonic, knowledge)
        stack.enter_context(targets_told(settings, discovery))
        limiter = limiter_of(settings, process.shared.counters)
        if limiter is not None:
            tasks.create_task(limiter.run())
        yield Parts(
            settings=settings,
            process=process,
            discovery=discovery,
            passing=passing,
            sealer=seals,
            announcer=announcer(settings, receivers, process.database, tasks),
            tasks=tasks,
            record=record,
            limiter=limiter,
        )


@asynccontextmanager
async def _working(desk: Desk, parts: Parts) -> AsyncGenerator[Worker]:
    """The worker; on leaving, running answers get the rest of the time that a shutdown may take."""
    process, limit = parts.process, parts.settings.server.shutdown_seconds
    worker = Worker(desk, parts.tasks)
    process.workers.append(worker)
    with (
        process.bells.works(worker.nudge, process.drop),
        process.draining.joining(worker.stop_claiming, process.live.end_all, limit),
    ):
        worker.start()
        try:
            yield worker
        finally:
            await worker.close(limit)
            process.workers.remove(worker)
