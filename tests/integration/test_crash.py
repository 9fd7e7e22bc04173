"""Acknowledged means stored: whatever a client had received whole when the gateway was killed is there afterwards."""

import asyncio
import itertools
import json
import random
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.integration.harness import (
    PATIENCE,
    Gateway,
    ask,
    asking,
    events_of,
    frames_of,
    launched,
    serving,
    settings_for,
)
from tests.integration.provider import (
    chat_events,
    completion,
    native_events,
    providing,
    response,
    streamed,
    whole,
)
from tests.integration.upstream.origin import Peer, Request

CLIENTS = 12
ROUNDS = 2
CUT = (asyncio.IncompleteReadError, OSError)
END = b"event: response.completed\n"


def said_to(body: bytes) -> list[str]:
    """What the provider answers: as many words as the question has letters, so that answers differ in size."""
    asked = json.loads(body)
    text = json.dumps(asked.get("input", asked.get("messages")))
    return [f"word{number} " for number in range(1, 3 + len(text) % 40)]


async def provider(request: Request, peer: Peer) -> None:
    words = said_to(request.body)
    native = b"/responses" in request.line
    if b'"stream":true' in request.body:
        await peer.say(streamed(*(native_events(*words) if native else chat_events(*words))))
    else:
        text = "".join(words)
        await peer.say(whole(json.dumps(response(text) if native else completion(text)).encode()))


@dataclass(frozen=True, slots=True)
class Received:
    """An answer that a client had in full: its body, or its frames as far as the terminal event."""

    question: str
    parent: str | None
    answer: dict[str, Any]
    frames: list[bytes]

    @property
    def id(self) -> str:
        identifier: str = self.answer["id"]
        return identifier


@dataclass(slots=True)
class Load:
    """Clients that ask one question after the other, each other one on top of an answer they have."""

    chance: random.Random
    received: list[Received] = field(default_factory=list[Received])
    questions: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def client(self, gateway: Gateway) -> None:
        """Until the gateway is gone."""
        with suppress(*CUT):
            while True:
                await self._one(gateway)

    async def _one(self, gateway: Gateway) -> None:
        chance = self.chance
        parent = chance.choice(self.received).id if self.received and chance.random() < 0.5 else None
        question = "?" * chance.randrange(1, 40) + str(next(self.questions))
        stream = chance.random() < 0.5
        body = {"model": chance.choice(["native/m", "chat/m"]), "input": question, "stream": stream}
        if parent is not None:
            body["previous_response_id"] = parent
        async with asking(gateway, "POST", "/v1/responses", body) as exchange:
            await exchange.head()
            assert exchange.status == 200
            if stream:
                said = b""
                while END not in said or not said.endswith(b"\n\n"):
                    said += await exchange.piece()
                self.received.append(Received(question, parent, events_of(said)[-1]["response"], frames_of(said)))
            else:
                self.received.append(Received(question, parent, json.loads(await exchange.rest()), []))

    async def until_killed(self, gateway: Gateway, answers: int) -> None:
        """Kills the gateway once so many more answers have been received, while others are on their way."""
        enough = len(self.received) + answers
        async with asyncio.timeout(30), asyncio.TaskGroup() as clients:
            for _ in range(CLIENTS):
                clients.create_task(self.client(gateway))
            while len(self.received) < enough:  # noqa: ASYNC110 - the clients run until the kill
                await asyncio.sleep(0)
            gateway.kill()


async def assert_kept(gateway: Gateway, received: Received) -> None:
    path = f"/v1/responses/{received.id}"
    kept = await ask(gateway, "GET", path)
    assert kept.status == 200, received.id
    assert kept.json == received.answer
    replayed = await ask(gateway, "GET", f"{path}?stream=true")
    if received.frames:
        assert frames_of(replayed.body) == received.frames
    else:
        assert events_of(replayed.body)[-1]["response"] == kept.json
    listed = await ask(gateway, "GET", f"{path}/input_items?order=desc&limit=1")
    assert listed.json["data"][0]["content"][0]["text"] == received.question
    assert listed.json["has_more"] == (received.parent is not None)


async def assert_chains(gateway: Gateway, received: Received) -> None:
    for model in ("native/m", "chat/m"):
        body = {"model": model, "input": "Go on.", "previous_response_id": received.id}
        answer = await ask(gateway, "POST", "/v1/responses", body)
        assert answer.status == 200, answer
        assert answer.json["previous_response_id"] == received.id


def assert_sound(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.mark.parametrize("seed", [1, 2])
async def test_everything_received_survives_a_kill_under_load(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the moments of the kills, the same on every run
    load = Load(chance)
    async with providing(provider) as upstream:
        settings = settings_for(upstream.port, f"sqlite:///{tmp_path}/antiphon.db")
        for life in range(ROUNDS):
            before = len(load.received)
            async with serving(settings, tmp_path / f"log-{life}") as gateway:
                await load.until_killed(gateway, chance.randrange(40, 120))
            assert_sound(tmp_path / "antiphon.db")
            async with serving(settings, tmp_path / f"log-{life}-after") as gateway:
                for received in load.received[before:]:
                    await assert_kept(gateway, received)
                for received in chance.sample(load.received, 10):
                    await assert_chains(gateway, received)
                gateway.stop()
    assert {bool(each.frames) for each in load.received} == {True, False}


async def test_an_answer_that_was_cut_by_the_kill_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    load = Load(random.Random(3))  # noqa: S311 - as above
    async with providing(provider) as upstream:
        settings = settings_for(upstream.port, f"sqlite:///{tmp_path}/antiphon.db")
        async with serving(settings, tmp_path / "log") as gateway:
            await load.until_killed(gateway, 100)
        async with serving(settings, tmp_path / "log-after") as gateway:
            known = {each.id for each in load.received}
            with closing(sqlite3.connect(tmp_path / "antiphon.db")) as connection:
                kept = {row[0] for row in connection.execute("SELECT id FROM responses")}
            assert known <= kept
            for identifier in kept - known:
                answer = await ask(gateway, "GET", f"/v1/responses/{identifier}")
                assert answer.json["status"] == "completed"
                replayed = await ask(gateway, "GET", f"/v1/responses/{identifier}?stream=true")
                assert events_of(replayed.body)[-1]["response"] == answer.json


def size(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return 0


MOMENTS: dict[str, Callable[[Path], bool]] = {
    "the file exists": lambda path: path.exists(),
    "the lock exists": lambda path: path.with_name(f"{path.name}-lock").exists(),
    "the log is written": lambda path: size(path.with_name(f"{path.name}-wal")) > 0,
    "the file is written": lambda path: size(path) > 0,
}


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_kill_while_the_tables_are_made_leaves_a_file_that_can_be_used(tmp_path: Path, moment: str) -> None:
    path = tmp_path / "antiphon.db"
    async with providing(provider) as upstream:
        settings = settings_for(upstream.port, f"sqlite:///{path}")
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            gateway = launched(settings, held.getsockname()[1], tmp_path / "log")
            try:
                async with asyncio.timeout(PATIENCE):
                    while not MOMENTS[moment](path):  # noqa: ASYNC110 - what is awaited happens in another process
                        await asyncio.sleep(0)
            finally:
                gateway.kill()
        async with serving(settings, tmp_path / "log-after") as gateway:
            answer = await ask(gateway, "POST", "/v1/responses", {"model": "native/m", "input": "Hi"})
            await assert_kept(gateway, Received("Hi", None, answer.json, []))
            assert (await ask(gateway, "GET", "/health/ready")).status == 200
    assert_sound(path)
