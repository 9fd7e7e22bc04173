"""Killed before the commit of an answer, between the commit and its end, and after that: acknowledged means stored."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from antiphon.settings import Settings
from tests.integration.harness import ask, asking, events_of, frames_of, serving, settings_for
from tests.integration.provider import LAST, STREAMING, chat_events, native_events, piece, providing
from tests.integration.test_crash import provider
from tests.integration.upstream.origin import Peer, Request

CUT = (asyncio.IncompleteReadError, OSError)
MODELS = ("native/m", "chat/m")
WORDS = ("Acknowledged ", "means ", "stored.")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A provider that says its last words when the first have arrived."""

    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, request: Request, peer: Peer) -> None:
        events = native_events(*WORDS) if b"/responses" in request.line else chat_events(*WORDS)
        await peer.say(STREAMING + b"".join(map(piece, events[:5])))
        await self.arrived.wait()
        await peer.say(b"".join(map(piece, events[5:])) + LAST)


async def heard_until_killed(
    settings: Settings, log: Path, when: str, model: str, arrived: asyncio.Event
) -> tuple[str, list[bytes]]:
    """The id of an answer, and the frames that its client had of it when its gateway was killed."""
    arrived.clear()
    async with serving(settings, log, "tests.integration.dying_process") as gateway:
        body = {"model": model, "input": f"die {when}", "stream": True}
        said = b""
        async with asking(gateway, "POST", "/v1/responses", body) as exchange:
            with suppress(*CUT):
                await exchange.head()
                while b"response.completed" not in said or not said.endswith(b"\n\n"):
                    said += await exchange.piece()
                    if b".delta" in said:
                        arrived.set()
        gateway.kill()
    return events_of(said)[0]["response"]["id"], frames_of(said)


async def check_every_moment(url: str, folder: Path) -> None:
    waiting = Waiting()
    async with providing(waiting) as upstream:
        settings = settings_for(upstream.port, url)
        heard = {
            (when, model): await heard_until_killed(settings, folder / f"log-{when}", when, model, waiting.arrived)
            for when in ("before", "after", "never")
            for model in MODELS
        }
        async with serving(settings, folder / "log") as gateway:
            for (when, model), (identifier, frames) in heard.items():
                ended = b"response.completed" in frames[-1]
                assert ended == (when == "never"), "the end leaves after the commit, and not before"
                kept = await ask(gateway, "GET", f"/v1/responses/{identifier}")
                assert kept.status == (404 if when == "before" else 200), (when, model)
                if when != "before":
                    replayed = await ask(gateway, "GET", f"/v1/responses/{identifier}?stream=true")
                    assert events_of(replayed.body)[-1]["response"] == kept.json
                    assert frames_of(replayed.body)[: len(frames)] == frames
                    assert (len(frames_of(replayed.body)) == len(frames)) == ended


async def test_on_sqlite(tmp_path: Path) -> None:
    await check_every_moment(f"sqlite:///{tmp_path}/antiphon.db", tmp_path)


async def test_on_postgresql(postgres_url: str, tmp_path: Path) -> None:
    await check_every_moment(postgres_url, tmp_path)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_whole_answer_is_not_told_before_it_is_stored(tmp_path: Path, when: str) -> None:
    async with providing(provider) as upstream:
        settings = settings_for(upstream.port, f"sqlite:///{tmp_path}/antiphon.db")
        async with serving(settings, tmp_path / "log", "tests.integration.dying_process") as gateway:
            with pytest.raises(CUT):
                await ask(gateway, "POST", "/v1/responses", {"model": "chat/m", "input": f"die {when}"})
