"""The SQLite store: the contract, and what is this implementation's own."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, nullcontext
from pathlib import Path
from threading import Thread

import pytest
from msgspec import structs
from typing_extensions import override

from antiphon.errors import StoreFailed
from antiphon.protocols import Clock, Responses, StoredTurn
from antiphon.store import locks
from antiphon.store.connections import Synchronous
from antiphon.store.database import SqlDatabase
from antiphon.store.location import sqlite_location
from antiphon.store.locks import FileLock
from antiphon.store.responses import SqlResponses
from antiphon.store.statements import Connection
from antiphon.store.vault import Vault
from antiphon.store.writer import MAX_JOBS, GroupWriter
from tests.contracts.responses_store import MINE, HandClock, Make, ResponsesContract, turn


@asynccontextmanager
async def responses_of(url: str, clock: Clock, vault: Vault | None = None) -> AsyncGenerator[Responses]:
    async with SqlDatabase.open(url, vault=vault) as database:
        yield SqlResponses(database, clock)


class TestInAFile(ResponsesContract):
    @pytest.fixture
    def make(self, tmp_path: Path) -> Make:
        return lambda clock: responses_of(f"sqlite:///{tmp_path}/contract.db", clock)


class TestInMemory(ResponsesContract):
    @pytest.fixture
    def make(self) -> Make:
        return lambda clock: responses_of("sqlite://", clock)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
async def database(path: Path) -> AsyncGenerator[SqlDatabase]:
    async with SqlDatabase.open(f"sqlite:///{path}", busy_seconds=0.05) as database:
        yield database


@pytest.fixture
def responses(database: SqlDatabase) -> SqlResponses:
    return SqlResponses(database, HandClock())


@contextmanager
def somebody_else(path: Path, *statements: str) -> Generator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
        yield connection


class Ask:
    """A query that nobody in the package asks."""

    def __init__(self, statement: str) -> None:
        self._statement = statement

    def prepare(self) -> None:
        """Nothing."""

    def perform(self, connection: Connection) -> object:
        return connection.execute(self._statement).fetchone()[0]


class Broken(Ask):
    """Work with a mistake in it."""

    @override
    def perform(self, connection: Connection) -> object:
        super().perform(connection)
        raise KeyError("mistake")


@pytest.mark.parametrize(("synchronous", "level"), [("full", 2), ("normal", 1)])
async def test_a_commit_waits_for_the_disk_as_the_setting_says(
    path: Path, synchronous: Synchronous, level: int
) -> None:
    async with SqlDatabase.open(f"sqlite:///{path}", synchronous=synchronous) as database:
        assert await database.write(Ask("SELECT synchronous FROM pragma_synchronous")) == level
        assert await database.write(Ask("SELECT journal_mode FROM pragma_journal_mode")) == "wal"
        assert await database.write(Ask("SELECT secure_delete FROM pragma_secure_delete")) == 1
        assert await database.read(Ask("SELECT query_only FROM pragma_query_only")) == 1


async def test_what_is_submitted_together_shares_one_commit() -> None:
    seen: list[str] = []

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        connection.set_trace_callback(seen.append)
        return connection

    writer = GroupWriter(connect, nullcontext())
    await writer.open()
    asked = [writer.submit(Ask("SELECT 1")) for _ in range(MAX_JOBS)]
    for future in asked:
        await future
    assert seen.count("COMMIT") == 1
    asked = [writer.submit(Ask("SELECT 1")) for _ in range(MAX_JOBS + 1)]
    for future in asked:
        await future
    assert seen.count("COMMIT") == 3
    await writer.close()


async def test_closing_writes_everything_that_was_submitted(path: Path) -> None:
    clock = HandClock()
    async with asyncio.TaskGroup() as group, SqlDatabase.open(f"sqlite:///{path}") as database:
        responses = SqlResponses(database, clock)
        saving = [group.create_task(responses.save(turn(str(number)))) for number in range(1_000)]
        await asyncio.sleep(0)
        assert not any(task.done() for task in saving)
    async with responses_of(f"sqlite:///{path}", clock) as responses:
        for number in range(1_000):
            assert await responses.get(MINE, f"resp_{number}") is not None


async def test_a_closed_database_takes_and_gives_nothing(path: Path) -> None:
    for url in (f"sqlite:///{path}", "sqlite://"):
        async with SqlDatabase.open(url) as database:
            responses = SqlResponses(database, HandClock())
        with pytest.raises(StoreFailed):
            await responses.save(turn("late"))
        with pytest.raises(StoreFailed):
            await responses.get(MINE, "resp_late")
        with pytest.raises(StoreFailed):
            await database.ping()


async def test_each_memory_is_its_own() -> None:
    clock = HandClock()
    async with responses_of("sqlite://", clock) as one, responses_of("sqlite://", clock) as other:
        await one.save(turn("here"))
        assert await other.get(MINE, "resp_here") is None


async def test_two_that_open_one_file_see_each_other(path: Path) -> None:
    clock = HandClock()
    url = f"sqlite:///{path}"
    async with responses_of(url, clock) as one, responses_of(url, clock) as other:
        for number in range(20):
            await one.save(turn(f"one-{number}"))
            await other.save(turn(f"other-{number}", parent=f"one-{number}"))
            assert await one.lineage(MINE, f"resp_other-{number}") is not None


async def test_a_reader_does_not_hold_up_the_writer(path: Path, responses: SqlResponses) -> None:
    await responses.save(turn("before"))
    with somebody_else(path, "BEGIN", "SELECT * FROM responses") as reader:
        for number in range(50):
            await responses.save(turn(str(number)))
        assert reader.execute("SELECT count(*) FROM responses").fetchone() == (1,)


async def test_a_writer_does_not_hold_up_readers(path: Path, responses: SqlResponses) -> None:
    await responses.save(turn("before"))
    with somebody_else(path, "BEGIN IMMEDIATE", "DELETE FROM responses"):
        assert await responses.get(MINE, "resp_before") is not None


async def test_a_database_that_others_write_to_for_too_long_is_busy(
    path: Path, database: SqlDatabase, responses: SqlResponses
) -> None:
    with somebody_else(path, "BEGIN IMMEDIATE"):
        with pytest.raises(StoreFailed, match="busy"):
            await responses.save(turn("one"))
        with pytest.raises(StoreFailed, match="busy"):
            await database.ping()
    await responses.save(turn("one"))
    await database.ping()


async def test_processes_write_one_after_another(path: Path, responses: SqlResponses) -> None:
    lock = sqlite_location(f"sqlite:///{path}").lock
    assert lock is not None
    with closing(FileLock(lock, 1.0)) as other:
        with other, pytest.raises(StoreFailed, match="busy"):
            await responses.save(turn("one"))
        await responses.save(turn("one"))


def test_who_waits_has_the_lock_before_who_has_just_had_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_GIVE_WAY_SECONDS", 0.2)  # however slow the machine is
    place, turns = tmp_path / "lock", list[str]()

    def wait(lock: FileLock) -> None:
        with lock:
            turns.append("who waited")

    with closing(FileLock(place, 5.0)) as one, closing(FileLock(place, 5.0)) as other:
        waiter = Thread(target=wait, args=(other,))
        with one:
            waiter.start()
            while place.read_bytes() != b"\1":
                pass
        with one:
            turns.append("who had it")
        waiter.join()
    assert turns == ["who waited", "who had it"]


@pytest.fixture
def small_disk(path: Path) -> Iterator[None]:
    """No file may grow beyond a megabyte, as on a disk that is nearly full."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("small_disk")
