"""A client that leaves: the provider stops within a second, nobody is blamed, nothing half is kept."""

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio

from antiphon.settings import RetrySettings
from tests.grammar import check_stream
from tests.integration.harness import (
    Exchange,
    Gateway,
    ask,
    asking,
    events_of,
    frames_of,
    serving,
    settings_for,
    until,
)
from tests.integration.provider import (
    LAST,
    STREAMING,
    Hangup,
    Upstream,
    chat_events,
    completion,
    native_events,
    piece,
    providing,
    response,
    streamed,
    whole,
)
from tests.integration.upstream.origin import Peer, Request

KINDS = ["native", "chat"]
WORDS = ("One ", "two ", "three ", "four.")


pytestmark = pytest.mark.asyncio(loop_scope="module")

Logged = list[dict[str, Any]]


@dataclass(slots=True)
class Scene:
    """A gateway that keeps what it answers, and a provider that falls silent."""

    gateway: Gateway
    upstream: Upstream
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    seen: int = 0

    def falls_silent_after(self, *said: bytes) -> None:
        """`reached` is set when the provider has said this; then it says nothing until the gateway leaves."""

        async def script(_: Request, peer: Peer) -> None:
            for data in said:
                await peer.say(data)
            self.reached.set()
            await peer.gone()
            raise Hangup

        self.upstream.script = script

    def requests(self) -> Logged:
        """The log lines of this test's requests, and any line that is about no request."""
        lines = self.gateway.lines()[self.seen :]
        return [line for line in lines if line["event"] != "request" or line["path"] == "/v1/responses"]

    async def abandoned(self) -> dict[str, Any]:
        """The log line of the request whose client has just left, once the provider is rid of it."""
        await until(lambda: self.upstream.connections == 0, "the provider's connection is closed", within=1.0)
        await until(self.requests, "the request is logged")
        (line,) = self.requests()
        assert line["status"] == 499
        assert line["level"] == "info"
        assert "error" not in line
        assert line["attempts"] == 1
        return line

    async def nothing_kept(self, line: dict[str, Any]) -> None:
        for query in ("", "?stream=true"):
            missing = await ask(self.gateway, "GET", f"/v1/responses/{line['response_id']}{query}")
            assert missing.status == 404
            assert missing.error["code"] == "response_not_found"

    async def still_serves(self, kind: str) -> None:
        async def answer(_: Request, peer: Peer) -> None:
            await peer.say(whole_answer(kind))

        self.upstream.script = answer
        answered = await ask(self.gateway, "POST", "/v1/responses", {"model": f"{kind}/m", "input": "Hi"})
        assert answered.status == 200, answered
        assert answered.json["status"] == "completed"


