"""Settings become objects, objects become an ASGI application: the only place that knows concrete classes."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import msgspec

from antiphon import __version__
from antiphon.conversation_protocols import Alongside, Holder
from antiphon.dialects.chat_upstream import ChatUpstream
from antiphon.dialects.responses_upstream import ResponsesUpstream
from antiphon.gateway.background import Background
from antiphon.gateway.bells import Bells
from antiphon.gateway.conversations import ConversationDesk
from antiphon.gateway.desk import BackgroundPolicy, Desk
from antiphon.gateway.flow import Gateway, Policy, Surroundings
from antiphon.gateway.leases import Leases
from antiphon.gateway.relay import Relay
from antiphon.gateway.retries import RetryPolicy
from antiphon.gateway.router import ModelRouter
from antiphon.gateway.worker import Worker
from antiphon.http.auth import Keyring
from antiphon.http.background import BackgroundEndpoints
from antiphon.http.call import Receive, Scope, Send
from antiphon.http.chains import ChainMemory
from antiphon.http.chat import ChatEndpoint
from antiphon.http.conversations import ConversationEndpoints
from antiphon.http.docs import DocsEndpoint, LandingEndpoint
from antiphon.http.draining import draining
from antiphon.http.edge import Edge
from antiphon.http.health import HealthEndpoints, refuse_upgrade
from antiphon.http.lanes import Limits
from antiphon.http.models import ModelsEndpoints
from antiphon.http.openapi import OpenApiEndpoint
from antiphon.http.responses import EdgeOptions, ResponsesEndpoints
from antiphon.http.routes import Handlers, Routing, routing
from antiphon.http.streams import Heartbeat
from antiphon.http.websocket import SocketOptions, SocketParts
from antiphon.http.websocket_session import Sockets
from antiphon.notices import Subscription
from antiphon.observe.logs import RequestLog, configure
from antiphon.protocols import Announcer, Caller, Record, Responses, StoredTurn, UpstreamDialect, UpstreamReply
from antiphon.providers.cards import ModelCard
from antiphon.providers.deadlines import Timeouts
from antiphon.providers.demo import Demo
from antiphon.providers.discovery import Discovery, Provider
from antiphon.providers.egress import Egress
from antiphon.providers.endpoint import Endpoint, header_block
from antiphon.providers.http import HttpUpstream, default_trust
from antiphon.providers.instance import ProviderInstance
from antiphon.providers.proxy import Proxies
from antiphon.sealing import Seals
from antiphon.settings import MASTER, Settings
from antiphon.store.conversation_turns import SqliteConversationTurns
from antiphon.store.conversations import SqliteConversations
from antiphon.store.database import SqliteDatabase
from antiphon.store.jobs import SqliteJobs
from antiphon.store.journal import SqliteJournal
from antiphon.store.outbox import SqliteOutbox
from antiphon.store.responses import SqliteResponses
from antiphon.store.sweeper import Sweeper
from antiphon.store.work import Work
from antiphon.webhooks.receiver import SECONDS, Receiver, name_of
from antiphon.webhooks.sender import Sender
from antiphon.wire.conversations import view_of
from antiphon.wire.ids import RANDOM_BYTES, identifier
from antiphon.wire.webhooks import key_of

_SWEEP_SECONDS: Final = 60.0
_IDS_PER_BLOCK: Final = 64


class Identifiers:
    """Makes identifiers that nobody can guess, from randomness that is drawn in blocks to spare system calls."""

    __slots__ = ("_block", "_place")

    def __init__(self) -> None:
        """Belongs to one process: a fork would draw the same numbers twice."""
        self._block = b""
        self._place = 0

    def __call__(self, prefix: str) -> str:
        """A fresh identifier."""
        place = self._place
        if place >= len(self._block):
            self._block = os.urandom(RANDOM_BYTES * _IDS_PER_BLOCK)
            place = 0
        self._place = place + RANDOM_BYTES
        return identifier(prefix, time.time_ns() // 1_000_000, self._block[place : self._place])


def new_request_id() -> str:
    """A fresh name for one HTTP request."""
    return f"req_{random.getrandbits(96):024x}"


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
async def wired(settings: Settings) -> AsyncGenerator[Edge]:
    """Everything, open and wired together. Raises ConfigError, or StoreFailed when the database cannot be used."""
    async with _opened(settings) as (parts, request_log):
        desk = parts.desk(settings.background.answers_at_once)
        async with _working(desk, parts) as worker:
            yield Edge(parts.routing(desk, worker), request_log, new_request_id)


@asynccontextmanager
async def working(settings: Settings, answers_at_once: int) -> AsyncGenerator[None]:
    """Gives answers in the background, and serves nothing. Raises as `wired`."""
    async with _opened(settings) as (parts, _):
        parts.tasks.create_task(parts.discovery.keep())
        async with _working(parts.desk(answers_at_once), parts):
            yield


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncGenerator[tuple[_Parts, RequestLog]]:
    as_json = settings.logging.format == "json" or (settings.logging.format == "auto" and not sys.stderr.isatty())
    request_log = configure(sys.stderr, level=settings.logging.level, as_json=as_json)
    async with AsyncExitStack() as stack:
        stack.callback(request_log.flush)
        database = await stack.enter_async_context(
            SqliteDatabase.open(settings.database.url or "sqlite://", synchronous=settings.database.synchronous)
        )
        receivers = webhook_receivers(settings, stack)
        tasks = await stack.enter_async_context(_background())
        parts = _Parts(
            settings=settings,
            database=database,
            responses=SqliteResponses(database, time.time),
            discovery=Discovery(_providers(settings, stack), time.time),
            announcer=_announcer(settings, receivers, database, tasks),
            tasks=tasks,
            surroundings=Surroundings(time.time, Identifiers(), random.random),
            record=request_log,
        )
        yield parts, request_log


@asynccontextmanager
async def _working(desk: Desk, parts: _Parts) -> AsyncGenerator[Worker]:
    """The worker; on leaving, running answers get the rest of the time that a shutdown may take."""
    worker = Worker(desk, parts.tasks)
    limit = parts.settings.server.shutdown_seconds
    with draining(worker.stop_claiming, desk.gateway.live.end_all, limit):
        worker.start()
        try:
            yield worker
        finally:
            await worker.close(limit)


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """What has been opened. The store that ends background answers performs what `announcer` gives it as it does."""

    settings: Settings
    database: SqliteDatabase
    responses: Responses
    discovery: Discovery
    announcer: Announcer[Work[None]]
    tasks: asyncio.TaskGroup
    surroundings: Surroundings

    @cached_property
    def conversation_desk(self) -> ConversationDesk:
        return ConversationDesk(self.conversations, self.turns, self.responses, Leases(self.turns, self.tasks))

    @cached_property
    def turns(self) -> SqliteConversationTurns:
        return SqliteConversationTurns(self.database, time.time)

    @cached_property
    def conversations(self) -> SqliteConversations:
        return SqliteConversations(self.database, time.time)

    record: Record

    def gateway(self) -> Gateway:
        settings = self.settings
        policy = Policy(
            retries=RetryPolicy(**msgspec.structs.asdict(settings.retries)),
            retention_days=settings.responses.retention_days,
            implicit_conversation=settings.responses.implicit_conversation,
            strict=settings.responses.strict,
            hold_seconds=settings.responses.hold_seconds,
        )
        aliases = {name: alias.targets for name, alias in settings.models.items()}
        router = ModelRouter(self.discovery, aliases)
        return Gateway(router, self.responses, policy, self.surroundings, self.conversation_desk)

    def desk(self, answers_at_once: int) -> Desk:
        background = self.settings.background
        policy = BackgroundPolicy(
            answers_at_once=answers_at_once,
            running_per_tenant=background.running_per_tenant,
            queued_per_tenant=background.queued_per_tenant,
            heartbeat_seconds=min(background.heartbeat_seconds, background.lease_seconds / 3),
            limit_seconds=background.limit_seconds,
            poll_seconds=background.poll_seconds,
            cancel_clears_output=background.cancel_clears_output,
        )
        return Desk(
            gateway=self.gateway(),
            responses=self.responses,
            jobs=SqliteJobs(
                self.database, time.time, background.lease_seconds, joining=[self._announced, self._let_go]
            ),
            journal=SqliteJournal(self.database, time.time),
            bells=Bells(),
            policy=policy,
        )

    def _announced(self, ended: StoredTurn) -> Work[None] | None:
        return self.announcer.announce(ended.tenant, ended.id, f"response.{ended.status}", int(time.time()))

    def _let_go(self, ended: StoredTurn) -> Alongside | None:
        """The conversation that an answer in the background held, if it did not let go by itself."""
        view = None if ended.parent_id is None else view_of(ended.parent_id)
        return None if view is None else self.turns.ending(Holder(ended.tenant, view.conversation_id, ended.id), ())

    def routing(self, desk: Desk, worker: Worker) -> Routing:
        settings, gateway = self.settings, desk.gateway
        heartbeat = Heartbeat(settings.responses.keepalive_seconds, self.tasks)
        for work in (heartbeat.run(), self.discovery.keep(), Sweeper(self.database, time.time, _SWEEP_SECONDS).run()):
            self.tasks.create_task(work)
        options = EdgeOptions(settings.server.max_body_bytes, settings.responses.done_marker)
        background = BackgroundEndpoints(
            Background(desk, worker), heartbeat, self.tasks, done_marker=options.done_marker
        )
        responses = ResponsesEndpoints(gateway, self.responses, background, heartbeat, self.tasks, options)
        relay = Relay(gateway.router, gateway.policy.retries, random.random)
        conversations = ConversationEndpoints(
            self.conversations, self.conversation_desk, self.surroundings, options.max_body_bytes
        )
        chat = ChatEndpoint(relay, self.tasks, options.max_body_bytes)
        models = ModelsEndpoints(self._cards)
        keyring = _keyring(settings)
        health = HealthEndpoints(__version__, {"database": self.database.ping})
        handlers = Handlers(
            create_response=responses.create,
            retrieve_response=responses.retrieve,
            delete_response=responses.delete,
            cancel_response=background.cancel,
            list_input_items=responses.input_items,
            create_conversation=conversations.create,
            retrieve_conversation=conversations.retrieve,
            update_conversation=conversations.update,
            delete_conversation=conversations.delete,
            add_conversation_items=conversations.add_items,
            list_conversation_items=conversations.list_items,
            retrieve_conversation_item=conversations.retrieve_item,
            delete_conversation_item=conversations.delete_item,
            create_chat_completion=chat.create,
            list_models=models.list_models,
            retrieve_model=models.retrieve_model,
            health=health.health,
            ready=health.ready,
            openapi=OpenApiEndpoint(__version__),
            docs=DocsEndpoint(),
            landing=LandingEndpoint(__version__),
            refuse_upgrade=refuse_upgrade,
            connect=self._sockets(gateway, keyring).connect if settings.websocket.enabled else None,
        )
        return routing(handlers, keyring)

    def _sockets(self, gateway: Gateway, keyring: Keyring) -> Sockets:
        websocket = self.settings.websocket
        limits = Limits(websocket.concurrent_turns, websocket.max_stream_ids, websocket.max_frame_bytes)
        parts = SocketParts(
            gateway=gateway,
            responses=self.responses,
            keyring=keyring,
            memory=ChainMemory(websocket.memory_bytes),
            record=self.record,
            options=SocketOptions(limits, websocket.lifetime_seconds),
        )
        return Sockets(parts)

    async def _cards(self) -> list[ModelCard]:
        """Every model on offer: the owner's own names last, each with what is known of its first target."""
        cards = await self.discovery.cards()
        known = {card.id: card for card in cards}
        aliases = [
            msgspec.structs.replace(known[alias.targets[0]], id=name, owned_by="antiphon")
            if alias.targets[0] in known
            else ModelCard(id=name, owned_by="antiphon")
            for name, alias in self.settings.models.items()
        ]
        return [*cards, *aliases]


