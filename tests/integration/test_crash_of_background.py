"""Two hundred answers in flight over three workers that are killed again and again: each ends once, for everybody."""

from __future__ import annotations

import asyncio
import json
import random
import re
import signal
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from antiphon.lifecycle_settings import BackgroundSettings
from antiphon.settings import TimeoutSettings
from tests.grammar import check_stream
from tests.integration.fleet import CUT, SERVER, WORKERS, Fleet, sailing
from tests.integration.harness import asking, events_of, frames_of, settings_for
from tests.integration.provider import LAST, STREAMING, Hangup, chat_events, native_events, piece, providing
from tests.integration.upstream.origin import Peer, Request

SEED = 1
ANSWERS = 200
KILLS = 6
CANCELS = 5
"""After each kill."""

WHOLE_SECONDS = 60.0
POLICY = BackgroundSettings(
    answers_at_once=70,  # so that two workers cannot have all
    running_per_tenant=ANSWERS,
    queued_per_tenant=ANSWERS,
    lease_seconds=1.5,
    heartbeat_seconds=0.3,
    poll_seconds=0.1,
)
OVER = {"completed", "failed", "cancelled"}
NAMED = re.compile(rb"question-(\d+)")


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of one answer as far as the test decides it, by chance."""

    number: int
    native: bool
    in_conversation: bool
    words: int
    pause: float
    hold: tuple[int, int]
    """Before its so-manieth event the provider waits for the so-manieth kill."""

    starts: tuple[int, ...]
    """From where each of its readers begins."""

    leaves: int
    """How many events a reader takes before it leaves of its own accord, once."""

    doomed: bool
    """Whether it is deleted when it has ended."""

    @classmethod
    def drawn(cls, number: int, chance: random.Random) -> Plan:
        words = chance.randrange(6, 26)
        held = chance.random() < 0.4
        return cls(
            number=number,
            native=chance.random() < 0.5,
            in_conversation=number % 10 == 0,
            words=words,
            pause=chance.uniform(0.03, 0.2),
            hold=(chance.choice([0, 0, 4, words]), chance.randrange(1, KILLS + 1)) if held else (0, 1),
            starts=(chance.randrange(9), *([-1] if number % 3 == 0 else [])),
            leaves=chance.randrange(2, 20),
            doomed=chance.random() < 0.15,
        )

    def told(self) -> tuple[list[bytes], int]:
        """What the provider says, and how much of it is not output."""
        words = [f"word{number} " for number in range(self.words)]
        return (native_events(*words), 2) if self.native else (chat_events(*words), 0)


@dataclass(slots=True)
class Visit:
    """One request for an answer. `said` may count what was written to a connection that had just been cut."""

    said: int = 0
    whole: bool = False


class Provider:
    """Streams at each answer's own pace, from the first kill on."""

    def __init__(self, plans: list[Plan]) -> None:
        self.visits: list[list[Visit]] = [[] for _ in plans]
        self.everybody = asyncio.Event()
        self.kills = [asyncio.Event() for _ in range(KILLS)]
        self._plans = plans
        self._said = 0
        self._words = asyncio.Condition()

    async def __call__(self, request: Request, peer: Peer) -> None:
        named = NAMED.search(request.body)
        assert named is not None
        number = int(named[1])
        visit = Visit()
        self.visits[number].append(visit)
        if all(self.visits):
            self.everybody.set()
        await peer.say(STREAMING)
        await self.kills[0].wait()
        await self._tell(self._plans[number], visit, peer)
        await peer.say(LAST)

    async def _tell(self, plan: Plan, visit: Visit, peer: Peer) -> None:
        events, opening = plan.told()
        place, kill = plan.hold
        for index, event in enumerate(events):
            if index == max(place, opening):
                await self.kills[kill - 1].wait()
            if peer.reader.at_eof() or peer.writer.is_closing():
                raise Hangup
            visit.said += index >= opening
            visit.whole = index == len(events) - 1
            await peer.say(piece(event))
            async with self._words:
                self._said += 1
                self._words.notify_all()
            await asyncio.sleep(plan.pause)

    async def more(self, words: int) -> None:
        """Until so much more has been said, or long enough has gone by."""
        enough = self._said + words
        with suppress(TimeoutError):
            async with asyncio.timeout(2.5), self._words:
                await self._words.wait_for(lambda: self._said >= enough)