async def refuse(_: Request, peer: Peer) -> None:
    await peer.say(whole(b"{}", status="500 Broken"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one_gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[tuple[Gateway, Upstream]]:
    folder = tmp_path_factory.mktemp("disconnect")
    async with providing(refuse) as upstream:
        retries = RetrySettings(attempts_per_target=3, base_seconds=0, longest_retry_after_seconds=3600)
        settings = settings_for(upstream.port, f"sqlite:///{folder}/antiphon.db", retries=retries)
        async with serving(settings, folder / "log") as gateway:
            yield gateway, upstream


@pytest_asyncio.fixture(loop_scope="module")
async def stage(one_gateway: tuple[Gateway, Upstream]) -> Scene:
    gateway, upstream = one_gateway
    upstream.requests.clear()
    return Scene(gateway, upstream, seen=await gateway.mark())


def events(kind: str) -> list[bytes]:
    return native_events(*WORDS) if kind == "native" else chat_events(*WORDS)


def whole_answer(kind: str) -> bytes:
    return whole(json.dumps(response() if kind == "native" else completion()).encode())


async def read_until(exchange: Exchange, word: bytes) -> None:
    said = b""
    while word not in said:
        said += await exchange.piece()


@pytest.mark.parametrize("kind", KINDS)
async def test_leaving_in_the_middle_of_a_stream_stops_the_provider(stage: Scene, kind: str) -> None:
    stage.falls_silent_after(STREAMING, *map(piece, events(kind)[: -3 if kind == "chat" else -5]))
    body = {"model": f"{kind}/m", "input": "Hi", "stream": True}
    async with asking(stage.gateway, "POST", "/v1/responses", body) as exchange:
        await exchange.head()
        assert exchange.status == 200
        await read_until(exchange, b"two ")
        exchange.leave()
        line = await stage.abandoned()
    assert line["stream"] is True
    await stage.nothing_kept(line)
    await stage.still_serves(kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("said", [(), (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n",)], ids=["no", "head"])
async def test_leaving_before_the_first_byte_stops_the_provider(
    stage: Scene, *, kind: str, stream: bool, said: tuple[bytes, ...]
) -> None:
    stage.falls_silent_after(*said)
    body = {"model": f"{kind}/m", "input": "Hi", "stream": stream}
    async with asking(stage.gateway, "POST", "/v1/responses", body) as exchange:
        await stage.reached.wait()
        exchange.leave()
        line = await stage.abandoned()
    await stage.nothing_kept(line)
    await stage.still_serves(kind)


@pytest.mark.parametrize("kind", KINDS)
async def test_leaving_during_a_whole_answer_stops_the_provider(stage: Scene, kind: str) -> None:
    stage.falls_silent_after(whole_answer(kind)[:-10])
    async with asking(stage.gateway, "POST", "/v1/responses", {"model": f"{kind}/m", "input": "Hi"}) as exchange:
        await stage.reached.wait()
        exchange.leave()
        line = await stage.abandoned()
    await stage.nothing_kept(line)
    await stage.still_serves(kind)


@pytest.mark.parametrize("kind", KINDS)
async def test_leaving_between_two_attempts_means_that_there_is_no_second(stage: Scene, kind: str) -> None:
    async def busy(_: Request, peer: Peer) -> None:
        await peer.say(whole(b'{"error":{"message":"busy"}}', status="503 Busy", Retry_After="3000"))
        stage.reached.set()

    stage.upstream.script = busy
    async with asking(stage.gateway, "POST", "/v1/responses", {"model": f"{kind}/m", "input": "Hi"}) as exchange:
        await stage.reached.wait()
        exchange.leave()
        await until(stage.requests, "the request is logged", within=1.0)
    assert stage.requests()[0]["status"] == 499
    assert len(stage.upstream.requests) == 1
    await stage.still_serves(kind)


@pytest.mark.parametrize("kind", KINDS)
async def test_leaving_right_after_the_terminal_event_changes_nothing(stage: Scene, kind: str) -> None:
    async def answer(_: Request, peer: Peer) -> None:
        await peer.say(streamed(*events(kind)))

    stage.upstream.script = answer
    said = b""
    body = {"model": f"{kind}/m", "input": "Hi", "stream": True}
    async with asking(stage.gateway, "POST", "/v1/responses", body) as exchange:
        await exchange.head()
        while b"event: response.completed" not in said:
            said += await exchange.piece()
        exchange.leave()
    final = events_of(said)[-1]["response"]
    kept = await ask(stage.gateway, "GET", f"/v1/responses/{final['id']}")
    assert kept.json == final
    replayed = await ask(stage.gateway, "GET", f"/v1/responses/{final['id']}?stream=true")
    assert frames_of(replayed.body) == frames_of(said)
    await until(stage.requests, "the request is logged")
    assert stage.requests()[0]["status"] == 200


async def test_a_follower_that_leaves_does_not_end_the_answer(stage: Scene) -> None:
    go_on = asyncio.Event()

    async def answer(_: Request, peer: Peer) -> None:
        first, rest = native_events(*WORDS)[:6], native_events(*WORDS)[6:]
        await peer.say(STREAMING + b"".join(map(piece, first)))
        await go_on.wait()
        await peer.say(b"".join(map(piece, rest)) + LAST)

    stage.upstream.script = answer
    body = {"model": "native/m", "input": "Hi", "stream": True}
    async with asking(stage.gateway, "POST", "/v1/responses", body) as exchange:
        await exchange.head()
        identifier = events_of(await exchange.piece())[0]["response"]["id"]
        async with asking(stage.gateway, "GET", f"/v1/responses/{identifier}?stream=true") as follower:
            await follower.head()
            await read_until(follower, b"two ")
            follower.leave()
        go_on.set()
        said = await exchange.rest()
    assert events_of(said)[-1]["type"] == "response.completed"


async def test_a_follower_is_told_that_the_client_of_the_answer_left(stage: Scene) -> None:
    stage.falls_silent_after(STREAMING, *map(piece, native_events(*WORDS)[:6]))
    body = {"model": "native/m", "input": "Hi", "stream": True}
    async with asking(stage.gateway, "POST", "/v1/responses", body) as exchange:
        await exchange.head()
        identifier = events_of(await exchange.piece())[0]["response"]["id"]
        async with asking(stage.gateway, "GET", f"/v1/responses/{identifier}?stream=true") as follower:
            await follower.head()
            exchange.leave()
            said = events_of(await follower.rest())
    check_stream(said)
    assert [event["type"] for event in said[-2:]] == ["error", "response.failed"]


async def test_many_that_leave_cost_nothing_that_stays(stage: Scene) -> None:
    stage.falls_silent_after()
    body = {"model": "native/m", "input": "Hi", "stream": True}
    for number in range(1, 21):
        async with asking(stage.gateway, "POST", "/v1/responses", body) as exchange:
            await until(lambda asked=number: len(stage.upstream.requests) == asked, "the provider is asked")
            exchange.leave()
    await until(lambda: stage.upstream.connections == 0, "every connection to the provider is closed", within=1.0)
    await until(lambda: len(stage.requests()) == 20, "every request is logged")
    assert {line["status"] for line in stage.requests()} == {499}
    await stage.still_serves("native")
