"""Providers: who is asked, over which connections, in which format."""

from __future__ import annotations

import os
import time
from contextlib import AsyncExitStack

from antiphon.dialects.chat_upstream import ChatUpstream
from antiphon.dialects.responses_upstream import ResponsesUpstream
from antiphon.protocols import UpstreamDialect
from antiphon.providers.deadlines import Timeouts
from antiphon.providers.demo import Demo
from antiphon.providers.discovery import Provider
from antiphon.providers.errands import Errands
from antiphon.providers.http import HttpUpstream, default_trust
from antiphon.providers.instance import Dialects, ProviderInstance
from antiphon.providers.proxy import Proxies
from antiphon.providers.signers import Signers
from antiphon.sealing import Seals
from antiphon.settings import Settings


def seals_of(settings: Settings) -> Seals:
    """The newest key seals. Without any, what was sealed can be opened for as long as this process lives."""
    named = [*settings.security.sealing_keys, *filter(None, [settings.master_key])]
    return Seals(named or [os.urandom(32).hex()], os.urandom)


def dialects_of(seals: Seals) -> Dialects:
    """Every format that a provider can be spoken to in."""
    speakers: tuple[UpstreamDialect, ...] = (
        ResponsesUpstream(seals, seals.pseudonym),
        ChatUpstream(seals, seals.pseudonym),
    )
    return {each.name: each for each in speakers}


def providers_of(settings: Settings, seals: Seals, stack: AsyncExitStack) -> list[Provider]:
    """Every provider that is switched on. `stack` closes their connections."""
    timeouts = settings.timeouts
    limits = Timeouts(
        connect=timeouts.connect_seconds,
        first_byte=timeouts.first_byte_seconds,
        idle=timeouts.idle_seconds,
        whole=timeouts.whole_seconds,
    )
    trust = default_trust()
    upstreams: dict[str | None, HttpUpstream] = {}
    dialects = dialects_of(seals)
    providers: list[Provider] = []

    def reached(proxy: str | None) -> HttpUpstream:
        if proxy not in upstreams:
            upstreams[proxy] = HttpUpstream(limits, proxies=Proxies.parse(proxy, proxy), trust=trust)
            stack.push_async_callback(upstreams[proxy].close)
        return upstreams[proxy]

    for name, provider in settings.providers.items():
        if not provider.enabled or name == "demo":
            continue
        upstream = reached(provider.proxy)
        signers = Signers(Errands(upstream, reached(None)), time.time)
        providers.append(ProviderInstance(name, provider, upstream, dialects, signers))
    if "demo" not in settings.providers or settings.providers["demo"].enabled:
        providers.append(Demo(dialects["chat"], time.time))
    return providers
