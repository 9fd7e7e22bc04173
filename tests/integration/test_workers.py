"""`--workers 2` on one SQLite file: one is killed, the others go on, and another takes its place."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sqlite3
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from antiphon.gateway.elsewhere import SILENCE_SECONDS
from antiphon.lifecycle_settings import IdempotencySettings
from antiphon.settings import ServerSettings
from tests.integration.fleet import CUT
from tests.integration.harness import (
    Answer,
    Exchange,
    Gateway,
    ask,
    asking,
    events_of,
    frames_of,
    launched,
    settings_for,
    until,
)
from tests.integration.provider import Upstream, native_events, providing, streamed
from tests.integration.test_background_processes import QUICK, Silence, answers, assert_answered, begin
from tests.integration.upstream.origin import Peer, Request

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLIENTS = 12
ROUNDS = 2
BEFORE, AFTER = 30, 60
"""So many answers are received before the kill, and after it."""

BACK_WITHIN = 30.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Scene:
    upstream: Upstream
    gateway: Gateway
    path: Path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Scene]:
    folder = tmp_path_factory.mktemp("workers")
    path = folder / "antiphon.db"
    async with providing(answers) as upstream:
        settings = settings_for(
            upstream.port,
            f"sqlite:///{path}",
            background=QUICK,
            idempotency=IdempotencySettings(lease_seconds=1.0),
            server=ServerSettings(workers=2),
        )
        with socket.socket() as held:
            # Bound and never listening, as the harness does it.
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            held.bind(("127.0.0.1", 0))
            gateway = launched(settings, held.getsockname()[1], folder / "log")
            try:
                await until(lambda: len(listening(path)) == 2, "both are there", BACK_WITHIN)
                while not await gateway.accepts():  # noqa: ASYNC110 - as the harness does it
                    await asyncio.sleep(0.01)
                yield Scene(upstream, gateway, path)
            finally:
                # The supervisor is told, and not killed: its workers go with it.
                await asyncio.to_thread(gateway.stop)


def listening(path: Path) -> set[int]:
    """The processes that serve on the database, each with a socket beside it."""
    folder = path.with_name(f"{path.name}-bus")
    names = [each.name for each in folder.iterdir() if not each.name.startswith(".")] if folder.exists() else []
    return {pid for pid in (int(name.partition("-")[0]) for name in names) if Path(f"/proc/{pid}").exists()}


async def kill(path: Path, pid: int) -> float:
    """How long it takes until there are as many as before."""
    before = listening(path)
    assert pid in before
    started = time.perf_counter()
    os.kill(pid, signal.SIGKILL)
    await until(lambda: len(listening(path) - {pid}) == len(before), "another takes its place", BACK_WITHIN)
    return time.perf_counter() - started


@dataclass(slots=True)
class Load:
    """Clients that ask until they are answered, each question under a key of its own."""

    gateway: Gateway
    received: dict[str, Answer] = field(default_factory=dict[str, Answer])
    cut: int = 0
    longest: float = 0.0

    async def client(self, name: str, enough: int) -> None:
        for number in count():
            if len(self.received) >= enough:
                return
            key = f"{name}-{number}"
            body = {"model": "native/m", "input": key, "stream": number % 2 == 0}
            started = time.perf_counter()
            self.received[key] = await self._answer(key, body)
            self.longest = max(self.longest, time.perf_counter() - started)

    async def _answer(self, key: str, body: dict[str, Any]) -> Answer:
        while True:
            with suppress(*CUT):
                answer = await ask(self.gateway, "POST", "/v1/responses", body, Idempotency_Key=key)
                if answer.status == 200:
                    return answer
            self.cut += 1


async def words(request: Request, peer: Peer) -> None:
    if b'"stream":true' in request.body:
        await peer.say(streamed(*native_events(*[f"word{number} " for number in range(20)])))
    else:
        await answers(request, peer)


async def test_a_worker_that_is_killed_loses_nothing_that_was_acknowledged(scene: Scene) -> None:
    scene.upstream.script = words
    load = Load(scene.gateway)
    back: list[float] = []
    for life in range(ROUNDS):
        before = len(load.received)
        async with asyncio.TaskGroup() as group:
            for name in range(CLIENTS):
                group.create_task(load.client(f"{life}-{name}", before + BEFORE + AFTER))
            await until(lambda: len(load.received) >= before + BEFORE, "answers")  # noqa: B023 - in this turn
            killing = group.create_task(kill(scene.path, min(listening(scene.path))))
        back.append(killing.result())
    ids: set[str] = set()
    for answer in load.received.values():
        told = events_of(answer.body)[-1]["response"] if frames_of(answer.body) else answer.json
        kept = await ask(scene.gateway, "GET", f"/v1/responses/{told['id']}")
        assert kept.json == told
        ids.add(told["id"])
    with closing(sqlite3.connect(scene.path)) as connection:
        assert {row[0] for row in connection.execute("SELECT id FROM responses")} == ids, "each key has one answer"
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    _log.info("%d acknowledged, %d cut, at most %.2f s for one", len(ids), load.cut, load.longest)
    _log.info("another worker after %.2f and %.2f s, %d asked", *back, len(scene.upstream.requests))


async def test_a_follower_elsewhere_is_told_at_once_that_a_stream_is_lost(scene: Scene) -> None:
    silence = scene.upstream.script = Silence(6)
    body = {"model": "native/m", "input": "Hi", "stream": True}
    async with asking(scene.gateway, "POST", "/v1/responses", body) as client:
        await client.head()
        raw = await client.frames(6)
        response_id = events_of(raw)[0]["response"]["id"]
        victim = serving_pid(scene, client.writer.get_extra_info("sockname")[1])
        async with following(scene, response_id, victim) as exchange:
            begun = await exchange.frames(6)
            started = time.perf_counter()
            async with asyncio.TaskGroup() as group:
                group.create_task(kill(scene.path, victim))
                rest = await exchange.rest()
                took = time.perf_counter() - started
            _log.info("a follower is told after %.2f s", took)
    assert frames_of(begun) == frames_of(raw)
    (error,) = events_of(rest)
    assert (error["type"], error["sequence_number"]) == ("error", 5), "so that who goes on from it misses nothing"
    assert took < SILENCE_SECONDS / 2, "nor did it have to ask by itself"
    await silence.left.wait()
    gone = await ask(scene.gateway, "GET", f"/v1/responses/{response_id}")
    assert gone.status == 404


async def test_answers_in_the_background_outlive_their_worker(scene: Scene) -> None:
    before = len(scene.upstream.requests)
    silence = scene.upstream.script = Silence(2)
    jobs = [await begin(scene.gateway) for _ in range(6)]
    await until(lambda: len(scene.upstream.requests) == before + 6, "all are begun")
    scene.upstream.script = answers
    victim = min(listening(scene.path))
    await kill(scene.path, victim)
    silence.may_go_on.set()
    for job in jobs:
        assert (await assert_answered(scene.gateway, job))[-1]["type"] == "response.completed"
    assert len(scene.upstream.requests) <= before + 12


async def test_workers_do_not_outlive_their_supervisor(scene: Scene) -> None:
    """The last test: there is nobody left."""
    scene.gateway.kill()
    await until(lambda: not listening(scene.path), "the workers have ended", BACK_WITHIN)


@asynccontextmanager
async def following(scene: Scene, response_id: str, but: int) -> AsyncGenerator[Exchange]:
    """A follower at any process but this one: connections are tried until one leads there."""
    path = f"/v1/responses/{response_id}?stream=true"
    while True:
        async with asking(scene.gateway, "GET", path) as exchange:
            await exchange.head()
            if serving_pid(scene, exchange.writer.get_extra_info("sockname")[1]) != but:
                yield exchange
                return


def serving_pid(scene: Scene, port: int) -> int:
    """Who has the other end of the connection from this port of ours."""
    told = Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]
    ends = (line.split() for line in told)
    (inode,) = [
        fields[9]
        for fields in ends
        if int(fields[1].split(":")[1], 16) == scene.gateway.port and int(fields[2].split(":")[1], 16) == port
    ]
    for pid in listening(scene.path):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                if str(link.readlink()) == f"socket:[{inode}]":
                    return pid
    raise AssertionError(inode)