def _keyring(settings: Settings) -> Keyring:
    keys = [(key.key, Caller(key.tenant or key.name, key.name)) for key in settings.keys]
    if settings.master_key is not None:
        keys.append((settings.master_key, Caller(MASTER, MASTER)))
    return Keyring(keys)


def _sealing_secrets(settings: Settings) -> list[str]:
    """The one that seals first. Without any, what was sealed can be opened for as long as this process lives."""
    named = [*settings.security.sealing_keys, *filter(None, [settings.master_key])]
    return named or [os.urandom(32).hex()]


def _providers(settings: Settings, stack: AsyncExitStack) -> list[Provider]:
    timeouts = settings.timeouts
    limits = Timeouts(
        connect=timeouts.connect_seconds,
        first_byte=timeouts.first_byte_seconds,
        idle=timeouts.idle_seconds,
        whole=timeouts.whole_seconds,
    )
    trust = default_trust()
    upstreams: dict[str | None, HttpUpstream] = {}
    seals = Seals(_sealing_secrets(settings), os.urandom)
    native, chat = ResponsesUpstream(seals, seals.pseudonym), ChatUpstream(seals, seals.pseudonym)
    dialects: dict[str, UpstreamDialect] = {native.name: native, chat.name: chat}
    providers: list[Provider] = []
    for name, provider in settings.providers.items():
        if not provider.enabled or name == "demo":
            continue
        proxy = provider.proxy
        if proxy not in upstreams:
            upstreams[proxy] = HttpUpstream(limits, proxies=Proxies.parse(proxy, proxy), trust=trust)
            stack.push_async_callback(upstreams[proxy].close)
        providers.append(ProviderInstance(name, provider, upstreams[proxy], dialects))
    if "demo" not in settings.providers or settings.providers["demo"].enabled:
        providers.append(Demo(dialects["chat"], time.time))
    return providers


