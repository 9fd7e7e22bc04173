"""Answers in the background outlive processes: killed, stopped, or never the ones that took the request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from antiphon.lifecycle_settings import BackgroundSettings
from antiphon.settings import ServerSettings, Settings
from tests.grammar import check_stream
from tests.integration.harness import (
    PATIENCE,
    Gateway,
    ask,
    asking,
    events_of,
    frames_of,
    serving,
    settings_for,
    until,
    worker_launched,
)
from tests.integration.provider import STREAMING, Hangup, Upstream, native_events, piece, providing, streamed
from tests.integration.upstream.origin import Peer, Request
from tests.mould import Process

WORDS = ("One ", "two ", "three ", "four.")
TOLD = native_events(*WORDS)
QUICK = BackgroundSettings(lease_seconds=0.5, heartbeat_seconds=0.1, poll_seconds=0.05)
TAKES_ONLY = msgspec.structs.replace(QUICK, answers_at_once=0)


async def answers(_: Request, peer: Peer) -> None:
    await peer.say(streamed(*TOLD))


@dataclass(slots=True)
class Silence:
    """A provider that says so many events and then nothing, until it may go on or the gateway leaves."""

    said: int
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, _: Request, peer: Peer) -> None:
        if self.said:
            await peer.say(STREAMING + b"".join(map(piece, TOLD[: self.said])))
        self.reached.set()
        async with asyncio.TaskGroup() as group:
            gone = group.create_task(self._gone(peer))
            await self.may_go_on.wait()
            gone.cancel()
        if self.left.is_set():
            raise Hangup
        await peer.say(b"".join(map(piece, TOLD[self.said :])) + b"0\r\n\r\n")

    async def _gone(self, peer: Peer) -> None:
        await peer.gone()
        self.left.set()
        self.may_go_on.set()


@dataclass(frozen=True, slots=True)
class Scene:
    """A provider, and a database that gateways come and go before."""

    upstream: Upstream
    folder: Path

    def settings(self, **sections: Any) -> Settings:
        database = f"sqlite:///{self.folder}/antiphon.db"
        return settings_for(self.upstream.port, database, **({"background": QUICK} | sections))

    @asynccontextmanager
    async def gateway(self, name: str = "gateway", **sections: Any) -> AsyncGenerator[Gateway]:
        async with serving(self.settings(**sections), self.folder / f"log-{name}") as gateway:
            yield gateway

    @asynccontextmanager
    async def worker(self) -> AsyncGenerator[Process]:
        process = worker_launched(self.settings(background=TAKES_ONLY), 4, self.folder)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncGenerator[Scene]:
    async with providing(answers) as upstream:
        yield Scene(upstream, tmp_path)


async def begin(gateway: Gateway, **members: Any) -> str:
    body = {"model": "native/m", "input": "Hi", "background": True} | members
    answer = await ask(gateway, "POST", "/v1/responses", body)
    assert (answer.status, answer.json["status"]) == (200, "queued"), answer
    return answer.json["id"]


async def followed(gateway: Gateway, response_id: str, after: int = -1) -> bytes:
    """The stream of an answer to its end."""
    number = "" if after < 0 else f"&starting_after={after}"
    answer = await ask(gateway, "GET", f"/v1/responses/{response_id}?stream=true{number}")
    assert answer.status == 200
    return answer.body


async def seen_up_to(gateway: Gateway, response_id: str, events: int) -> list[bytes]:
    """The first events of a running answer, as a follower gets them."""
    async with asking(gateway, "GET", f"/v1/responses/{response_id}?stream=true") as following:
        await following.head()
        return frames_of(await following.frames(events))


async def assert_answered(gateway: Gateway, response_id: str) -> list[dict[str, Any]]:
    raw = await followed(gateway, response_id)
    told = events_of(raw)
    check_stream(told, relayed=True)
    last = told[-1]["response"]
    assert last == (await ask(gateway, "GET", f"/v1/responses/{response_id}")).json
    return told


async def test_what_waits_when_the_server_is_killed_is_answered_by_the_next(scene: Scene) -> None:
    async with scene.gateway("before", background=TAKES_ONLY) as gateway:
        waiting = [await begin(gateway) for _ in range(5)]
        gateway.kill()
    async with scene.gateway("after") as gateway:
        for response_id in waiting:
            told = await assert_answered(gateway, response_id)
            assert told[-1]["response"]["status"] == "completed"
    assert len(scene.upstream.requests) == len(waiting)


async def test_an_answer_without_output_is_given_again_after_a_kill(scene: Scene) -> None:
    silence = scene.upstream.script = Silence(2)
    async with scene.gateway("before") as gateway:
        response_id = await begin(gateway)
        await silence.reached.wait()
        seen = await seen_up_to(gateway, response_id, 3)
        gateway.kill()
    scene.upstream.script = answers
    async with scene.gateway("after") as gateway:
        told = await assert_answered(gateway, response_id)
        assert frames_of(await followed(gateway, response_id))[:3] == seen
    assert told[-1]["response"]["status"] == "completed"
    assert len(scene.upstream.requests) == 2


async def test_an_answer_that_was_cut_by_a_kill_fails_with_what_was_seen(scene: Scene) -> None:
    scene.upstream.script = Silence(6)
    async with scene.gateway("before") as gateway:
        conversation = await conversing(gateway)
        response_id = await begin(gateway, conversation=conversation)
        seen = await seen_up_to(gateway, response_id, 7)
        gateway.kill()
    scene.upstream.script = answers
    async with scene.gateway("after") as gateway:
        told = await assert_answered(gateway, response_id)
        assert await is_free(gateway, conversation)
        assert frames_of(await followed(gateway, response_id))[:7] == seen
        rest = events_of(await followed(gateway, response_id, 6))
        turn = {"model": "native/m", "input": "Again", "conversation": conversation}
        assert (await ask(gateway, "POST", "/v1/responses", turn)).status == 200, "the conversation is free again"
        account = f"response {response_id} ended in the background: failed: The worker that gave this answer was lost."
        await until(lambda: account in gateway.log.read_text("utf-8"), "the log says how it ended")
    assert [event["sequence_number"] for event in rest] == list(range(7, len(told)))
    ended = told[-1]["response"]
    assert (ended["status"], ended["error"]["code"]) == ("failed", "server_error")
    assert "worker" in ended["error"]["message"]
    assert ended["output"][0]["content"][0]["text"] == "".join(WORDS[:2])
    assert len(scene.upstream.requests) == 2


async def test_a_worker_of_its_own_answers_what_a_server_takes_in(scene: Scene) -> None:
    silence = scene.upstream.script = Silence(6)
    async with scene.gateway(background=TAKES_ONLY) as gateway, scene.worker() as worker:
        response_id = await begin(gateway)
        await seen_up_to(gateway, response_id, 7)
        running = (await ask(gateway, "GET", f"/v1/responses/{response_id}")).json
        assert (running["status"], running["output"], running["usage"]) == ("in_progress", [], None)
        silence.may_go_on.set()
        told = await assert_answered(gateway, response_id)
        assert told[-1]["response"]["output"][0]["content"][0]["text"] == "".join(WORDS)
        worker.terminate()
        assert worker.wait(PATIENCE) == 0


async def test_a_cancel_is_heard_by_a_worker_elsewhere(scene: Scene) -> None:
    silence = scene.upstream.script = Silence(6)
    async with scene.gateway(background=TAKES_ONLY) as gateway, scene.worker():
        response_id = await begin(gateway)
        await seen_up_to(gateway, response_id, 7)
        cancelled = await ask(gateway, "POST", f"/v1/responses/{response_id}/cancel")
        assert (cancelled.status, cancelled.json["status"]) == (200, "cancelled")
        async with asyncio.timeout(PATIENCE):
            await silence.left.wait()
        told = await assert_answered(gateway, response_id)
        assert (told[-1]["type"], told[-1]["response"]) == ("response.failed", cancelled.json)


async def conversing(gateway: Gateway) -> str:
    return (await ask(gateway, "POST", "/v1/conversations", {})).json["id"]


async def is_free(gateway: Gateway, conversation: str) -> bool:
    items = {"items": [{"role": "user", "content": "More"}]}
    added = await ask(gateway, "POST", f"/v1/conversations/{conversation}/items", items)
    assert added.status == 200 or added.json["error"]["code"] == "conversation_locked", added
    return added.status == 200


async def test_a_server_that_stops_hands_back_what_nobody_has_seen_and_its_conversation_stays_held(
    scene: Scene,
) -> None:
    silence = scene.upstream.script = Silence(2)
    patient = msgspec.structs.replace(QUICK, lease_seconds=600.0)
    async with scene.gateway("before", background=patient) as gateway:
        conversation = await conversing(gateway)
        response_id = await begin(gateway, conversation=conversation)
        await silence.reached.wait()
        gateway.stop()
    assert silence.left.is_set() or await silence.left.wait()
    async with scene.gateway("between", background=TAKES_ONLY) as gateway:
        assert not await is_free(gateway, conversation)
    scene.upstream.script = answers
    async with scene.gateway("after", background=patient) as gateway:
        told = await assert_answered(gateway, response_id)
        assert told[-1]["response"]["status"] == "completed"
        assert await is_free(gateway, conversation)


async def test_a_follower_is_told_that_its_server_stops_and_goes_on_at_the_next(scene: Scene) -> None:
    silence = scene.upstream.script = Silence(2)
    async with scene.gateway("before") as gateway:
        response_id = await begin(gateway)
        await silence.reached.wait()
        path = f"/v1/responses/{response_id}?stream=true"
        async with asyncio.timeout(PATIENCE), asking(gateway, "GET", path) as seen:
            await seen.head()
            told = events_of(await seen.frames(3))
            gateway.process.terminate()
            told += events_of(await seen.rest())
        await until(lambda: gateway.process.poll() is not None, "the server has stopped")
        assert not [line for line in gateway.lines() if line["level"] == "error"]
    *shown, last = told
    assert (last["type"], last["sequence_number"]) == ("error", shown[-1]["sequence_number"])
    assert "shutting down" in last["message"]
    scene.upstream.script = answers
    async with scene.gateway("after") as gateway:
        rest = events_of(await followed(gateway, response_id, last["sequence_number"]))
        assert shown + rest == await assert_answered(gateway, response_id)


async def test_a_server_that_stops_lets_an_answer_end_if_it_can(scene: Scene) -> None:
    silence = scene.upstream.script = Silence(6)
    async with scene.gateway("before") as gateway:
        response_id = await begin(gateway)
        await seen_up_to(gateway, response_id, 7)
        gateway.process.terminate()
        await until_closed(gateway)
        silence.may_go_on.set()
        await until(lambda: gateway.process.poll() is not None, "the server has stopped")
    async with scene.gateway("after") as gateway:
        told = await assert_answered(gateway, response_id)
    assert told[-1]["response"]["status"] == "completed"


async def test_a_server_that_stops_ends_what_takes_too_long(scene: Scene) -> None:
    scene.upstream.script = Silence(6)
    async with scene.gateway("before", server=ServerSettings(shutdown_seconds=0.1)) as gateway:
        response_id = await begin(gateway)
        seen = await seen_up_to(gateway, response_id, 7)
        gateway.stop()
    async with scene.gateway("after") as gateway:
        told = await assert_answered(gateway, response_id)
        assert frames_of(await followed(gateway, response_id))[:7] == seen
    ended = told[-1]["response"]
    assert ended["status"] == "failed"
    assert "shutting down" in ended["error"]["message"]


async def until_closed(gateway: Gateway) -> None:
    """Until the server takes no more connections."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await ask(gateway, "GET", "/health")
            except OSError:
                return
            except asyncio.IncompleteReadError:
                continue
