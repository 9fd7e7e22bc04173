"""Fakes of what stands around providers: an HTTP client, dialects that are never asked anything, recorded lists."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typing_extensions import override

from antiphon.errors import UpstreamError
from antiphon.protocols import Built, Counting, Media, Reader, Target, Turn, UpstreamDialect, UpstreamReply
from antiphon.provider_settings import ProviderSettings
from antiphon.providers.deadlines import Timeouts
from antiphon.providers.endpoint import Endpoint
from antiphon.providers.instance import ProviderInstance
from antiphon.wire.events import Outcome
from tests.fakes import ScriptedReply, Step

RECORDINGS = Path(__file__).resolve().parents[2] / "recordings"


class NamedDialect(UpstreamDialect):
    """A dialect by its name alone."""

    @property
    @override
    def counting(self) -> Counting | None:
        return None

    def __init__(self, name: str) -> None:
        self.name = name

    @override
    def build(self, turn: Turn, target: Target) -> Built:
        raise AssertionError(self.name)

    @override
    def reader(self, turn: Turn, target: Target) -> Reader:
        raise AssertionError(self.name)

    @override
    def whole(self, turn: Turn, target: Target, body: bytes) -> Outcome:
        raise AssertionError(self.name)

    @override
    def unreachable(self, target: Target) -> frozenset[Media]:
        return frozenset()

    @override
    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        raise AssertionError(self.name)


RESPONSES, CHAT = NamedDialect("responses"), NamedDialect("chat")
DIALECTS = {"responses": RESPONSES, "chat": CHAT, "ollama": NamedDialect("ollama")}


class ScriptedUpstream:
    """Answers by path, and remembers what it was sent."""

    def __init__(self, bodies: dict[str, bytes] | None = None, status: int = 200) -> None:
        self.bodies = bodies or {}
        self.status = status
        self.sent: list[tuple[str, str, bytes, bytes]] = []
        self.replies: list[ScriptedReply] = []
        self.timeouts: list[Timeouts | None] = []

    async def post(
        self,
        endpoint: Endpoint,
        headers: bytes,
        body: bytes,
        timeouts: Timeouts | None = None,
        *,
        patient: bool = False,
    ) -> UpstreamReply:
        self.timeouts.append(timeouts)
        return self._reply("POST", endpoint, headers, body)

    def lasting(self, seconds: float) -> Timeouts:
        return Timeouts(whole=seconds)

    async def get(self, endpoint: Endpoint, headers: bytes) -> UpstreamReply:
        return self._reply("GET", endpoint, headers, b"")

    async def delete(self, endpoint: Endpoint, headers: bytes) -> UpstreamReply:
        return self._reply("DELETE", endpoint, headers, b"")

    def _reply(self, method: str, endpoint: Endpoint, headers: bytes, body: bytes) -> UpstreamReply:
        path = endpoint.target.decode()
        self.sent.append((method, endpoint.origin + path, headers, body))
        reply = ScriptedReply([Step(self.bodies.get(path, b"{}"))], self.status, {})
        self.replies.append(reply)
        return reply


def instance(name: str, upstream: ScriptedUpstream | None = None, **settings: Any) -> ProviderInstance:
    """A provider as the settings would make it."""
    return ProviderInstance(name, ProviderSettings(**settings), upstream or ScriptedUpstream(), DIALECTS)


def recorded_list(api: str) -> bytes:
    """The one recorded answer of a provider's list of models."""
    [path] = sorted((RECORDINGS / api).glob("*.json"))
    return json.dumps(json.loads(path.read_bytes())["response"]["body"]).encode()
