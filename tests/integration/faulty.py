"""A gateway whose provider does everything wrong, and what must hold whatever that is."""

import json
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec import structs

from antiphon.settings import ResponsesSettings, RetrySettings, TimeoutSettings
from tests.grammar import check_stream
from tests.integration.harness import UPSTREAM_KEY, Answer, Gateway, ask, events_of, frames_of, serving, settings_for
from tests.integration.provider import (
    Hangup,
    Upstream,
    chat_events,
    completion,
    native_events,
    providing,
    response,
    whole,
)
from tests.integration.upstream.origin import Peer, Request

KINDS = ["native", "chat"]
WORDS = ("One ", "two ", "three ", "four.")
SILENCE = 0.15


async def refuse(_: Request, peer: Peer) -> None:
    await peer.say(whole(b"{}", status="500 Broken"))


@dataclass(slots=True)
class Scene:
    gateway: Gateway
    upstream: Upstream

    def says(self, *said: bytes, then: str = "hangs up") -> None:
        """What the provider does with every request."""

        async def script(_: Request, peer: Peer) -> None:
            for data in said:
                await peer.say(data)
            if then == "goes on":
                return
            if then == "falls silent":
                await peer.gone()
            elif then == "resets":
                peer.reset()
            raise Hangup

        self.upstream.script = script

    async def ask(self, kind: str, *, stream: bool) -> Answer:
        answer = await ask(
            self.gateway, "POST", "/v1/responses", {"model": f"{kind}/m", "input": "Hi", "stream": stream}
        )
        text = answer.body.decode() + str(answer.headers)
        for secret in ("127.0.0.1", "localhost", f":{self.upstream.port}", UPSTREAM_KEY, "Traceback"):
            assert secret not in text
        return answer

    async def refused(self, kind: str, *, stream: bool) -> dict[str, Any]:
        """The error of a request that gets no answer."""
        answer = await self.ask(kind, stream=stream)
        error = answer.error
        return error | {"status": answer.status}

    async def failed(self, kind: str) -> list[dict[str, Any]]:
        """The events of a stream that begins, breaks, and is ended as the specification asks for."""
        answer = await self.ask(kind, stream=True)
        assert answer.status == 200
        events = events_of(answer.body)
        check_stream(events, relayed=kind == "native")
        assert [event["type"] for event in events[-2:]] == ["error", "response.failed"]
        error = events[-2]["error"]
        assert {"type", "code", "message"} <= set(error)
        final = events[-1]["response"]
        assert final["error"]["code"] in ("server_error", "rate_limit_exceeded")
        assert final["error"]["message"] == error["message"]
        kept = await ask(self.gateway, "GET", f"/v1/responses/{final['id']}")
        assert kept.json == final
        replayed = await ask(self.gateway, "GET", f"/v1/responses/{final['id']}?stream=true")
        assert frames_of(replayed.body) == frames_of(answer.body)
        return events

    async def completed(self, kind: str, *, stream: bool, text: str = "".join(WORDS)) -> None:
        answer = await self.ask(kind, stream=stream)
        assert answer.status == 200, answer
        if stream:
            events = events_of(answer.body)
            check_stream(events, relayed=kind == "native")
            final = events[-1]["response"]
        else:
            final = answer.json
        assert final["status"] == "completed"
        assert final["output"][0]["content"][0]["text"] == text


def good_body(kind: str, text: str = "".join(WORDS)) -> bytes:
    return json.dumps(response(text) if kind == "native" else completion(text)).encode()


def good(kind: str, **headers: str) -> bytes:
    return whole(good_body(kind), **headers)


def events(kind: str) -> list[bytes]:
    return native_events(*WORDS) if kind == "native" else chat_events(*WORDS)


def some_events(kind: str) -> list[bytes]:
    """As far as the second word."""
    return events(kind)[: 6 if kind == "native" else 3]


@asynccontextmanager
async def gateway_before_a_faulty_provider(folder: Path) -> AsyncGenerator[Scene]:
    """Two attempts, little patience, and an opening that is held until there is output."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        async with providing(refuse) as upstream:
            settings = settings_for(
                upstream.port,
                f"sqlite:///{folder}/antiphon.db",
                responses=ResponsesSettings(hold_seconds=10),
                timeouts=TimeoutSettings(
                    connect_seconds=1, first_byte_seconds=SILENCE, idle_seconds=SILENCE, whole_seconds=1
                ),
                retries=RetrySettings(attempts_per_target=2, base_seconds=0),
            )
            closed = f"http://127.0.0.1:{nobody.getsockname()[1]}/v1"
            for kind in KINDS:
                gone = structs.replace(settings.providers[kind], base_url=closed)
                settings.providers[f"closed-{kind}"] = gone
            async with serving(settings, folder / "log") as gateway:
                yield Scene(gateway, upstream)


@asynccontextmanager
async def unharmed(scene: Scene) -> AsyncGenerator[Scene]:
    """Whatever happens inside, the next request is served and nothing unforeseen is in the log."""
    seen = len(scene.gateway.lines())
    yield scene
    for kind in KINDS:
        scene.says(good(kind), then="goes on")
        await scene.completed(kind, stream=False)
    unforeseen = [line for line in scene.gateway.lines()[seen:] if "traceback" in line]
    assert not unforeseen
