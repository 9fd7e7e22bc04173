"""What has been opened, and what is made of it: stores, the gateway, answers in the background."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import msgspec

from antiphon.app.files import FileParts, file_parts
from antiphon.app.ids import Identifiers
from antiphon.app.process import Process
from antiphon.app.upstreams import downloads_of, own_targets
from antiphon.conversation_protocols import Alongside, Holder
from antiphon.errors import BadRequest, ConfigError
from antiphon.gateway.compact import Compactor
from antiphon.gateway.conversations import ConversationDesk
from antiphon.gateway.counting import Counter
from antiphon.gateway.desk import FOLLOW_SECONDS, BackgroundPolicy, Desk
from antiphon.gateway.flow import Gateway, Means, Policy, Surroundings
from antiphon.gateway.idempotency import Idempotency
from antiphon.gateway.leases import Leases
from antiphon.gateway.limits import Limiter
from antiphon.gateway.prompts import PromptLibrary
from antiphon.gateway.retries import RetryPolicy
from antiphon.gateway.router import ModelRouter
from antiphon.kept import StoredPrompt
from antiphon.notices import Announcer
from antiphon.passing_protocols import Passing
from antiphon.protocols import Router, Sealer, StoredTurn, Turn
from antiphon.providers.discovery import Discovery
from antiphon.records import Record
from antiphon.settings import Settings
from antiphon.store.conversation_turns import SqlConversationTurns
from antiphon.store.conversations import SqlConversations
from antiphon.store.database import SqlDatabase
from antiphon.store.idempotency import SqlIdempotencyKeys
from antiphon.store.items import SqlItems
from antiphon.store.jobs import SqlJobs
from antiphon.store.journal import SqlJournal
from antiphon.store.prompts import SqlPrompts
from antiphon.store.responses import SqlResponses
from antiphon.store.work import Work
from antiphon.wire.prompts import checked_template


@dataclass(frozen=True, kw_only=True)
class Parts:
    """One process's, for one state of its settings.

    The store that ends background answers performs what `announcer` gives it as it does.
    """

    settings: Settings
    process: Process
    discovery: Discovery
    passing: Mapping[str, Passing]
    sealer: Sealer
    announcer: Announcer[Work[None]]
    tasks: asyncio.TaskGroup
    record: Record
    limiter: Limiter | None

    @cached_property
    def surroundings(self) -> Surroundings:
        return Surroundings(time.time, Identifiers(), random.random)

    @property
    def database(self) -> SqlDatabase:
        return self.process.database

    @property
    def responses(self) -> SqlResponses:
        return self.process.responses

    @cached_property
    def conversations(self) -> SqlConversations:
        return SqlConversations(self.database, time.time)

    @cached_property
    def conversation_turns(self) -> SqlConversationTurns:
        return SqlConversationTurns(self.database, time.time)

    @cached_property
    def conversation_desk(self) -> ConversationDesk:
        turns = self.conversation_turns
        return ConversationDesk(self.conversations, turns, self.responses, Leases(turns, self.tasks))

    @cached_property
    def prompts(self) -> PromptLibrary:
        """Raises ConfigError for a template that no request can be made of."""
        stored = SqlPrompts(self.database, time.time)
        return PromptLibrary(_configured_prompts(self.settings), stored, time.time, self.surroundings.new_id)

    @cached_property
    def router(self) -> ModelRouter:
        return ModelRouter(self.discovery, self.settings.aliases, own_targets(self.sealer))

    @cached_property
    def files(self) -> FileParts:
        return file_parts(self.settings.files, self.database, self.discovery, self.surroundings)

    @cached_property
    def gateway(self) -> Gateway:
        gateway = self.gateway_with(self.router)
        gateway.live = self.process.live
        return gateway

    def gateway_with(self, router: Router) -> Gateway:
        """What answers turns, with whomever `router` names."""
        settings = self.settings
        policy = Policy(
            retries=RetryPolicy(**msgspec.structs.asdict(settings.retries)),
            retention_days=settings.responses.retention_days,
            implicit_conversation=settings.responses.implicit_conversation,
            strict=settings.responses.strict,
            hold_seconds=settings.responses.hold_seconds,
        )
        means = Means(
            prompts=self.prompts,
            items=SqlItems(self.database, time.time),
            sealer=self.sealer,
            compactor=Compactor(self.sealer, Counter(), self.discovery, self.files.attachments.bring),
            downloads=downloads_of(settings),
            attachments=self.files.attachments,
        )
        return Gateway(router, self.responses, policy, self.surroundings, self.conversation_desk, means)

    def idempotency(self, later: Callable[[Turn], Awaitable[object]]) -> Idempotency:
        """`later` stores a turn to be answered in the background."""
        wanted = self.settings.idempotency
        lease = wanted.lease_seconds
        keys = SqlIdempotencyKeys(self.database, time.time, lease_seconds=lease, keep_seconds=wanted.keep_seconds)
        return Idempotency(self.gateway, keys, self.tasks, later, bells=self.process.bells, lease_seconds=lease)

    def desk(self, answers_at_once: int) -> Desk:
        """What answers in the background are given with, so many at once in this process."""
        background = self.settings.background
        policy = BackgroundPolicy(
            answers_at_once=answers_at_once,
            running_per_tenant=background.running_per_tenant,
            queued_per_tenant=background.queued_per_tenant,
            heartbeat_seconds=min(background.heartbeat_seconds, background.lease_seconds / 3),
            limit_seconds=background.limit_seconds,
            poll_seconds=self.process.bells.look_seconds(background.poll_seconds, background.lease_seconds),
            follow_seconds=self.process.bells.look_seconds(FOLLOW_SECONDS, background.lease_seconds),
            cancel_clears_output=background.cancel_clears_output,
        )
        joining = [self._announced, self._let_go]
        return Desk(
            gateway=self.gateway,
            responses=self.responses,
            jobs=SqlJobs(self.database, time.time, background.lease_seconds, joining=joining),
            journal=SqlJournal(self.database, time.time),
            bells=self.process.bells,
            policy=policy,
            limiter=self.limiter,
        )

    def _announced(self, ended: StoredTurn) -> Work[None] | None:
        return self.announcer.announce(ended.tenant, ended.id, f"response.{ended.status}", int(time.time()))

    def _let_go(self, ended: StoredTurn) -> Alongside | None:
        """The conversation that an answer in the background may still hold, as when its worker was lost."""
        if ended.conversation_id is None:
            return None
        return self.conversation_turns.ending(Holder(ended.tenant, ended.conversation_id, ended.id), ())


def _configured_prompts(settings: Settings) -> dict[str, StoredPrompt]:
    prompts: dict[str, StoredPrompt] = {}
    for name, said in settings.prompts.items():
        try:
            template = checked_template(msgspec.json.encode(said.template))
        except BadRequest as error:
            raise ConfigError(f"`prompts.{name}.template`: {error.message}") from None
        prompts[name] = StoredPrompt(id=name, version=said.version, created_at=0, template=template)
    return prompts