@dataclass(frozen=True, slots=True)
class _NoticePost:
    """Implements `notices.NoticePost` for one address."""

    upstream: HttpUpstream
    endpoint: Endpoint

    async def __call__(self, headers: Mapping[str, str], body: bytes) -> UpstreamReply:
        lines = header_block({"user-agent": f"antiphon/{__version__}", **headers})
        return await self.upstream.post(self.endpoint, lines, body)


def webhook_receivers(settings: Settings, stack: AsyncExitStack) -> list[Receiver]:
    """Whoever is told of background answers, in the order of the settings. Opens nothing before it is needed."""
    limits = Timeouts(first_byte=SECONDS, idle=SECONDS, whole=SECONDS)
    upstreams: dict[Egress, HttpUpstream] = {}
    receivers: list[Receiver] = []
    for webhook in settings.webhooks:
        egress = Egress(allow_http=webhook.allow_http, allow_private=webhook.allow_private)
        if egress not in upstreams:
            upstreams[egress] = HttpUpstream(limits, egress=egress)
            stack.push_async_callback(upstreams[egress].close)
        endpoint = Endpoint.parse(webhook.url)
        keys = [key_of(secret) for secret in webhook.all_secrets]
        post = _NoticePost(upstreams[egress], endpoint)
        receivers.append(Receiver(name=name_of(webhook.url), host=endpoint.host, keys=keys, post=post))
    return receivers


def _announcer(
    settings: Settings, receivers: Sequence[Receiver], database: SqliteDatabase, tasks: asyncio.TaskGroup
) -> Announcer[Work[None]]:
    """The outbox, and a task that empties it where there is anybody to tell."""
    sender = Sender(receivers, time.time, random.random)
    subscriptions = [
        Subscription(
            receiver.name,
            frozenset(webhook.all_events),
            None if webhook.tenants is None else frozenset(webhook.tenants),
        )
        for receiver, webhook in zip(receivers, settings.webhooks, strict=True)
    ]
    outbox = SqliteOutbox(database, time.time, subscriptions, sender.wake)
    if receivers:
        tasks.create_task(sender.run(outbox))
    return outbox


class _Closing(Exception):
    """The application is closing."""


@asynccontextmanager
async def _background() -> AsyncGenerator[asyncio.TaskGroup]:
    """A group whose tasks, endless ones among them, end with it."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
            raise _Closing
    except* _Closing:
        pass
