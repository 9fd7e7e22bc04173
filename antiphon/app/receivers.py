"""Webhooks: whom the settings name, and the outbox that tells them."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from antiphon import __version__
from antiphon.notices import Announcer, Subscription
from antiphon.protocols import UpstreamReply
from antiphon.providers.deadlines import Timeouts
from antiphon.providers.egress import Egress
from antiphon.providers.endpoint import Endpoint, header_block
from antiphon.providers.http import HttpUpstream
from antiphon.settings import Settings
from antiphon.store.database import SqlDatabase
from antiphon.store.outbox import SqlOutbox
from antiphon.store.work import Work
from antiphon.webhooks.receiver import SECONDS, Receiver, name_of
from antiphon.webhooks.sender import Sender
from antiphon.wire.webhooks import key_of


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


def announcer(
    settings: Settings, receivers: Sequence[Receiver], database: SqlDatabase, tasks: asyncio.TaskGroup
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
    outbox = SqlOutbox(database, time.time, subscriptions, sender.wake)
    if receivers:
        tasks.create_task(sender.run(outbox))
    return outbox
