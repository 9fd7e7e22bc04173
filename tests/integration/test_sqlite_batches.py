"""Batches in SQLite: the contracts, and the law of their states over whatever owners and workers do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from antiphon.batch_protocols import Change, LineClaim
from antiphon.errors import JobLost
from antiphon.notices import Announcer
from antiphon.protocols import Clock
from antiphon.store.batch_lines import SqlBatchLines
from antiphon.store.batch_work import SqlBatchWork
from antiphon.store.batches import SqlBatches
from antiphon.store.database import SqlDatabase
from antiphon.store.statements import Connection
from antiphon.store.vault import Vault
from antiphon.store.work import Act, Work
from antiphon.wire.batch_states import ENDED, NEXT, ending_of
from antiphon.wire.batch_values import Batch
from tests.contracts.batch_store import (
    ANY,
    BADLY,
    LEASE_SECONDS,
    MANY,
    WELL,
    BatchesContract,
    BatchLinesContract,
    BatchWorkContract,
    Make,
    Store,
    batch,
    lines,
)
from tests.contracts.responses_store import MINE, NOW, HandClock


class Told(Announcer[Work[None]]):
    """Announces to a list, as soon as the transaction does."""

    def __init__(self) -> None:
        self.events: list[str] = []

    @override
    def announce(self, tenant: str, response_id: str, event_type: str, created_at: int) -> Work[None]:
        def perform(_: Connection) -> None:
            self.events.append(event_type)

        return Act(perform)


def store_of(database: SqlDatabase, clock: Clock) -> Store:
    told = Told()
    return Store(
        SqlBatches(database, clock),
        SqlBatchWork(database, clock, LEASE_SECONDS, told),
        SqlBatchLines(database, clock, LEASE_SECONDS),
        told.events,
    )


@asynccontextmanager
async def opened(url: str, clock: Clock, vault: Vault | None = None) -> AsyncGenerator[Store]:
    async with SqlDatabase.open(url, vault=vault) as database:
        yield store_of(database, clock)


class InMemory:
    @pytest.fixture
    def make(self) -> Make:
        return lambda clock: opened("sqlite://", clock)


class TestBatches(InMemory, BatchesContract):
    pass


class TestBatchWork(InMemory, BatchWorkContract):
    pass


class TestBatchLines(InMemory, BatchLinesContract):
    pass


class TestBatchLinesOnDisk(BatchLinesContract):
    @pytest.fixture
    def make(self, tmp_path: Path) -> Make:
        return lambda clock: opened(f"sqlite:///{tmp_path / 'store.db'}", clock)


class Life:
    """One batch, with a worker of its lines and one of its own, either of which may be late."""

    def __init__(self, store: Store, clock: HandClock, name: str) -> None:
        self.store = store
        self.name = name
        self.clock = clock
        self.claims: list[Batch] = []
        self.lines: list[LineClaim] = []
        self.seen: list[Batch] = []

    async def act(self, what: str, chance: int) -> None:
        store = self.store
        with suppress(JobLost):
            match what:
                case "claim":
                    claimed = await store.work.claim()
                    self.claims += [] if claimed is None else [claimed]
                case "step" if self.claims:
                    await self.step(self.claims[chance % len(self.claims)])
                case "take":
                    self.lines += await store.lines.claim("w", ANY)
                case "settle" if self.lines:
                    await store.lines.settle(self.lines[chance % len(self.lines)], WELL if chance % 3 else BADLY)
                case "postpone" if self.lines:
                    await store.lines.postpone(self.lines[chance % len(self.lines)], 0, counts=bool(chance % 2))
                case "cancel":
                    await store.batches.cancel(MINE, self.name)
                case "wait":
                    self.clock.now += LEASE_SECONDS
                case _:
                    pass
        await self.look()

    async def step(self, claim: Batch) -> None:
        """What a worker does that believes the claim to be its own."""
        work, now = self.store.work, int(self.clock())
        match claim.status:
            case "validating":
                await work.change(claim, Change(status="in_progress", at=now, own=True, due_at=now * 1000 + 90_000))
            case "in_progress":
                await work.drop_lines(claim, "expired")
                await work.change(claim, Change(status="finalizing", at=now, due_at=now * 1000))
            case "finalizing" | "cancelling":
                if claim.status == "cancelling":
                    await work.drop_lines(claim, "canceled")
                fresh = await self.store.batches.find(MINE, claim.id)
                assert fresh is not None
                status = ending_of(claim.status, dropped=fresh.expired)
                await work.change(claim, Change(status=status, at=now, due_at=None))
            case _:
                pass

    async def look(self) -> None:
        now = await self.store.batches.find(MINE, self.name)
        assert now is not None
        if self.seen and self.seen[-1].status != now.status:
            assert now.status in NEXT[self.seen[-1].status]
        ended = await self.store.batches.results(MINE, now.id, 0, 99)
        counted = now.completed + now.failed + now.canceled + now.expired
        assert counted == len(ended) <= now.total
        if now.status in ENDED | {"finalizing"}:
            assert counted == now.total
        for known in self.seen[-1:]:
            assert known.completed <= now.completed
            assert known.failed <= now.failed
            assert known.status not in ENDED or known == now
        self.seen.append(now)


ACTS = ["claim", "claim", "step", "step", "take", "take", "settle", "settle", "settle", "postpone", "cancel", "wait"]


def test_whatever_is_done_a_batch_goes_its_way_once_and_its_lines_end_once() -> None:
    clock = HandClock()

    async def live(store: Store, number: int, acts: list[tuple[str, int]], count: int) -> None:
        life = Life(store, clock, f"batch_{number}")
        await store.batches.add(batch(f"{number}", total=count), lines(count), MANY)
        for what, chance in acts:
            await life.act(what, chance)
        ends = [each for each in store.told if each.removeprefix("batch.") in ENDED]
        assert len(ends) == (life.seen[-1].status in ENDED)
        store.told.clear()

    with asyncio.Runner() as runner:
        context = SqlDatabase.open("sqlite://")
        database = runner.run(context.__aenter__())
        store, numbers = store_of(database, clock), count()

        @settings(max_examples=40, deadline=None)
        @given(
            acts=st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 50)), min_size=5, max_size=40),
            count=st.integers(1, 4),
        )
        def check(acts: list[tuple[str, int]], count: int) -> None:
            clock.now = NOW
            runner.run(forgotten(database))
            runner.run(live(store, next(numbers), acts, count))

        check()
        runner.run(context.__aexit__(None, None, None))


async def forgotten(database: SqlDatabase) -> None:
    """What an earlier example has left is nobody's work."""
    for table in ("batches", "batch_lines"):
        await database.write(Act(partial(_emptied, f"DELETE FROM {table}")))  # noqa: S608 - names of ours


def _emptied(statement: str, connection: Connection) -> int:
    return connection.execute(statement).rowcount