async def test_what_the_disk_cannot_take_fails_alone(path: Path, responses: SqlResponses) -> None:
    huge = structs.replace(turn("huge"), body=os.urandom(2 << 20))
    async with asyncio.TaskGroup() as group:
        small = [group.create_task(responses.save(turn(str(number)))) for number in range(10)]
        failing = group.create_task(fails(responses, huge))
        small += [group.create_task(responses.save(turn(str(number)))) for number in range(10, 20)]
    assert "disk" in failing.result()
    await responses.save(turn("after"))
    assert await responses.get(MINE, huge.id) is None
    for number in range(20):
        assert await responses.get(MINE, f"resp_{number}") is not None
    with somebody_else(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def fails(responses: Responses, one: StoredTurn) -> str:
    with pytest.raises(StoreFailed) as caught:
        await responses.save(one)
    return caught.value.message


async def test_a_text_that_is_no_unicode_fails_alone(responses: SqlResponses) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(fails(responses, structs.replace(turn("bad"), model="\ud800")))
        group.create_task(fails(responses, structs.replace(turn("bad"), created_at=1 << 70)))
        group.create_task(responses.save(turn("good")))
    assert await responses.get(MINE, "resp_good") is not None
    assert await responses.get(MINE, "resp_bad") is None


async def test_a_stream_record_that_is_damaged_is_the_stores_failure(path: Path, responses: SqlResponses) -> None:
    await responses.save(turn("one", frames=[b"data: 1\n\n"]))
    with somebody_else(path, "UPDATE responses SET events = x'00'"):
        pass
    with pytest.raises(StoreFailed):
        await responses.frames(MINE, "resp_one")


async def test_a_mistake_in_the_work_is_told_to_its_owner_and_stops_nobody(
    database: SqlDatabase, responses: SqlResponses
) -> None:
    wrong, right = database.write(Broken("SELECT 1")), database.write(Ask("SELECT 2"))
    with pytest.raises(KeyError, match="mistake"):
        await wrong
    assert await right == 2
    with pytest.raises(KeyError, match="mistake"):
        await database.read(Broken("SELECT 1"))
    assert await database.read(Ask("SELECT 3")) == 3
    await responses.save(turn("after"))


async def test_a_reader_cannot_write(database: SqlDatabase) -> None:
    with pytest.raises(StoreFailed):
        await database.read(Ask("DELETE FROM responses RETURNING id"))
