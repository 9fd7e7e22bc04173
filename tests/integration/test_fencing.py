"""A process that was stopped for longer than its lease, taken for dead, and then goes on: nothing it says counts.

Two gateways on one database, SQLite and PostgreSQL.
"""

from __future__ import annotations

import asyncio
import fcntl
import signal
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from antiphon.lifecycle_settings import IdempotencySettings
from tests.integration.harness import Gateway, ask, asking, events_of, frames_of, serving, settings_for
from tests.integration.provider import STREAMING, Hangup, Upstream, piece, providing
from tests.integration.test_background_processes import (
    QUICK,
    TOLD,
    answers,
    assert_answered,
    begin,
    followed,
    seen_up_to,
)
from tests.integration.upstream.origin import Peer, Request

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(slots=True)
class Stubborn:
    """A provider that says so many events, and all others once it may, to whoever still listens."""

    said: int
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, _: Request, peer: Peer) -> None:
        await peer.say(STREAMING + b"".join(map(piece, TOLD[: self.said])))
        self.reached.set()
        await self.may_go_on.wait()
        await peer.say(b"".join(map(piece, TOLD[self.said :])))
        await peer.gone()
        self.left.set()
        raise Hangup


@dataclass(frozen=True, slots=True)
class Pair:
    """`lock` is what writers to SQLite take turns by."""

    upstream: Upstream
    one: Gateway
    other: Gateway
    lock: Path | None


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgres"])
async def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Pair]:
    folder = tmp_path_factory.mktemp("fencing")
    postgres = request.param == "postgres"
    database: str = request.getfixturevalue("postgres_database") if postgres else f"sqlite:///{folder}/antiphon.db"
    lock = None if postgres else folder / "antiphon.db-lock"
    async with providing(answers) as upstream:
        keys = IdempotencySettings(lease_seconds=1.0)
        settings = settings_for(upstream.port, database, background=QUICK, idempotency=keys)
        async with serving(settings, folder / "one") as one, serving(settings, folder / "other") as other:
            yield Pair(upstream, one, other, lock)


@contextmanager
def stopped(gateway: Gateway, lock: Path | None) -> Generator[None]:
    """Inside, the process does nothing; what it had in its hands is no lock that others need."""
    while True:
        gateway.process.send_signal(signal.SIGSTOP)
        if lock is None or _is_free(lock):
            break
        gateway.process.send_signal(signal.SIGCONT)
    try:
        yield
    finally:
        gateway.process.send_signal(signal.SIGCONT)


def _is_free(lock: Path) -> bool:
    with lock.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


async def begun_by_one(pair: Pair, said: int) -> tuple[str, Stubborn]:
    """A background answer that the one gives, since the other is stopped as it begins."""
    script = pair.upstream.script = Stubborn(said)
    with stopped(pair.other, pair.lock):
        response_id = await begin(pair.one)
        await script.reached.wait()
    return response_id, script


async def assert_one_story(pair: Pair, response_id: str, script: Stubborn, seen: list[bytes]) -> list[bytes]:
    """Told by the other while the one is stopped, and by both when it has come back and heard its provider out."""
    pair.upstream.script = answers
    with stopped(pair.one, pair.lock):
        told = await assert_answered(pair.other, response_id)
        script.may_go_on.set()
    async with asyncio.timeout(10):
        await script.left.wait()
    stories = [frames_of(await followed(gateway, response_id)) for gateway in (pair.one, pair.other)]
    assert stories[0] == stories[1]
    assert events_of(b"".join(stories[0])) == told
    assert stories[0][: len(seen)] == seen
    await assert_answered(pair.one, response_id)
    return stories[0]


async def test_an_answer_that_nobody_had_seen_is_given_by_another_and_only_by_it(pair: Pair) -> None:
    before = len(pair.upstream.requests)
    response_id, script = await begun_by_one(pair, 2)
    seen = await seen_up_to(pair.other, response_id, 3)
    story = await assert_one_story(pair, response_id, script, seen)
    assert events_of(story[-1])[0]["type"] == "response.completed"
    assert len(pair.upstream.requests) == before + 2


async def test_an_answer_that_somebody_had_seen_fails_and_stays_failed(pair: Pair) -> None:
    before = len(pair.upstream.requests)
    response_id, script = await begun_by_one(pair, 6)
    seen = await seen_up_to(pair.other, response_id, 7)
    story = await assert_one_story(pair, response_id, script, seen)
    last = events_of(story[-1])[0]
    assert last["type"] == "response.failed"
    assert last["response"]["output"][0]["content"][0]["text"] == "One two "
    assert len(pair.upstream.requests) == before + 1


async def test_under_one_key_the_answer_of_who_came_back_is_not_kept(pair: Pair) -> None:
    script = pair.upstream.script = Stubborn(6)
    body = {"model": "native/m", "input": "Once", "stream": True}
    key = {"Idempotency_Key": "fenced"}
    async with asking(pair.one, "POST", "/v1/responses", body, **key) as first:
        await first.head()
        begun = await first.piece()
        pair.upstream.script = answers
        with stopped(pair.one, pair.lock):
            answer = await ask(pair.other, "POST", "/v1/responses", body, **key)
            script.may_go_on.set()
        given_up = events_of(begun + await first.rest())
    assert given_up[-1]["type"] == "response.failed"
    assert "Send it again" in given_up[-1]["response"]["error"]["message"]
    told = events_of(answer.body)
    assert told[-1]["type"] == "response.completed"
    for gateway in (pair.one, pair.other):
        again = await ask(gateway, "POST", "/v1/responses", body, **key)
        assert events_of(again.body) == told
        lost = await ask(gateway, "GET", f"/v1/responses/{given_up[-1]['response']['id']}")
        assert lost.status == 404
