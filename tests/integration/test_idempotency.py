"""One answer for one key: while it is made, when its client has gone, in another process, after a crash."""

import asyncio
import json
import signal
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from antiphon.lifecycle_settings import IdempotencySettings
from tests.integration.harness import PATIENCE, Answer, Gateway, ask, asking, frames_of, serving, settings_for, until
from tests.integration.provider import (
    LAST,
    STREAMING,
    Hangup,
    Upstream,
    native_events,
    piece,
    providing,
    response,
    whole,
)
from tests.integration.upstream.origin import Peer, Request

ANSWER = whole(json.dumps(response("Hello")).encode())
EVENTS = native_events("One ", "two ", "three.")
BODY: dict[str, Any] = {"model": "native/m", "input": "Hi"}
STREAM: dict[str, Any] = BODY | {"stream": True}


class Stage:
    """A provider that waits for the test before it goes on, and counts what it is asked."""

    def __init__(self, upstream: Upstream, folder: Path, lease_seconds: float = 15.0) -> None:
        self.upstream = upstream
        self.folder = folder
        self.asked = 0
        self.go_on = asyncio.Event()
        self.settings = settings_for(
            upstream.port,
            f"sqlite:///{folder}/antiphon.db",
            idempotency=IdempotencySettings(lease_seconds=lease_seconds),
        )
        upstream.script = self.script

    async def script(self, request: Request, peer: Peer) -> None:
        self.asked += 1
        if b'"stream":true' in request.body:
            await peer.say(STREAMING + b"".join(piece(event) for event in EVENTS[:6]))
            await self.go_on.wait()
            await peer.say(b"".join(piece(event) for event in EVENTS[6:]) + LAST)
        else:
            await self.go_on.wait()
            await peer.say(ANSWER)

    def serving(self, log: str = "log") -> AbstractAsyncContextManager[Gateway]:
        return serving(self.settings, self.folder / log)

    def keys(self) -> int:
        with closing(sqlite3.connect(self.folder / "antiphon.db")) as connection:
            (count,) = connection.execute("SELECT count(*) FROM idempotency_keys").fetchone()
            return int(count)

    def kept(self) -> int:
        with closing(sqlite3.connect(self.folder / "antiphon.db")) as connection:
            (count,) = connection.execute("SELECT count(*) FROM responses").fetchone()
            return int(count)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncGenerator[Stage]:
    async with staged(tmp_path) as made:
        yield made


@asynccontextmanager
async def staged(folder: Path, lease_seconds: float = 15.0) -> AsyncGenerator[Stage]:
    async def nothing(_: Request, peer: Peer) -> None:
        raise Hangup

    async with providing(nothing) as upstream:
        yield Stage(upstream, folder, lease_seconds)


async def post(gateway: Gateway, body: dict[str, Any], key: str = "k-1") -> Answer:
    return await ask(gateway, "POST", "/v1/responses", body, Idempotency_Key=key)


@pytest.mark.parametrize("body", [BODY, STREAM, STREAM | {"store": False}])
async def test_equal_requests_at_the_same_time_are_one_request(stage: Stage, body: dict[str, Any]) -> None:
    async with stage.serving() as gateway:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(post(gateway, body)) for _ in range(3)]
            await until(lambda: stage.asked, "the provider is asked")
            stage.go_on.set()
        first, *others = [task.result() for task in tasks]
        assert first.status == 200, first
        assert all((other.status, other.body) == (200, first.body) for other in others)
        again = await post(gateway, body)
        assert (again.status, again.body) == (200, first.body)
        assert stage.asked == 1
        assert stage.kept() == stage.keys() == (0 if "store" in body else 1)


async def test_who_comes_later_reads_the_stream_from_its_beginning_while_it_is_made(stage: Stage) -> None:
    async with stage.serving() as gateway, asyncio.timeout(10):
        headers = {"Idempotency_Key": "k"}
        async with (
            asking(gateway, "POST", "/v1/responses", STREAM, **headers) as first,
            asking(gateway, "POST", "/v1/responses", STREAM, **headers) as second,
        ):
            await first.head()
            await second.head()
            begun: list[bytes] = []
            for exchange in (first, second):
                said = b""
                while b"two" not in said:
                    said += await exchange.piece()
                begun.append(said)
            stage.go_on.set()
            whole_streams = [begun[0] + await first.rest(), begun[1] + await second.rest()]
            assert frames_of(whole_streams[0]) == frames_of(whole_streams[1])
            assert whole_streams[0].endswith(b"data: [DONE]\n\n")
    assert stage.asked == 1


