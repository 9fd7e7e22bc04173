"""Jobs and journal in a SQLite file: the contract, what joins an end, and a machine that tries every order."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule
from sqlalchemy.dialects import postgresql
from typing_extensions import override

from antiphon.errors import JobLost, StoreFailed
from antiphon.jobs import Claim
from antiphon.protocols import Clock, StoredTurn
from antiphon.store import job_statements
from antiphon.store.database import SqlDatabase
from antiphon.store.jobs import SqlJobs
from antiphon.store.journal import SqlJournal
from antiphon.store.responses import SqlResponses
from antiphon.store.statements import Connection, text_of
from antiphon.store.vault import Vault
from antiphon.wire.assembly import events_of
from tests.contracts.jobs_races import JobsRaces
from tests.contracts.jobs_store import LEASE_SECONDS, MANY, JobsContract, Make, Store, asked, claimed, ended, frame
from tests.contracts.responses_store import MINE, HandClock

NOTHING: Callable[[], Any] = multiple


@asynccontextmanager
async def store_of(url: str, clock: Clock, vault: Vault | None = None) -> AsyncGenerator[Store]:
    async with SqlDatabase.open(url, synchronous="normal", vault=vault) as database:
        jobs = SqlJobs(database, clock, LEASE_SECONDS)
        yield Store(jobs, SqlJournal(database, clock), SqlResponses(database, clock))


class TestInAFile(JobsContract):
    @pytest.fixture
    def make(self, tmp_path: Path) -> Make:
        return lambda clock: store_of(f"sqlite:///{tmp_path}/jobs.db", clock)


class Note:
    """Work that joins an end."""

    def __init__(self, turn: StoredTurn, *, broken: bool) -> None:
        self._turn = turn
        self._broken = broken

    def prepare(self) -> None:
        pass

    def perform(self, connection: Connection) -> None:
        if self._broken:
            raise sqlite3.OperationalError
        connection.execute("INSERT INTO notes VALUES (?, ?)", (self._turn.id, self._turn.status))


async def test_what_joins_an_end_is_done_with_it_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    async with SqlDatabase.open(f"sqlite:///{path}") as database:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE notes (id, status)")
        broken = False
        jobs = SqlJobs(database, HandClock(), LEASE_SECONDS, [lambda turn: Note(turn, broken=broken), lambda _: None])
        for name in ("1", "2", "3"):
            await jobs.add(asked(name), MANY)
        await jobs.cancel(MINE, "resp_3", clears_output=False)
        claim = await claimed(jobs)
        await jobs.finish(claim, ended(claim))
        broken = True
        claim = await claimed(jobs)
        with pytest.raises(StoreFailed):
            await jobs.finish(claim, ended(claim))
        assert await jobs.renew(claim)
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT * FROM notes").fetchall() == [
                ("resp_3", "cancelled"),
                ("resp_1", "completed"),
            ]


async def test_a_job_whose_response_was_swept_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    async with store_of(f"sqlite:///{path}", HandClock()) as store:
        await store.jobs.add(asked("1"), MANY)
        await store.jobs.add(asked("2"), MANY)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("DELETE FROM responses WHERE id = 'resp_1'")
        assert (await claimed(store.jobs)).id == "resp_2"
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT response_id FROM jobs").fetchall() == [("resp_2",)]
            assert connection.execute("SELECT DISTINCT response_id FROM response_events").fetchall() == [("resp_2",)]


def test_every_statement_is_one_that_postgresql_has_too() -> None:
    made = [
        value
        for name, value in vars(job_statements).items()
        if getattr(value, "__module__", "").endswith("job_statements") and not name.startswith("_")
    ]
    assert len(made) > 10
    texts = [str(make().compile(dialect=postgresql.dialect())) for make in made]
    assert sum("SKIP LOCKED" in text for text in texts) == 1


class JobsMachine(RuleBasedStateMachine):
    """Against a model: who has which job, what its journal says, and how it ended."""

    claims = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._folder = TemporaryDirectory()
        self._clock = HandClock()
        self._stack = AsyncExitStack()
        self._path = Path(self._folder.name) / "jobs.db"
        self._store: Store = self._run(
            self._stack.enter_async_context(store_of(f"sqlite:///{self._path}", self._clock))
        )
        self._count = 0
        self._attempts: dict[str, int] = {}
        self._leases: dict[str, float] = {}
        self._told: dict[str, int] = {}
        self._ends: dict[str, str] = {}

    @override
    def teardown(self) -> None:
        self._run(self._stack.aclose())
        self._runner.close()
        self._folder.cleanup()

    def _run(self, work: Any) -> Any:
        return self._runner.run(work)

    def _holds(self, claim: Claim) -> bool:
        return self._attempts.get(claim.id) == claim.attempt

    @rule()
    def add(self) -> None:
        name = f"{self._count:04}"
        self._count += 1
        assert self._run(self._store.jobs.add(asked(name), MANY))
        self._attempts[f"resp_{name}"] = 0
        self._leases[f"resp_{name}"] = 0
        self._told[f"resp_{name}"] = 2

    @rule(target=claims)
    def claim(self) -> Any:
        free = sorted(each for each, until in self._leases.items() if until <= self._clock.now)
        claim = self._run(self._store.jobs.claim(MANY))
        assert (claim and claim.id) == (free[0] if free else None)
        if claim is None:
            return NOTHING()
        self._attempts[claim.id] += 1
        self._leases[claim.id] = self._clock.now + LEASE_SECONDS
        assert claim.attempt == self._attempts[claim.id]
        assert [event.number for event in events_of(b"".join(claim.told))] == list(range(self._told[claim.id]))
        return claim

    @rule(claim=claims, count=st.integers(1, 3))
    def append(self, claim: Claim, count: int) -> None:
        first = self._told.get(claim.id, 0)
        frames = b"".join(frame(number) for number in range(first, first + count))
        try:
            self._run(self._store.journal.append(claim, first, first + count - 1, frames))
        except JobLost:
            assert not self._holds(claim)
        else:
            assert self._holds(claim)
            self._told[claim.id] += count

    @rule(claim=claims)
    def renew(self, claim: Claim) -> None:
        assert self._run(self._store.jobs.renew(claim)) == self._holds(claim)
        if self._holds(claim):
            self._leases[claim.id] = self._clock.now + LEASE_SECONDS

    @rule(claim=consumes(claims))
    def release(self, claim: Claim) -> None:
        self._run(self._store.jobs.release(claim))
        if self._holds(claim):
            self._leases[claim.id] = 0

    @rule(claim=claims, status=st.sampled_from(["completed", "failed", "incomplete"]))
    def finish(self, claim: Claim, status: str) -> None:
        try:
            self._run(self._store.jobs.finish(claim, ended(claim, status)))
        except JobLost:
            assert not self._holds(claim)
        else:
            assert self._holds(claim)
            self._end(claim.id, status)

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        if not self._count:
            return
        id_ = f"resp_{data.draw(st.integers(0, self._count - 1)):04}"
        found = self._run(self._store.jobs.cancel(MINE, id_, clears_output=False))
        if id_ in self._attempts:
            self._end(id_, "cancelled")
        assert (found and found.status) == self._ends.get(id_)

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        if not self._count:
            return
        id_ = f"resp_{data.draw(st.integers(0, self._count - 1)):04}"
        assert self._run(self._store.responses.delete(MINE, id_)) == (id_ in self._ends)
        self._ends.pop(id_, None)

    @rule(seconds=st.sampled_from([1.0, LEASE_SECONDS / 2, LEASE_SECONDS]))
    def wait(self, seconds: float) -> None:
        self._clock.now += seconds

    def _end(self, id_: str, status: str) -> None:
        self._ends[id_] = status
        for known in (self._attempts, self._leases, self._told):
            known.pop(id_)

    @invariant()
    def the_tables_agree(self) -> None:
        with closing(sqlite3.connect(self._path)) as connection:
            jobs = dict(connection.execute("SELECT response_id, attempt FROM jobs").fetchall())
            statuses = dict(connection.execute("SELECT id, status FROM responses").fetchall())
            journal = dict(
                connection.execute("SELECT response_id, max(last) FROM response_events GROUP BY 1").fetchall()
            )
        assert jobs == self._attempts
        assert journal == {id_: told - 1 for id_, told in self._told.items()}
        running = {id_: "in_progress" if attempt else "queued" for id_, attempt in self._attempts.items()}
        assert statuses == self._ends | running


TestJobsMachine = JobsMachine.TestCase
TestJobsMachine.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)


async def test_a_page_of_a_long_journal_is_found_by_the_index(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    async with store_of(f"sqlite:///{path}", HandClock()):
        names = {"id": "resp_a", "whose": MINE, "now": 0, "after": 500}
        with closing(sqlite3.connect(path)) as connection:
            asking = f"EXPLAIN QUERY PLAN {text_of(job_statements.read_page())}"
            plan = [row[3] for row in connection.execute(asking, names)]
    assert any("response_events USING" in step and "first>?" in step for step in plan), plan
    assert not any("SCAN" in step for step in plan), plan


class Races(JobsRaces):
    """In a file."""

    @override
    def __init__(self) -> None:
        self._folder = TemporaryDirectory()
        super().__init__()

    @override
    def make(self, clock: Clock) -> AbstractAsyncContextManager[Store]:
        return store_of(f"sqlite:///{self._folder.name}/jobs.db", clock)

    @override
    def teardown(self) -> None:
        super().teardown()
        self._folder.cleanup()


TestRaces = Races.TestCase
TestRaces.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
