"""PostgreSQL that restarts, loses connections, or is not there; and many who want the same at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, closing

import psycopg
import pytest
from msgspec import structs

from antiphon.conversation_protocols import Page, StoredConversation, StoredItem
from antiphon.errors import ConfigError, StoreFailed
from antiphon.kept import Claim, StoredPrompt
from antiphon.store.conversations import SqlConversations
from antiphon.store.database import SqlDatabase
from antiphon.store.failures import Refusal
from antiphon.store.idempotency import SqlIdempotencyKeys
from antiphon.store.postgres.session import Session
from antiphon.store.prompts import SqlPrompts
from antiphon.store.responses import SqlResponses
from antiphon.store.statements import Connection
from antiphon.store.sweeper import ROWS_AT_ONCE, Sweeper
from antiphon.store.work import Act
from tests.contracts.jobs_store import LEASE_SECONDS, MANY, asked, claimed, ended
from tests.contracts.responses_store import MINE, NOW, THEIRS, HandClock, turn
from tests.integration.test_sqlite_jobs import store_of
from tests.postgres import Server, running
from tests.together import settled, together

KILL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'antiphon' AND datname = %s"


def kill_all(url: str) -> None:
    """Every connection of ours to the database is gone."""
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        connection.execute(KILL, [connection.info.dbname])


def ids_in(url: str) -> list[str]:
    with closing(psycopg.connect(url)) as connection:
        return [name for (name,) in connection.execute("SELECT id FROM responses ORDER BY id")]


@asynccontextmanager
async def two(url: str) -> AsyncGenerator[tuple[SqlDatabase, SqlDatabase]]:
    async with SqlDatabase.open(url) as one, SqlDatabase.open(url) as other:
        yield one, other


# --- connections that are lost ----------------------------------------------------------------------------------------


async def test_what_a_lost_connection_leaves_open_is_done_once(postgres_url: str) -> None:
    tries = 0

    def save(connection: Connection) -> None:
        nonlocal tries
        tries += 1
        prompts.put(connection)
        if tries == 1:
            kill_all(postgres_url)

    async with SqlDatabase.open(postgres_url) as database:
        prompts = Put(database)
        await database.write(Act(save))
        assert tries == 2, "it was not committed"
        found = await prompts.prompts.get(MINE, "p", None)
        assert found is not None


async def test_what_was_committed_is_not_done_again_though_nobody_heard_of_it(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = Session.commit
    commits = 0

    def commit_and_lose(session: Session) -> None:
        nonlocal commits
        commits += 1
        commit(session)
        if commits == 1:
            raise Refusal("The connection was lost.")

    monkeypatch.setattr(Session, "commit", commit_and_lose)
    tries = 0

    def save(connection: Connection) -> None:
        nonlocal tries
        tries += 1
        put.put(connection)

    async with SqlDatabase.open(postgres_url) as database:
        put = Put(database)
        commits = 0
        await database.write(Act(save))
    assert tries == 1


@pytest.mark.parametrize("names", [("1", "2", "3"), ("1", "taken", "2", "3")], ids=["together", "one-by-one"])
async def test_rows_that_were_added_are_not_added_again_though_nobody_heard_of_it(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    execute = Session.execute
    lost = 0

    def execute_and_lose(session: Session, *given: object) -> object:
        nonlocal lost
        done = execute(session, *given)  # pyright: ignore[reportArgumentType] - passed on as they came
        if "INSERT INTO responses" in str(given[0]) and not lost:
            lost += 1
            raise Refusal("The connection was lost.")
        return done

    async with SqlDatabase.open(postgres_url) as database:
        responses = SqlResponses(database, HandClock())
        await responses.save(turn("taken"))
        monkeypatch.setattr(Session, "execute", execute_and_lose)
        ended_so = await together(*(settled(responses.save(turn(name))) for name in names))
    assert lost == 1
    assert ids_in(postgres_url) == ["resp_1", "resp_2", "resp_3", "resp_taken"]
    assert [isinstance(each, StoreFailed) for each in ended_so] == [name == "taken" for name in names]


class Put:
    """Adds one prompt, on a connection that somebody else holds."""

    def __init__(self, database: SqlDatabase) -> None:
        self.prompts = SqlPrompts(database, HandClock())
        self._insert = self.prompts._insert  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

    def put(self, connection: Connection) -> None:
        row = StoredPrompt(id="p", version=1, created_at=NOW, template=b"{}")
        connection.execute(self._insert, {"tenant": MINE, **structs.asdict(row)})


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    """One that tests may stop and start."""
    with running() as server:
        yield server


async def test_a_restart_under_load_loses_and_doubles_nothing(
    own_server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    kept: list[str] = []
    over = asyncio.Event()

    async def load(responses: SqlResponses, name: str) -> None:
        number = 0
        while not over.is_set():
            made = turn(f"{name}_{number:04}")
            await responses.save(made)
            kept.append(made.id)
            assert await responses.get(MINE, made.id) is not None, "what was acknowledged is there"
            number += 1

    async with SqlDatabase.open(own_server.url(), busy_seconds=30) as database:
        responses = SqlResponses(database, HandClock())
        async with asyncio.TaskGroup() as group:
            for name in "abcdefgh":
                group.create_task(load(responses, name))
            while len(kept) < 200:  # noqa: ASYNC110 - what is awaited happens in threads
                await asyncio.sleep(0.01)
            await asyncio.to_thread(own_server.stop)
            before = len(kept)
            await asyncio.to_thread(own_server.start)
            while len(kept) < before + 200:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)
            over.set()
    assert ids_in(own_server.url()) == sorted(kept)
    said = [record.message for record in caplog.records if record.name == "antiphon.store"]
    told = [message.startswith("PostgreSQL can be used again") for message in said]
    assert told in ([False, True], [False, True] * 2), said  # a server that starts may take one connection, then none


async def test_who_comes_while_it_is_away_is_told_so_and_served_when_it_is_back(own_server: Server) -> None:
    async with SqlDatabase.open(own_server.url(), busy_seconds=0.3) as database:
        responses = SqlResponses(database, HandClock())
        await responses.save(turn("before"))
        await asyncio.to_thread(own_server.stop)
        for attempt in (responses.save(turn("x")), responses.get(MINE, "resp_before"), database.ping()):
            with pytest.raises(StoreFailed, match="cannot be reached") as failed:
                await attempt
            assert failed.value.retry_after
            assert "antiphon-pg-" not in str(failed.value), "where it is, is nobody's business"
        await asyncio.to_thread(own_server.start)
        await responses.save(turn("after"))
        assert await responses.get(MINE, "resp_before") is not None


async def test_one_that_is_not_there_keeps_it_from_starting() -> None:
    url = "postgresql://me:secret@/none?host=/nowhere"
    with pytest.raises(ConfigError, match="PostgreSQL cannot be used") as refused:
        async with SqlDatabase.open(url, busy_seconds=0.2):
            pass
    assert "secret" not in str(refused.value)


# --- many at once -----------------------------------------------------------------------------------------------------


async def test_of_many_who_claim_a_key_at_once_one_gets_it(postgres_url: str) -> None:
    async with two(postgres_url) as databases:
        stores = [
            SqlIdempotencyKeys(each, HandClock(), lease_seconds=LEASE_SECONDS, keep_seconds=100) for each in databases
        ]
        for round_ in range(5):
            claims = [Claim(MINE, f"key-{round_}", b"digest", f"resp_{number}") for number in range(16)]
            holders = await together(*(stores[number % 2].claim(claim) for number, claim in enumerate(claims)))
            assert len({holder.response_id for holder in holders}) == 1


async def test_versions_and_positions_are_given_once(postgres_url: str) -> None:
    async with two(postgres_url) as databases:
        prompts = [SqlPrompts(each, HandClock()) for each in databases]
        first = StoredPrompt(id="p", version=1, created_at=NOW, template=b"{}")
        assert sorted(await together(*(each.create(MINE, first) for each in prompts))) == [False, True]
        made = await together(*(prompts[number % 2].add(MINE, "p", b"{}") for number in range(4)))
        assert sorted(each.version for each in made if each is not None) == [2, 3, 4, 5]

        conversations = [SqlConversations(each, HandClock()) for each in databases]
        await conversations[0].create(MINE, StoredConversation(id="conv_c", created_at=NOW), [])
        await together(
            *(
                conversations[number % 2].add(
                    MINE, "conv_c", [StoredItem(f"msg_{number}_{item}", b"{}") for item in "ab"]
                )
                for number in range(8)
            )
        )
        page = await conversations[0].page(MINE, "conv_c", Page(limit=100, order="asc"))
        assert page is not None
        names = [item.id for item in page.items]
        assert len(names) == 16
        assert all(one[:-1] == other[:-1] for one, other in zip(names[::2], names[1::2], strict=True)), "none between"


async def test_an_answer_ends_once_whoever_is_first(postgres_url: str) -> None:
    """A cancel and an end at the same time take the job before the response, and so never wait for each other."""
    async with store_of(postgres_url, HandClock()) as one, store_of(postgres_url, HandClock()) as other:
        for number in range(8):
            await one.jobs.add(asked(str(number)), MANY)
            claim = await claimed(one.jobs)
            async with asyncio.TaskGroup() as group:
                group.create_task(settled(one.jobs.finish(claim, ended(claim))))
                cancelling = group.create_task(other.jobs.cancel(MINE, claim.id, clears_output=False))
            cancelled = cancelling.result()
            assert cancelled is not None
            stored = await one.responses.get(MINE, claim.id)
            assert stored is not None
            assert stored.status == cancelled.status


async def test_what_has_expired_is_swept_by_several_at_once(postgres_url: str) -> None:
    async with two(postgres_url) as databases:
        responses = SqlResponses(databases[0], HandClock())
        expiring = [structs.replace(turn(f"{number:04}"), expires_at=NOW) for number in range(3 * ROWS_AT_ONCE)]
        await together(*(responses.save(each) for each in expiring), responses.save(turn("stays")))
        removed = await together(*(Sweeper(each, HandClock(), 60).sweep() for each in databases))
        assert sum(removed) == len(expiring)
    assert ids_in(postgres_url) == ["resp_stays"]


async def test_texts_that_it_cannot_hold_are_told_or_refused(postgres_url: str) -> None:
    async with SqlDatabase.open(postgres_url) as database:
        prompts = SqlPrompts(database, HandClock())
        assert await prompts.create(THEIRS, StoredPrompt(id="a\0b", version=1, created_at=NOW, template=b"\0"))
        found = await prompts.get(THEIRS, "a\0b", None)
        assert found is not None
        assert found.template == b"\0"
        with pytest.raises(StoreFailed):
            await prompts.get(THEIRS, "\ud800", None)
