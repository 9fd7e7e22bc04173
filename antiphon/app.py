"""Settings become objects, objects become an ASGI application: the only place that knows concrete classes."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

import msgspec

from antiphon import __version__
from antiphon.dialects.chat_upstream import ChatUpstream
from antiphon.dialects.responses_upstream import ResponsesUpstream
from antiphon.errors import BadRequest, ConfigError
from antiphon.gateway.flow import Gateway, Kept, Policy, Surroundings
from antiphon.gateway.idempotency import Idempotency
from antiphon.gateway.prompts import PromptLibrary
from antiphon.gateway.relay import Relay
from antiphon.gateway.retries import RetryPolicy
from antiphon.gateway.router import ModelRouter
from antiphon.http.auth import Keyring
from antiphon.http.call import Receive, Scope, Send
from antiphon.http.chat import ChatEndpoint
from antiphon.http.docs import DocsEndpoint, LandingEndpoint
from antiphon.http.draining import draining
from antiphon.http.edge import Edge
from antiphon.http.health import HealthEndpoints, refuse_upgrade
from antiphon.http.idempotent import IdempotentCreate
from antiphon.http.models import ModelsEndpoints
from antiphon.http.openapi import OpenApiEndpoint
from antiphon.http.prompts import PromptsEndpoints
from antiphon.http.responses import EdgeOptions, ResponsesEndpoints
from antiphon.http.routes import Handlers, Routing, routing
from antiphon.http.streams import Heartbeat
from antiphon.kept import StoredPrompt
from antiphon.observe.logs import configure
from antiphon.protocols import Caller, Responses, UpstreamDialect
from antiphon.providers.cards import ModelCard
from antiphon.providers.deadlines import Timeouts
from antiphon.providers.demo import Demo
from antiphon.providers.discovery import Discovery, Provider
from antiphon.providers.http import HttpUpstream, default_trust
from antiphon.providers.instance import ProviderInstance
from antiphon.providers.proxy import Proxies
from antiphon.settings import Settings
from antiphon.store.database import SqliteDatabase
from antiphon.store.idempotency import SqliteIdempotencyKeys
from antiphon.store.items import SqliteItems
from antiphon.store.prompts import SqlitePrompts
from antiphon.store.responses import SqliteResponses
from antiphon.store.sweeper import Sweeper
from antiphon.wire.ids import RANDOM_BYTES, NewId, identifier
from antiphon.wire.prompts import checked_template

MASTER: Final = "master"
"""The tenant, and the key's name in logs, of whoever holds the master key."""

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
        """Serves `http`, and `lifespan` before and after it."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http" and self._edge is not None:
            await self._edge(scope, receive, send)

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
    as_json = settings.logging.format == "json" or (settings.logging.format == "auto" and not sys.stderr.isatty())
    request_log = configure(sys.stderr, level=settings.logging.level, as_json=as_json)
    async with AsyncExitStack() as stack:
        stack.callback(request_log.flush)
        database = await stack.enter_async_context(
            SqliteDatabase.open(settings.database.url or "sqlite://", synchronous=settings.database.synchronous)
        )
        new_id = Identifiers()
        prompts = SqlitePrompts(database, time.time)
        parts = _Parts(
            settings=settings,
            new_id=new_id,
            prompts=PromptLibrary(_configured_prompts(settings), prompts, time.time, new_id),
            database=database,
            responses=SqliteResponses(database, time.time),
            discovery=Discovery(_providers(settings, stack), time.time),
            tasks=await stack.enter_async_context(_background()),
        )
        gateway = parts.gateway()
        idempotency = parts.idempotency(gateway)
        stack.enter_context(draining(gateway.live.end_all, settings.server.shutdown_seconds))
        stack.push_async_callback(idempotency.drain, settings.server.shutdown_seconds)
        yield Edge(parts.routing(gateway, idempotency), request_log, new_request_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What has been opened."""

    settings: Settings
    database: SqliteDatabase
    responses: Responses
    discovery: Discovery
    tasks: asyncio.TaskGroup
    prompts: PromptLibrary
    new_id: NewId

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
        surroundings = Surroundings(time.time, self.new_id, random.random)
        kept = Kept(self.prompts, SqliteItems(self.database, time.time))
        return Gateway(ModelRouter(self.discovery, aliases), self.responses, policy, surroundings, kept)

    def idempotency(self, gateway: Gateway) -> Idempotency:
        wanted = self.settings.idempotency
        lease = wanted.lease_seconds
        keys = SqliteIdempotencyKeys(self.database, time.time, lease_seconds=lease, keep_seconds=wanted.keep_seconds)
        return Idempotency(gateway, keys, self.tasks, lease_seconds=lease)

    def routing(self, gateway: Gateway, idempotency: Idempotency) -> Routing:
        settings = self.settings
        heartbeat = Heartbeat(settings.responses.keepalive_seconds, self.tasks)
        sweeper = Sweeper(self.database, time.time, _SWEEP_SECONDS)
        for work in (heartbeat.run(), self.discovery.keep(), sweeper.run(), idempotency.run()):
            self.tasks.create_task(work)
        options = EdgeOptions(settings.server.max_body_bytes, settings.responses.done_marker)
        idempotent = IdempotentCreate(
            idempotency, self.responses, heartbeat, self.tasks, done_marker=options.done_marker
        )
        responses = ResponsesEndpoints(gateway, self.responses, heartbeat, self.tasks, options, idempotent)
        relay = Relay(gateway.router, gateway.policy.retries, random.random)
        chat = ChatEndpoint(relay, self.tasks, options.max_body_bytes)
        prompts = PromptsEndpoints(self.prompts, options.max_body_bytes)
        models = ModelsEndpoints(self._cards)
        health = HealthEndpoints(__version__, {"database": self.database.ping})
        handlers = Handlers(
            create_response=responses.create,
            retrieve_response=responses.retrieve,
            delete_response=responses.delete,
            list_input_items=responses.input_items,
            create_prompt=prompts.create,
            list_prompts=prompts.list_prompts,
            retrieve_prompt=prompts.retrieve,
            add_prompt_version=prompts.add_version,
            delete_prompt=prompts.delete,
            create_chat_completion=chat.create,
            list_models=models.list_models,
            retrieve_model=models.retrieve_model,
            health=health.health,
            ready=health.ready,
            openapi=OpenApiEndpoint(__version__),
            docs=DocsEndpoint(),
            landing=LandingEndpoint(__version__),
            refuse_upgrade=refuse_upgrade,
        )
        return routing(handlers, _keyring(settings))

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


def _configured_prompts(settings: Settings) -> dict[str, StoredPrompt]:
    """Raises ConfigError for a template that no request can be made of."""
    prompts: dict[str, StoredPrompt] = {}
    for name, said in settings.prompts.items():
        try:
            template = checked_template(msgspec.json.encode(said.template))
        except BadRequest as error:
            raise ConfigError(f"`prompts.{name}.template`: {error.message}") from None
        prompts[name] = StoredPrompt(id=name, version=said.version, created_at=0, template=template)
    return prompts


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
    dialects: dict[str, UpstreamDialect] = {each.name: each for each in (ResponsesUpstream(), ChatUpstream())}
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
