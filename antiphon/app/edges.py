"""The routes and what is behind each of them."""

from __future__ import annotations

import random
import time
from typing import Final

import msgspec

from antiphon.app.batches import batch_handlers
from antiphon.app.chats import chat_handlers
from antiphon.app.files import file_handlers
from antiphon.app.gemini import gemini_handlers
from antiphon.app.media import media_handlers
from antiphon.app.metrics import metrics_handler
from antiphon.app.parts import Parts
from antiphon.app.passing import passing_endpoint
from antiphon.app.readiness import health_of
from antiphon.app.upstreams import service_dialects
from antiphon.gateway.background import Background
from antiphon.gateway.batches import Batching
from antiphon.gateway.idempotency import Idempotency
from antiphon.gateway.relay import Relay
from antiphon.gateway.services import Services
from antiphon.http.auth import Keyring
from antiphon.http.background import BackgroundEndpoints
from antiphon.http.chains import ChainMemory
from antiphon.http.compact import CompactEndpoints
from antiphon.http.conversations import ConversationEndpoints
from antiphon.http.docs import DocsEndpoint, LandingEndpoint
from antiphon.http.health import refuse_upgrade
from antiphon.http.idempotent import IdempotentCreate
from antiphon.http.lanes import Limits
from antiphon.http.messages import MessagesEndpoint
from antiphon.http.models import ModelsEndpoints
from antiphon.http.openapi import OpenApiEndpoint
from antiphon.http.prompts import PromptsEndpoints
from antiphon.http.responses import EdgeOptions, ResponsesEndpoints
from antiphon.http.routes import Handlers, Routing, routing
from antiphon.http.services import ServiceEndpoints
from antiphon.http.streams import Heartbeat
from antiphon.http.websocket import SocketOptions, SocketParts
from antiphon.http.websocket_session import Sockets
from antiphon.protocols import Caller
from antiphon.providers.cards import ModelCard
from antiphon.settings import MASTER, Settings
from antiphon.store.sweeper import Sweeper
from antiphon.version import __version__

_SWEEP_SECONDS: Final = 60


def routing_of(
    parts: Parts, later: Background, idempotency: Idempotency, batching: Batching, sockets: Sockets | None
) -> Routing:
    """Every route. Begins what has to go on beside them."""
    settings, tasks, gateway = parts.settings, parts.tasks, parts.gateway
    options = EdgeOptions(settings.server.max_body_bytes, settings.responses.done_marker)
    most, done_marker = options.max_body_bytes, options.done_marker
    heartbeat = Heartbeat(settings.responses.keepalive_seconds, tasks)
    turn = parts.process.shared.turn("sweep", _SWEEP_SECONDS // 2)
    sweeper = Sweeper(parts.database, time.time, _SWEEP_SECONDS, turn=turn)
    for work in (heartbeat.run(), parts.discovery.keep(), sweeper.run(), idempotency.run()):
        tasks.create_task(work)
    background = BackgroundEndpoints(later, heartbeat, tasks, done_marker=done_marker)
    idempotent = IdempotentCreate(idempotency, parts.responses, background, heartbeat, done_marker=done_marker)
    responses = ResponsesEndpoints(gateway, parts.responses, background, heartbeat, options, idempotent)
    conversations = ConversationEndpoints(parts.conversations, parts.conversation_desk, parts.surroundings, most)
    prompts = PromptsEndpoints(parts.prompts, most)
    compact = CompactEndpoints(gateway, tasks, most)
    chances = gateway.policy.retries, random.random
    asking = Services(gateway.router, service_dialects(), *chances, gateway.live)
    services = ServiceEndpoints(asking, tasks, settings.moderations.model, most)
    messages = MessagesEndpoint(gateway, Relay("messages", gateway.router, *chances, gateway.live), heartbeat, most)
    models = ModelsEndpoints(lambda: _cards(parts))
    health = health_of(parts)
    keyring = _keyring(settings)
    handlers = Handlers(
        create_response=responses.create,
        retrieve_response=responses.retrieve,
        delete_response=responses.delete,
        cancel_response=background.cancel,
        list_input_items=responses.input_items,
        count_input_tokens=gateway.live.ending(compact.input_tokens),
        compact_response=compact.compact,
        create_conversation=conversations.create,
        retrieve_conversation=conversations.retrieve,
        update_conversation=conversations.update,
        delete_conversation=conversations.delete,
        add_conversation_items=conversations.add_items,
        list_conversation_items=conversations.list_items,
        retrieve_conversation_item=conversations.retrieve_item,
        delete_conversation_item=conversations.delete_item,
        create_prompt=prompts.create,
        list_prompts=prompts.list_prompts,
        retrieve_prompt=prompts.retrieve,
        add_prompt_version=prompts.add_version,
        delete_prompt=prompts.delete,
        chats=chat_handlers(parts, gateway, heartbeat),
        create_embeddings=services.embeddings,
        rerank=services.rerank,
        rerank_v2=services.rerank_v2,
        create_moderation=services.moderations,
        media=media_handlers(parts),
        batches=batch_handlers(parts, batching),
        create_message=messages.create,
        count_message_tokens=gateway.live.ending(messages.count),
        gemini=gemini_handlers(parts, asking, heartbeat),
        list_models=models.list_models,
        retrieve_model=models.retrieve_model,
        health=health.health,
        ready=health.ready,
        metrics=metrics_handler(parts.process, settings),
        openapi=OpenApiEndpoint(__version__),
        docs=DocsEndpoint(),
        landing=LandingEndpoint(__version__),
        refuse_upgrade=refuse_upgrade,
        pass_on=gateway.live.ending(passing_endpoint(parts, keyring).pass_on),
        files=file_handlers(parts.files, tasks, most, gateway.live.ending),
        connect=None if sockets is None else sockets.connect,
    )
    return routing(handlers, keyring, parts.limiter)


def sockets_of(parts: Parts) -> Sockets | None:
    """Who serves WebSockets, where they are served."""
    websocket = parts.settings.websocket
    if not websocket.enabled:
        return None
    limits = Limits(websocket.concurrent_turns, websocket.max_stream_ids, websocket.max_frame_bytes)
    return Sockets(
        SocketParts(
            gateway=parts.gateway,
            responses=parts.responses,
            keyring=_keyring(parts.settings),
            memory=ChainMemory(websocket.memory_bytes),
            record=parts.record,
            options=SocketOptions(limits, websocket.lifetime_seconds),
            limiter=parts.limiter,
        )
    )


async def _cards(parts: Parts) -> list[ModelCard]:
    """Every model on offer: the owner's own names last, each with what is known of its first target."""
    cards = await parts.discovery.cards()
    known = {card.id: card for card in cards}
    aliases = [
        msgspec.structs.replace(known[targets[0]], id=name, owned_by="antiphon")
        if targets[0] in known
        else ModelCard(id=name, owned_by="antiphon")
        for name, targets in parts.settings.aliases.items()
    ]
    return [*cards, *aliases]


def _keyring(settings: Settings) -> Keyring:
    keys = [(key.key, Caller(key.tenant or key.name, key.name)) for key in settings.keys]
    if settings.master_key is not None:
        keys.append((settings.master_key, Caller(MASTER, MASTER)))
    return Keyring(keys)
