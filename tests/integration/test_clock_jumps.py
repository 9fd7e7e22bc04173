"""Somebody sets the wall clock while the gateway works: nothing acknowledged is lost, and nothing is done twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from antiphon.lifecycle_settings import BackgroundSettings
from antiphon.settings import ResponsesSettings
from tests.integration.harness import PATIENCE, Answer, Gateway, ask, asking, events_of, serving, settings_for
from tests.integration.provider import LAST, STREAMING, Upstream, native_events, piece, providing, response, whole
from tests.integration.upstream.origin import Peer, Request

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAY = 86_400
HALF_AN_HOUR = 1_800
JUMPS = pytest.mark.parametrize(
    "jump", [HALF_AN_HOUR, -HALF_AN_HOUR, 5, -5], ids=["half an hour on", "half an hour back", "5 s on", "5 s back"]
)


@dataclass(slots=True)
class Scene:
    gateway: Gateway
    upstream: Upstream
    clock: Path
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    def jump(self, seconds: int) -> None:
        """The clock is wrong by so many seconds from now on."""
        self.clock.write_text(str(seconds))

    async def speak(self, request: Request, peer: Peer) -> None:
        """Half an answer, and the rest when it is told to go on."""
        asked = json.loads(request.body)
        streams = asked.get("stream")
        *events, last = map(piece, native_events("Well "))
        if streams:
            await peer.say(STREAMING + b"".join(events))
        self.begun.set()
        await self.goes_on.wait()
        await peer.say(last + LAST if streams else whole(json.dumps(response("Well ")).encode()))

    async def ask(self, **more: object) -> Answer:
        return await ask(self.gateway, "POST", "/v1/responses", {"model": "native/m", "input": "Hi", **more})

    async def get(self, name: str) -> Answer:
        return await ask(self.gateway, "GET", f"/v1/responses/{name}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Scene]:
    folder = tmp_path_factory.mktemp("clock")
    clock = folder / "clock"
    clock.write_text("0")

    async def speak(request: Request, peer: Peer) -> None:
        await made.speak(request, peer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANTIPHON_TEST_CLOCK", str(clock))
        async with providing(speak) as upstream:
            settings = settings_for(
                upstream.port,
                f"sqlite:///{folder}/antiphon.db",
                responses=ResponsesSettings(hold_seconds=0.0, retention_days=1),
                background=BackgroundSettings(poll_seconds=0.05, heartbeat_seconds=0.1, lease_seconds=5),
            )
            async with serving(settings, folder / "log", "tests.integration.jumping_process") as gateway:
                made = Scene(gateway, upstream, clock)
                yield made
                assert not [line for line in gateway.lines() if "traceback" in line]


@pytest_asyncio.fixture(loop_scope="module")
async def stage(scene: Scene) -> AsyncGenerator[Scene]:
    scene.jump(0)
    scene.goes_on.set()
    scene.upstream.requests.clear()
    yield scene
    scene.jump(0)


@JUMPS
async def test_what_was_kept_is_found_and_gone_on_from(stage: Scene, jump: int) -> None:
    before = (await stage.ask()).json
    stage.jump(jump)
    assert (await stage.get(before["id"])).json == before
    after = (await stage.ask(previous_response_id=before["id"])).json
    assert after["status"] == "completed"
    assert (await stage.get(after["id"])).json == after
    stage.jump(0)
    assert (await stage.get(after["id"])).json == after
    assert (await stage.ask(previous_response_id=after["id"])).status == 200
    assert (await ask(stage.gateway, "GET", "/health/ready")).status == 200


@JUMPS
async def test_a_stream_is_not_cut(stage: Scene, jump: int) -> None:
    stage.goes_on.clear()
    body = {"model": "native/m", "input": "Hi", "stream": True}
    async with asyncio.timeout(PATIENCE), asking(stage.gateway, "POST", "/v1/responses", body) as exchange:
        await exchange.head()
        first = await exchange.piece()
        stage.jump(jump)
        assert (await ask(stage.gateway, "GET", "/health")).status == 200
        stage.goes_on.set()
        told = events_of(first + await exchange.rest())
    assert told[-1]["type"] == "response.completed"
    assert (await stage.get(told[-1]["response"]["id"])).json == told[-1]["response"]


@JUMPS
async def test_an_answer_in_the_background_is_given_once(stage: Scene, jump: int) -> None:
    stage.goes_on.clear()
    stage.begun.clear()
    name = (await stage.ask(background=True)).json["id"]
    async with asyncio.timeout(PATIENCE):
        await stage.begun.wait()
        stage.jump(jump)
        for _ in range(5):  # beats of the heart that keeps the lease
            assert (await stage.get(name)).json["status"] == "in_progress"
            await asyncio.sleep(0.1)
        stage.goes_on.set()
        while (await stage.get(name)).json["status"] == "in_progress":
            continue
    assert (await stage.get(name)).json["status"] == "completed"
    assert len(stage.upstream.requests) == 1


@JUMPS
async def test_a_request_that_comes_again_is_answered_from_memory(stage: Scene, jump: int) -> None:
    body = {"model": "native/m", "input": "Hi"}
    key = f"jump-{jump}"
    first = await ask(stage.gateway, "POST", "/v1/responses", body, Idempotency_Key=key)
    stage.jump(jump)
    again = await ask(stage.gateway, "POST", "/v1/responses", body, Idempotency_Key=key)
    assert again.json["id"] == first.json["id"]
    assert len(stage.upstream.requests) == 1


async def test_what_is_to_go_goes_by_the_clock_and_nothing_else_does(stage: Scene) -> None:
    old = (await stage.ask()).json["id"]
    stage.jump(2 * DAY)
    new = (await stage.ask()).json["id"]
    assert (await stage.get(old)).status == 404
    assert (await stage.get(new)).status == 200
    stage.jump(0)
    assert (await stage.get(new)).status == 200