async def test_a_retry_finds_the_answer_of_the_client_that_left(stage: Stage) -> None:
    body = STREAM
    async with stage.serving() as gateway:
        async with asking(gateway, "POST", "/v1/responses", body, Idempotency_Key="k-1") as exchange:
            await until(lambda: stage.asked, "the provider is asked")
            exchange.leave()
        await until(lambda: any(line.get("status") == 499 for line in gateway.lines()), "the client is missed")
        stage.go_on.set()
        await until(lambda: stage.kept() == 1, "the answer is kept")
        answer = await post(gateway, body)
        assert answer.status == 200
        assert b"Hello" in answer.body or b"three." in answer.body
    async with stage.serving("after") as restarted:
        again = await post(restarted, body)
        assert (again.status, again.body) == (200, answer.body)
    assert stage.asked == 1


async def test_two_processes_answer_once(stage: Stage) -> None:
    async with stage.serving("one") as one, stage.serving("two") as two:
        for number, body in enumerate((BODY, STREAM), start=1):
            stage.go_on.clear()
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(post(gateway, body, f"k-{number}")) for gateway in (one, two)]
                await until(lambda: stage.asked == number, "the provider is asked")  # noqa: B023 - awaited at once
                stage.go_on.set()
            first, second = [task.result() for task in tasks]
            assert (first.status, first.body) == (200, second.body)
            assert (await post(two, body | {"input": "Other"}, f"k-{number}")).status == 409
    assert stage.asked == 2


async def test_a_process_that_dies_leaves_its_key_to_the_next(tmp_path: Path) -> None:
    async with staged(tmp_path, lease_seconds=1.0) as stage, stage.serving("two") as two:
        async with stage.serving("one") as one, asking(one, "POST", "/v1/responses", BODY, Idempotency_Key="k-1"):
            await until(lambda: stage.asked, "the provider is asked")
            one.kill()
        stage.go_on.set()
        answer = await post(two, BODY)
        assert answer.status == 200
        assert stage.asked == 2
        assert (await post(two, BODY)).body == answer.body


async def test_what_was_never_answered_is_asked_anew(stage: Stage) -> None:
    async def refuse(_: Request, peer: Peer) -> None:
        stage.asked += 1
        await peer.say(whole(b"{}", status="500 Broken"))

    stage.upstream.script = refuse
    async with stage.serving() as gateway:
        for expected in (1, 2):
            assert (await post(gateway, BODY)).status == 502
            assert stage.asked == expected
        assert (await post(gateway, BODY | {"temperature": 5})).status == 400
        assert stage.keys() == 0
        stage.upstream.script = stage.script
        stage.go_on.set()
        assert (await post(gateway, BODY)).status == 200


async def test_a_stream_that_broke_and_is_kept_is_told_again(stage: Stage) -> None:
    async def break_off(_: Request, peer: Peer) -> None:
        stage.asked += 1
        await peer.say(STREAMING + b"".join(piece(event) for event in EVENTS[:6]))
        raise Hangup

    stage.upstream.script = break_off
    async with stage.serving() as gateway:
        first = await post(gateway, STREAM)
        assert b"event: response.failed" in first.body
        assert (await post(gateway, STREAM)).body == first.body
    assert stage.asked == 1


async def test_another_body_under_the_key_is_a_conflict_and_another_tenant_is_not(stage: Stage) -> None:
    stage.go_on.set()
    async with stage.serving() as gateway:
        first = await post(gateway, BODY)
        refused = await post(gateway, BODY | {"input": "Another"})
        assert refused.status == 409
        assert refused.error["code"] == "idempotency_key_reused"
        assert refused.headers["x-should-retry"] == "false"
        assert (await post(gateway, BODY | {"input": "Another"}, "k-2")).status == 200
        for wrong in ("", "k" * 256, "\t", "k\xe9"):
            told = await post(gateway, BODY, wrong)
            assert (told.status, told.error["code"]) == (400, "invalid_idempotency_key")
        deleted = await ask(gateway, "DELETE", f"/v1/responses/{first.json['id']}")
        assert deleted.status == 200
    assert stage.asked == 2


async def test_a_shutdown_waits_for_an_answer_that_only_its_key_waits_for(stage: Stage) -> None:
    async with stage.serving() as gateway:
        async with asking(gateway, "POST", "/v1/responses", BODY, Idempotency_Key="k-1") as exchange:
            await until(lambda: stage.asked, "the provider is asked")
            exchange.leave()
        await until(lambda: any(line.get("status") == 499 for line in gateway.lines()), "the client is missed")
        gateway.process.send_signal(signal.SIGTERM)
        stage.go_on.set()
        await asyncio.to_thread(gateway.process.wait, PATIENCE)
    assert stage.kept() == 1
