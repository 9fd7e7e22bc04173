"""Retention, by a clock and a pause that the tests hold."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import closing
from pathlib import Path

import pytest
from msgspec import structs

from antiphon.store.database import SqlDatabase
from antiphon.store.responses import SqlResponses
from antiphon.store.sweeper import ROWS_AT_ONCE, Sweeper
from tests.contracts.responses_store import MINE, NOW, HandClock, turn


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def database(path: Path) -> AsyncGenerator[SqlDatabase]:
    async with SqlDatabase.open(f"sqlite:///{path}", busy_seconds=0.05) as database:
        yield database


@pytest.fixture
def responses(database: SqlDatabase, clock: HandClock) -> SqlResponses:
    return SqlResponses(database, clock)


class Rounds:
    """A pause that takes the next step instead of waiting, and ends the sweeper after the last."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        self.waited: list[float] = []
        self._steps = iter(steps)

    async def __call__(self, seconds: float) -> None:
        self.waited.append(seconds)
        step = next(self._steps, None)
        if step is None:
            raise asyncio.CancelledError
        step()


async def save_expiring(responses: SqlResponses, name: str, expires_at: int | None) -> None:
    await responses.save(structs.replace(turn(name), expires_at=expires_at))


def names(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {name.removeprefix("resp_") for (name,) in connection.execute("SELECT id FROM responses")}


async def test_what_has_expired_is_removed_and_nothing_else(
    path: Path, database: SqlDatabase, responses: SqlResponses, clock: HandClock
) -> None:
    for name, expires_at in (("past", NOW - 1), ("now", NOW), ("soon", NOW + 1), ("never", None)):
        await save_expiring(responses, name, expires_at)
    sweeper = Sweeper(database, clock, 60.0)
    assert await sweeper.sweep() == 2
    assert names(path) == {"soon", "never"}
    assert await sweeper.sweep() == 0
    clock.now = NOW + 1e9
    assert await sweeper.sweep() == 1
    assert names(path) == {"never"}


async def test_many_that_expire_at_once_go_little_by_little(
    path: Path, database: SqlDatabase, responses: SqlResponses, clock: HandClock
) -> None:
    count = ROWS_AT_ONCE * 5 + 1
    for number in range(count):
        await save_expiring(responses, str(number), NOW)
    finished: list[str] = []

    async def sweep() -> None:
        assert await Sweeper(database, clock, 60.0).sweep() == count
        finished.append("sweep")

    async def save() -> None:
        await responses.save(turn("meanwhile"))
        finished.append("save")

    async with asyncio.TaskGroup() as group:
        group.create_task(sweep())
        group.create_task(save())
    assert finished == ["save", "sweep"]
    assert names(path) == {"meanwhile"}


async def test_it_sweeps_after_every_pause(
    path: Path, database: SqlDatabase, responses: SqlResponses, clock: HandClock
) -> None:
    for name in ("first", "second", "third"):
        await save_expiring(responses, name, NOW + 10 * (len(name) - 4))
    seen: list[set[str]] = []

    def ten_seconds_later() -> None:
        seen.append(names(path))
        clock.now += 10.0

    pause = Rounds(ten_seconds_later, ten_seconds_later, lambda: seen.append(names(path)))
    with pytest.raises(asyncio.CancelledError):
        await Sweeper(database, clock, 10.0, pause).run()
    assert seen == [{"first", "second", "third"}, {"second"}, set()]
    assert pause.waited == [10.0] * 4


async def test_a_round_that_fails_is_logged_and_made_up_for(
    path: Path,
    database: SqlDatabase,
    responses: SqlResponses,
    clock: HandClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await save_expiring(responses, "old", NOW)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        pause = Rounds(lambda: other.execute("BEGIN IMMEDIATE"), lambda: other.execute("ROLLBACK"))
        with caplog.at_level(logging.WARNING), pytest.raises(asyncio.CancelledError):
            await Sweeper(database, clock, 10.0, pause).run()
    logged = [record.getMessage() for record in caplog.records if "expired" in record.getMessage()]
    assert len(logged) == 1
    assert "busy" in logged[0]
    assert names(path) == set()


async def test_a_response_that_was_swept_is_as_unknown_as_before(
    database: SqlDatabase, responses: SqlResponses, clock: HandClock
) -> None:
    await save_expiring(responses, "old", NOW)
    assert await responses.get(MINE, "resp_old") is None
    await Sweeper(database, clock, 60.0).sweep()
    assert await responses.get(MINE, "resp_old") is None
    assert not await responses.delete(MINE, "resp_old")


async def test_where_others_sweep_too_it_sweeps_when_it_is_its_turn(
    path: Path, database: SqlDatabase, responses: SqlResponses, clock: HandClock
) -> None:
    await save_expiring(responses, "past", NOW - 1)
    seen: list[set[str]] = []
    turns = iter([False, True, False])

    async def asked() -> bool:
        return next(turns)

    def look() -> None:
        seen.append(names(path))

    with pytest.raises(asyncio.CancelledError):
        await Sweeper(database, clock, 60.0, Rounds(look, look, look), asked).run()
    assert seen == [{"past"}, {"past"}, set()]