@dataclass(slots=True)
class Life:
    """One answer as its clients see it."""

    plan: Plan
    fleet: Fleet
    id: str = ""
    glimpses: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Looks at it in between that found it ended."""

    asked_to_stop: bool = False
    cancelled: dict[str, Any] | None = None
    seen: dict[int, list[bytes]] = field(default_factory=dict[int, list[bytes]])
    """By the number from which a reader began: what it got."""

    frames: list[bytes] = field(default_factory=list[bytes])
    ended: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def path(self) -> str:
        return f"/v1/responses/{self.id}"

    async def begin(self) -> None:
        plan, fleet = self.plan, self.fleet
        model = "native/m" if plan.native else "chat/m"
        body = {"model": model, "input": f"question-{plan.number}", "background": True}
        if plan.in_conversation:
            body["conversation"] = (await fleet.ask("POST", "/v1/conversations", {})).json["id"]
        answer = await fleet.ask("POST", "/v1/responses", body)
        assert (answer.status, answer.json["status"]) == (200, "queued"), answer
        self.id = answer.json["id"]

    async def live(self) -> None:
        """Until it has ended for all who follow it, and is deleted if it is to be."""
        async with asyncio.TaskGroup() as readers:
            for start in self.plan.starts:
                self.seen[start] = []
                readers.create_task(self._follow(start))
        self.frames = await self._replayed()
        self.ended = (await self.fleet.ask("GET", self.path)).json
        if self.plan.doomed:
            deleted = await self.fleet.ask("DELETE", self.path)
            assert deleted.status in (200, 404), deleted  # 404: it was done before the server was killed
            await self._assert_gone()

    async def cancel(self) -> None:
        self.asked_to_stop = True
        answer = await self.fleet.ask("POST", f"{self.path}/cancel")
        if answer.status == 200:
            assert answer.json["status"] == "cancelled"
            assert self.cancelled in (None, answer.json)
            self.cancelled = answer.json
        elif answer.status == 404:
            assert self.plan.doomed
        else:
            assert answer.error["message"] in {f"Cannot cancel a {status} response." for status in OVER}

    async def _follow(self, start: int) -> None:
        """Comes back where it was whenever it is cut off, and once of its own accord."""
        seen = self.seen[start]
        while True:
            with suppress(*CUT):
                if await self._follow_once(start, seen):
                    return
                await self._glimpse()
                continue
            await self.fleet.pause()

    async def _follow_once(self, start: int, seen: list[bytes]) -> bool:
        """Whether the stream ended."""
        last = start + len(seen)
        number = "" if last < 0 else f"&starting_after={last}"
        rest = b""
        async with asking(self.fleet.gateway, "GET", f"{self.path}?stream=true{number}") as following:
            await following.head()
            assert following.status == 200
            while data := await following.piece():
                *blocks, rest = (rest + data).split(b"\n\n")
                for frame in frames_of(b"\n\n".join([*blocks, b""])):
                    assert number_of(frame) == start + len(seen) + 1
                    seen.append(frame)
                    if len(seen) == self.plan.leaves:
                        return False
            return True

    async def _glimpse(self) -> None:
        found = (await self.fleet.ask("GET", self.path)).json
        if found["status"] in OVER:
            self.glimpses.append(found)
        else:
            assert found["status"] in ("queued", "in_progress")

    async def _replayed(self) -> list[bytes]:
        return frames_of((await self.fleet.ask("GET", f"{self.path}?stream=true")).body)

    async def _assert_gone(self) -> None:
        for method, path in (("GET", ""), ("GET", "?stream=true"), ("POST", "/cancel"), ("DELETE", "")):
            assert (await self.fleet.ask(method, self.path + path)).status == 404

    async def assert_ended_once(self) -> None:
        """What everybody saw is one and the same, and stays so."""
        told = events_of(b"".join(self.frames))
        check_stream(told, relayed=True)
        assert self.ended["status"] in OVER
        assert told[-1]["response"] == self.ended
        assert [each for each in self.glimpses if each != self.ended] == []
        assert self.cancelled in (None, self.ended)
        assert self.asked_to_stop or self.ended["status"] != "cancelled"
        for start, seen in self.seen.items():
            assert seen == self.frames[start + 1 :]
        if not self.plan.doomed:
            assert (await self.fleet.ask("GET", self.path)).json == self.ended
            assert await self._replayed() == self.frames


def number_of(frame: bytes) -> int:
    number: int = json.loads(frame.partition(b"\ndata: ")[2])["sequence_number"]
    return number


def assert_answered(life: Life, visits: list[Visit]) -> None:
    """It was given anew as long as nobody could have seen any of it."""
    status = life.ended["status"]
    text = "".join(part["text"] for item in life.ended["output"] for part in item["content"])
    words = "".join(f"word{number} " for number in range(life.plan.words))
    if status == "cancelled":
        return
    assert visits[-1].said
    if status == "completed":
        assert visits[-1].whole
        assert text == words
    else:
        assert "worker" in life.ended["error"]["message"]
        assert words.startswith(text)
        assert "response.output_item.added" in {event["type"] for event in events_of(b"".join(life.frames))}


def assert_nothing_left(path: Path, lives: list[Life]) -> None:
    kept = {life.id: life.ended["status"] for life in lives if not life.plan.doomed}
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert dict(connection.execute("SELECT id, status FROM responses").fetchall()) == kept
        for left in ("jobs", "response_events", "conversations WHERE holder IS NOT NULL OR held_until IS NOT NULL"):
            assert connection.execute(f"SELECT count(*) FROM {left}").fetchone() == (0,), left  # noqa: S608 - no input


async def kill_again_and_again(fleet: Fleet, provider: Provider, lives: list[Life], chance: random.Random) -> None:
    """Each process once at least; the first time before anybody has said anything. Between the kills, cancels."""
    places = [SERVER, *WORKERS]
    victims = chance.sample(places, len(places)) + chance.choices(places, k=KILLS - len(places))
    async with asyncio.TaskGroup() as cancels:
        for victim, killed in zip(victims, provider.kills, strict=True):
            fleet.kill(victim)
            killed.set()
            fleet.start(victim)
            for life in chance.sample(lives, CANCELS):
                for _ in range(2):
                    cancels.create_task(life.cancel())
            await provider.more(chance.randrange(50, 250))


async def test_each_of_two_hundred_answers_ends_once_whoever_is_killed(tmp_path: Path) -> None:
    chance = random.Random(SEED)  # noqa: S311 - the same plans and victims on every run
    plans = [Plan.drawn(number, chance) for number in range(ANSWERS)]
    provider = Provider(plans)
    timeouts = TimeoutSettings(connect_seconds=30.0, first_byte_seconds=30.0, idle_seconds=30.0)
    async with asyncio.timeout(WHOLE_SECONDS), providing(provider) as upstream:
        database = f"sqlite:///{tmp_path}/antiphon.db"
        settings = settings_for(upstream.port, database, background=POLICY, timeouts=timeouts)
        async with sailing(settings, tmp_path) as fleet:
            lives = [Life(plan, fleet) for plan in plans]
            async with asyncio.TaskGroup() as beginning:
                for life in lives:
                    beginning.create_task(life.begin())
            async with asyncio.TaskGroup() as living:
                for life in lives:
                    living.create_task(life.live())
                await provider.everybody.wait()
                await kill_again_and_again(fleet, provider, lives, chance)
            for life in lives:
                await life.assert_ended_once()
                assert_answered(life, provider.visits[life.plan.number])
            assert await fleet.stop() == [-signal.SIGTERM, 0, 0]
    assert {life.ended["status"] for life in lives} == OVER
    redone = [life for life in lives if len(provider.visits[life.plan.number]) > 1]
    assert len(redone) >= ANSWERS - 2 * POLICY.answers_at_once - KILLS * CANCELS  # what the first to be killed had
    assert "completed" in {life.ended["status"] for life in redone}
    assert_nothing_left(tmp_path / "antiphon.db", lives)
