"""Batches: where they are kept, who answers their lines, and the worker that sees to both."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from antiphon.app.chats import chat_handlers
from antiphon.app.ids import new_request_id
from antiphon.app.parts import Parts
from antiphon.app.upstreams import service_dialects
from antiphon.batch_protocols import NativeBatches, Shares
from antiphon.batch_settings import BatchSettings
from antiphon.gateway.background import Background
from antiphon.gateway.batch_lines import LineReader, SwitchedRouter
from antiphon.gateway.batch_native import NativeWork
from antiphon.gateway.batch_stages import Stages
from antiphon.gateway.batch_worker import BatchWorker
from antiphon.gateway.batches import Batching, BatchPolicy, BatchRoom
from antiphon.gateway.bells import Bells
from antiphon.gateway.relay import Relay
from antiphon.gateway.services import Services
from antiphon.http.background import BackgroundEndpoints
from antiphon.http.batch_lines import HandlerRunner
from antiphon.http.batch_routes import BatchHandlers
from antiphon.http.batches import BatchEndpoints
from antiphon.http.idempotent import IdempotentCreate
from antiphon.http.message_batches import MessageBatchEndpoints
from antiphon.http.messages import MessagesEndpoint
from antiphon.http.responses import EdgeOptions, ResponsesEndpoints
from antiphon.http.routes import Handler
from antiphon.http.services import ServiceEndpoints
from antiphon.http.streams import Heartbeat
from antiphon.providers.batches import batches_of
from antiphon.providers.instance import ProviderInstance
from antiphon.store.batch_lines import SqlBatchLines
from antiphon.store.batch_work import SqlBatchWork
from antiphon.store.batches import SqlBatches
from antiphon.store.files import SqlFiles
from antiphon.wire.batch_input import Limits

_DAY: Final = 86_400


def batch_handlers(parts: Parts, batching: Batching) -> BatchHandlers:
    """What clients ask."""
    most = parts.settings.server.max_body_bytes
    batches, messages = BatchEndpoints(batching, most), MessageBatchEndpoints(batching, most)
    return BatchHandlers(
        create=batches.create,
        list_batches=batches.list_batches,
        retrieve=batches.retrieve,
        cancel=batches.cancel,
        create_messages=messages.create,
        list_messages=messages.list_batches,
        retrieve_messages=messages.retrieve,
        cancel_messages=messages.cancel,
        delete_messages=messages.delete,
        message_results=messages.results,
    )


@asynccontextmanager
async def batching_of(
    parts: Parts, later: Background, lines_at_once: int
) -> AsyncGenerator[tuple[Batching, BatchWorker]]:
    """The client's side of batches, and the worker that sees to them here, where it may answer any lines.

    On leaving, running lines get the rest of the time that a shutdown may take.
    """
    settings = parts.settings
    lines = _line_handlers(parts, later)
    clock, wanted = time.time, settings.batches
    room = BatchRoom(
        batches=SqlBatches(parts.database, clock),
        work=SqlBatchWork(parts.database, clock, wanted.lease_seconds, parts.announcer),
        lines=SqlBatchLines(parts.database, clock, wanted.lease_seconds),
        files=SqlFiles(parts.database, clock),
        bells=parts.process.bells,
        run=HandlerRunner(lines, parts.record, new_request_id),
        endpoints=frozenset(lines),
        clock=clock,
        new_id=parts.surroundings.new_id,
        policy=_policy(wanted, lines_at_once, settings.files.retention_days, parts.process.bells),
    )

    def find(name: str) -> NativeBatches | None:
        provider = parts.discovery.providers.get(name)
        if not isinstance(provider, ProviderInstance) or provider.row.batches is None:
            return None
        return batches_of(provider, provider.row.batches)

    native = NativeWork(room, LineReader(room.run), find, enabled=wanted.native == "auto")
    worker = BatchWorker(room, Stages(room, native), parts.tasks, random.random)
    limit = settings.server.shutdown_seconds
    with (
        parts.process.bells.works_on_batches(worker.nudge),
        parts.process.draining.joining(worker.stop_claiming, worker.give_up, limit),
    ):
        worker.start()
        try:
            yield Batching(room), worker
        finally:
            await worker.close(limit)


def _line_handlers(parts: Parts, later: Background) -> Mapping[str, Handler]:
    """Who serves a request like a line's: handlers as the routes have them, whose router lets lines be found out about.

    A line neither streams, nor is it answered in the background, nor has it an idempotency key; what they need for
    that is there all the same.
    """
    settings = parts.settings
    gateway = parts.gateway_with(SwitchedRouter(parts.router))
    router, chances = gateway.router, (gateway.policy.retries, random.random)
    most = settings.server.max_body_bytes
    heartbeat = Heartbeat(settings.responses.keepalive_seconds, parts.tasks)
    background = BackgroundEndpoints(later, heartbeat, parts.tasks, done_marker=False)
    keys = parts.idempotency(later.add)
    idempotent = IdempotentCreate(keys, parts.responses, background, heartbeat, done_marker=False)
    options = EdgeOptions(most, done_marker=False)
    responses = ResponsesEndpoints(gateway, parts.responses, background, heartbeat, options, idempotent)
    chats = chat_handlers(parts, gateway, heartbeat)
    messages = MessagesEndpoint(gateway, Relay("messages", router, *chances, gateway.live), heartbeat, most)
    asking = Services(router, service_dialects(), *chances, gateway.live)
    services = ServiceEndpoints(asking, parts.tasks, settings.moderations.model, most)
    return {
        "/v1/responses": responses.create,
        "/v1/chat/completions": chats.create,
        "/v1/completions": chats.complete,
        "/v1/messages": messages.create,
        "/v1/embeddings": services.embeddings,
        "/v1/rerank": services.rerank,
        "/v1/moderations": services.moderations,
    }


def _policy(wanted: BatchSettings, lines_at_once: int, file_days: int | None, bells: Bells) -> BatchPolicy:
    return BatchPolicy(
        shares=Shares(lines_at_once, wanted.lines_per_batch, wanted.lines_per_tenant),
        limits=Limits(lines=wanted.max_lines, bytes=wanted.max_file_bytes),
        batches_per_tenant=wanted.batches_per_tenant,
        tries=wanted.tries,
        first_pause_seconds=wanted.first_pause_seconds,
        longest_pause_seconds=wanted.longest_pause_seconds,
        line_seconds=wanted.line_seconds,
        lease_seconds=wanted.lease_seconds,
        poll_seconds=bells.look_seconds(wanted.poll_seconds, wanted.lease_seconds),
        keep_seconds=wanted.keep_days * _DAY,
        output_seconds=None if file_days is None else file_days * _DAY,
        native_least_lines=wanted.native_least_lines,
        native_poll_seconds=wanted.native_poll_seconds,
        native_max_bytes=wanted.native_max_bytes,
    )
