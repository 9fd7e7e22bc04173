"""Holds across processes, and how they are renewed."""

import asyncio
import logging
import subprocess
import sys
import time
from pathlib import Path

import pytest

from antiphon.conversation_protocols import Holder, StoredConversation, Verdict
from antiphon.errors import StoreFailed
from antiphon.gateway.leases import RENEW_SECONDS, Leases
from antiphon.store.conversation_turns import LEASE_SECONDS, SqlConversationTurns
from antiphon.store.conversations import SqlConversations
from antiphon.store.database import SqlDatabase
from antiphon.store.jobs import SqlJobs
from tests.contracts.jobs_store import asked
from tests.contracts.responses_store import MINE
from tests.fakes import CountedTurns

ROOT = Path(__file__).resolve().parents[2]


def holding(url: str, response_id: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.integration.holding_process", url, "conv_c", response_id]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)


def verdict(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().decode().strip()


async def test_one_process_holds_and_its_death_lets_go_in_time(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shared.db"
    now = time.time()
    async with SqlDatabase.open(url) as database:
        made = StoredConversation(id="conv_c", created_at=int(now))
        await SqlConversations(database, time.time).create(MINE, made, [])
        with holding(url, "resp_1") as one, holding(url, "resp_2") as other:
            try:
                verdicts = sorted([verdict(one), verdict(other)])
            finally:
                one.kill()
                other.kill()
        assert verdicts == ["done", "locked"]
        mine = Holder(MINE, "conv_c", "resp_3")
        soon = SqlConversationTurns(database, lambda: now)
        assert (await soon.hold(mine)).verdict is Verdict.LOCKED
        ended = time.time()
        later = SqlConversationTurns(database, lambda: ended + LEASE_SECONDS + 1)
        assert (await later.hold(mine)).verdict is Verdict.DONE


async def test_a_hold_lasts_from_the_moment_an_answer_is_queued(tmp_path: Path) -> None:
    now = time.time()
    async with SqlDatabase.open(f"sqlite:///{tmp_path}/held.db") as database:
        made = StoredConversation(id="conv_c", created_at=int(now))
        await SqlConversations(database, time.time).create(MINE, made, [])
        waiting, other = Holder(MINE, "conv_c", "resp_1"), Holder(MINE, "conv_c", "resp_2")
        at_once = SqlConversationTurns(database, lambda: now)
        an_hour_later = SqlConversationTurns(database, lambda: now + 3600)
        jobs = SqlJobs(database, time.time, LEASE_SECONDS)

        assert (await at_once.hold(waiting)).verdict is Verdict.DONE
        queued = asked("1", along=at_once.lasting(waiting))
        assert await jobs.add(queued, most=1)
        assert (await at_once.hold(waiting)).verdict is Verdict.DONE, "its worker takes it again"
        assert (await an_hour_later.hold(other)).verdict is Verdict.LOCKED
        await an_hour_later.release(waiting)

        assert (await at_once.hold(waiting)).verdict is Verdict.DONE
        assert not await jobs.add(queued, most=1), "the queue is full"
        assert (await an_hour_later.hold(other)).verdict is Verdict.DONE, "nobody would ever have let go"


class Rounds:
    """A pause that lasts until the test says so."""

    def __init__(self) -> None:
        self.waited: list[float] = []
        self.waiting = asyncio.Semaphore(0)
        self.over = asyncio.Semaphore(0)

    async def __call__(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.waiting.release()
        await self.over.acquire()

    async def turn(self) -> None:
        """One round, from one pause to the next."""
        self.over.release()
        await self.waiting.acquire()


async def test_one_task_renews_all_and_there_is_none_when_nothing_is_held(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "antiphon")
    turns, rounds = CountedTurns(), Rounds()
    first, second = (Holder(MINE, f"conv_{name}", f"resp_{name}") for name in "ab")
    before = len(asyncio.all_tasks())
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        leases = Leases(turns, group, rounds)
        assert len(asyncio.all_tasks()) == before
        leases.add(first)
        leases.add(second)
        assert len(asyncio.all_tasks()) == before + 1
        await rounds.waiting.acquire()
        await rounds.turn()
        leases.drop(first)
        leases.drop(first)
        turns.broken = StoreFailed("busy")
        await rounds.turn()
        assert turns.renewed == [{first, second}, {second}]
        assert rounds.waited == [RENEW_SECONDS] * 3
        leases.drop(second)
    assert len(asyncio.all_tasks()) == before
    assert "could not be renewed" in caplog.text
