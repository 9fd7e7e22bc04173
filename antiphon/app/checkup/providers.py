"""Providers: whether each can be reached, lets us in, and has the same time."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import AsyncExitStack
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

from antiphon.app.checkup.finding import Finding, State
from antiphon.app.upstreams import knowledge_of, providers_of, seals_of
from antiphon.errors import AntiphonError, ConfigError
from antiphon.protocols import UpstreamReply
from antiphon.providers.instance import MAX_LIST_BYTES, ProviderInstance
from antiphon.settings import Settings

_SECONDS: Final = 15.0
_APART_SECONDS: Final = 30.0
"""Signatures of clouds are refused when clocks are some minutes apart."""

_OK: Final = 200
_REFUSED: Final = frozenset({401, 403})
_BUSY: Final = 429
_FAULT: Final = 500


async def provider_findings(settings: Settings) -> list[Finding]:
    """A line for each that is switched on, and one more where something about it is wrong. All are asked at once."""
    async with AsyncExitStack() as stack:
        try:
            providers, _ = providers_of(settings, seals_of(settings), knowledge_of(settings), stack)
        except ConfigError:
            return []  # the configuration has a finding of its own
        far = [provider for provider in providers if isinstance(provider, ProviderInstance)]
        if not far:
            advice = "Set a key such as OPENAI_API_KEY; `antiphon providers` tells what switches each on."
            return [Finding("providers", "warning", "none is configured: only the demo answers", advice)]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_looked_at(provider)) for provider in far]
        return [finding for task in tasks for finding in task.result()]


async def _looked_at(provider: ProviderInstance) -> list[Finding]:
    about, began = f"provider {provider.name}", time.perf_counter()
    try:
        async with asyncio.timeout(_SECONDS):
            reply = await (provider.asked_for_list() if provider.lists_models else provider.ask(""))
            try:
                seconds = time.perf_counter() - began
                findings = [_judged(about, provider, reply, seconds), *_clock(about, reply)]
                if reply.status == _OK:
                    await reply.read(MAX_LIST_BYTES)
                return findings
            finally:
                reply.release()
    except TimeoutError:
        advice = "Look at the network, at proxies, and at whether `base_url` is right."
        return [Finding(about, "failed", f"does not answer within {_SECONDS:g} seconds", advice)]
    except AntiphonError as error:
        return [Finding(about, "failed", error.message, await _advice(provider))]


def _judged(about: str, provider: ProviderInstance, reply: UpstreamReply, seconds: float) -> Finding:
    took = f"in {seconds * 1000:.0f} ms"
    if not provider.lists_models:
        return Finding(about, "ok", f"answers {took}; it lists no models, so nothing was asked that needs the key")
    if reply.status == _OK:
        return Finding(about, "ok", f"takes the key, and listed its models {took}")
    state: State = "failed"
    if reply.status in _REFUSED:
        advice = (
            f"The key is wrong, or lacks a right: see where it is from with `antiphon providers {provider.row_name}`."
        )
    elif reply.status == _BUSY:
        state, advice = "warning", "It is reached and takes the key, and wants to be asked less."
    elif reply.status >= _FAULT:
        advice = "It is reached, and fails by itself: look at its status page."
    else:
        state, advice = "warning", "There is no list of models at that address: see whether `base_url` is right."
    return Finding(about, state, f"answered {took} with status {reply.status}", advice)


def _clock(about: str, reply: UpstreamReply) -> list[Finding]:
    said = reply.header(b"date")
    try:
        ahead = parsedate_to_datetime((said or b"").decode("latin-1")).timestamp() - time.time()
    except ValueError:
        return []
    if abs(ahead) <= _APART_SECONDS:
        return []
    advice = "Let NTP set this machine's clock: clouds refuse what is signed at another time."
    return [Finding(f"{about}: clock", "warning", f"its clock is {ahead:+.0f} s off this machine's", advice)]


async def _advice(provider: ProviderInstance) -> str:
    """What to look at where there was no answer at all."""
    host = urlsplit(provider.base_url).hostname or ""
    try:
        await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return "The name of its host is not known here: look at `base_url` and at DNS (/etc/resolv.conf)."
    return "Its host is known and was not reached: look at firewalls, proxies (HTTPS_PROXY), TLS and `base_url`."
