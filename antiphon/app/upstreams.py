"""Providers: who is asked, over which connections, in which format."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack

import msgspec
from msgspec import UNSET

from antiphon.dialects.chat_upstream import ChatUpstream
from antiphon.dialects.cohere_upstream import CohereUpstream
from antiphon.dialects.converse_upstream import ConverseUpstream
from antiphon.dialects.embeddings_bedrock import FAMILIES, AmazonEmbeddings
from antiphon.dialects.embeddings_cohere import CohereEmbeddings
from antiphon.dialects.embeddings_google import WAYS, GoogleEmbeddings
from antiphon.dialects.embeddings_openai import MANNERS as EMBEDDING_MANNERS
from antiphon.dialects.embeddings_openai import OpenAIEmbeddings
from antiphon.dialects.gemini_upstream import GeminiUpstream
from antiphon.dialects.messages_upstream import MessagesUpstream
from antiphon.dialects.moderation_rules import RuleModerations
from antiphon.dialects.moderations import MistralModerations, OpenAIModerations
from antiphon.dialects.ollama_upstream import OllamaUpstream
from antiphon.dialects.rerank import MANNERS as RANKING_MANNERS
from antiphon.dialects.rerank import Rankings
from antiphon.dialects.responses_upstream import ResponsesUpstream
from antiphon.model_settings import ModelSettings, PriceSettings, RateSettings
from antiphon.passing_protocols import Passing
from antiphon.protocols import Sealer, Target, UpstreamDialect
from antiphon.providers.deadlines import Timeouts
from antiphon.providers.demo import Demo
from antiphon.providers.discovery import Provider
from antiphon.providers.downloads import WebDownloads
from antiphon.providers.egress import Egress
from antiphon.providers.errands import Errands
from antiphon.providers.facts import Fact
from antiphon.providers.http import HttpUpstream
from antiphon.providers.instance import Dialects, ProviderInstance
from antiphon.providers.knowledge import Knowledge
from antiphon.providers.posts import NoPost
from antiphon.providers.proxy import Proxies
from antiphon.providers.signers import Signers
from antiphon.providers.trust import default_trust, trust_of
from antiphon.sealing import Seals
from antiphon.service_protocols import MODERATION_RULES, Served, Service, ServiceDialect, ServiceDialects
from antiphon.settings import Settings
from antiphon.tls_settings import UpstreamTlsSettings
from antiphon.wire.money import Price


def seals_of(settings: Settings) -> Seals:
    """The newest key seals. Without any, what was sealed can be opened for as long as this process lives."""
    named = [*settings.security.sealing_keys, *filter(None, [settings.master_key])]
    return Seals(named or [os.urandom(32).hex()], os.urandom)


def downloads_of(settings: Settings) -> WebDownloads | None:
    """Who fetches what requests name by address."""
    wanted = settings.downloads
    if not wanted.enabled:
        return None
    egress = Egress(allow_http=wanted.allow_http, allow_private=wanted.allow_private)
    return WebDownloads(egress, seconds=wanted.seconds, max_bytes=wanted.max_bytes, most_bytes=wanted.max_request_bytes)


def dialects_of(seals: Seals) -> Dialects:
    """Every format that a provider can be spoken to in."""
    speakers: tuple[UpstreamDialect, ...] = (
        ResponsesUpstream(seals, seals.pseudonym),
        ChatUpstream(seals, seals.pseudonym),
        ConverseUpstream(seals),
        GeminiUpstream(seals),
        CohereUpstream(seals),
        OllamaUpstream(seals),
        MessagesUpstream(seals, seals.pseudonym),
        MessagesUpstream(seals, seals.pseudonym, "vertex"),
        MessagesUpstream(seals, seals.pseudonym, "bedrock"),
    )
    return {each.name: each for each in speakers}


def own_targets(sealer: Sealer) -> Mapping[str, Target]:
    """What the gateway itself is asked for. It gives no answers, so the dialect of those is any."""
    provider, _, model = MODERATION_RULES.partition("/")
    nobody = NoPost(MODERATION_RULES, ("moderations",))
    rules = Target(
        name=MODERATION_RULES,
        provider=provider,
        model=model,
        dialect=OllamaUpstream(sealer),
        post=nobody,
        services={"moderations": Served("rules", nobody)},
    )
    return {rules.name: rules}


def service_dialects() -> ServiceDialects:
    """Every format in which endpoints beside answers can be asked."""
    embeddings: dict[str, ServiceDialect] = {
        **{name: OpenAIEmbeddings(manner) for name, manner in EMBEDDING_MANNERS.items()},
        **{name: GoogleEmbeddings(way) for name, way in WAYS.items()},
        **{name: AmazonEmbeddings(family) for name, family in FAMILIES.items()},
        "cohere": CohereEmbeddings(at_amazon=False),
        "bedrock-cohere": CohereEmbeddings(at_amazon=True),
    }
    rankings: dict[str, ServiceDialect] = {name: Rankings(name) for name in RANKING_MANNERS}
    moderations: dict[str, ServiceDialect] = {
        "openai": OpenAIModerations(),
        "mistral": MistralModerations(),
        "rules": RuleModerations(),
    }
    services: dict[Service, dict[str, ServiceDialect]] = {
        "embeddings": embeddings,
        "rerank": rankings,
        "moderations": moderations,
    }
    return {(service, name): each for service, named in services.items() for name, each in named.items()}


def knowledge_of(settings: Settings) -> Knowledge:
    """What the owner says of models, over what the files say."""
    return Knowledge({name: _fact(said) for name, said in settings.models.items() if said.targets is None})


def _fact(said: ModelSettings) -> Fact:
    """What is not said is unset; numbers become decimal as they were written."""
    return Fact(
        context_window=said.context_window or UNSET,
        max_output_tokens=said.max_output_tokens or UNSET,
        input=UNSET if said.input_modalities is None else tuple(said.input_modalities),
        output=UNSET if said.output_modalities is None else tuple(said.output_modalities),
        capabilities=UNSET if said.capabilities is None else tuple(said.capabilities),
        price=UNSET if said.price is None else msgspec.convert(_said(said.price), Price),
    )


def _said(rates: RateSettings) -> dict[str, object]:
    """Rates without those that are not given."""
    known = {name: value for name, value in msgspec.structs.asdict(rates).items() if value is not None}
    if isinstance(rates, PriceSettings):
        known["steps"] = [_said(step) for step in rates.steps]
        known["services"] = {name: _said(tariff) for name, tariff in rates.services.items()}
    return known


def providers_of(
    settings: Settings, seals: Seals, knowledge: Knowledge, stack: AsyncExitStack
) -> tuple[list[Provider], Mapping[str, Passing]]:
    """Every provider that is switched on, and the ways to their own APIs. `stack` closes their connections."""
    timeouts = settings.timeouts
    limits = Timeouts(
        connect=timeouts.connect_seconds,
        first_byte=timeouts.first_byte_seconds,
        idle=timeouts.idle_seconds,
        whole=timeouts.whole_seconds,
    )
    trust = default_trust()
    upstreams: dict[tuple[str | None, UpstreamTlsSettings | None], HttpUpstream] = {}
    dialects = dialects_of(seals)
    providers: list[Provider] = []
    passing: dict[str, Passing] = {}

    def reached(name: str, proxy: str | None, tls: UpstreamTlsSettings | None) -> HttpUpstream:
        if (proxy, tls) not in upstreams:
            believed = trust if tls is None else trust_of(name, tls)
            made = HttpUpstream(limits, proxies=Proxies.parse(proxy, proxy), trust=believed)
            stack.push_async_callback(made.close)
            upstreams[proxy, tls] = made
        return upstreams[proxy, tls]

    for name, provider in settings.providers.items():
        if not provider.enabled or name == "demo":
            continue
        upstream = reached(name, provider.proxy, provider.tls)
        signers = Signers(Errands(upstream, reached(name, None, None)), time.time)
        instance = ProviderInstance(name, provider, upstream, dialects, knowledge, signers)
        providers.append(instance)
        passing[name] = instance.passing(upstream)
    if "demo" not in settings.providers or settings.providers["demo"].enabled:
        providers.append(Demo(dialects["chat"], time.time))
    return providers, passing
