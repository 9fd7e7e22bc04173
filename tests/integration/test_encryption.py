"""What is said is encrypted in the database: every contract holds with it, and the file tells nothing."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from msgspec import structs
from sqlalchemy import bindparam, select, update

from antiphon.app.content import reencrypted, vault_of
from antiphon.cli import main
from antiphon.conversation_protocols import StoredConversation, StoredItem
from antiphon.errors import ConfigError, ContentUnreadable
from antiphon.kept import Claim, StoredPrompt
from antiphon.security_settings import SecuritySettings
from antiphon.settings import DatabaseSettings, Settings
from antiphon.store.batches import SqlBatches
from antiphon.store.chats import SqlChats
from antiphon.store.conversations import SqlConversations
from antiphon.store.database import SqlDatabase
from antiphon.store.every_table import METADATA
from antiphon.store.files import CHUNK_BYTES, SqlFiles
from antiphon.store.idempotency import SqlIdempotencyKeys
from antiphon.store.jobs import SqlJobs
from antiphon.store.prompts import SqlPrompts
from antiphon.store.reencryption import Count
from antiphon.store.responses import SqlResponses
from antiphon.store.sealed_plans import content_of, plan_of
from antiphon.store.statements import Connection, text_of
from antiphon.store.tables import jobs, responses
from antiphon.store.vault import MARK, Vault
from antiphon.store.work import Act
from antiphon.wire.batch_values import NewLine
from tests.contracts import batch_store, chats_store, conversations_store, file_store, jobs_store, responses_store
from tests.contracts.responses_store import MINE, HandClock, turn
from tests.integration import test_sqlite_batches, test_sqlite_files
from tests.integration.test_sqlite_chats import chats_of
from tests.integration.test_sqlite_conversations import stores_of
from tests.integration.test_sqlite_jobs import store_of
from tests.integration.test_sqlite_store import responses_of

CANARY = b"canary-2f81-said-in-confidence"
FIRST, SECOND = "the first encryption key", "the second encryption key"
VAULT = Vault([FIRST], os.urandom)


class TestResponses(responses_store.KeepingContract, responses_store.LineageContract):
    @pytest.fixture
    def make(self) -> responses_store.Make:
        return lambda clock: responses_of("sqlite://", clock, VAULT)


class TestConversations(conversations_store.ItemsContract):
    @pytest.fixture
    def make(self) -> conversations_store.Make:
        return lambda clock: stores_of("sqlite://", clock, VAULT)


class TestJobs(jobs_store.EndContract):
    @pytest.fixture
    def make(self) -> jobs_store.Make:
        return lambda clock: store_of("sqlite://", clock, VAULT)


class _Batches:
    @pytest.fixture
    def make(self) -> batch_store.Make:
        return lambda clock: test_sqlite_batches.opened("sqlite://", clock, VAULT)


class TestBatchWork(_Batches, batch_store.BatchWorkContract):
    pass


class TestBatchLines(_Batches, batch_store.BatchLinesContract):
    pass


class TestFiles(file_store.FileStoreContract):
    @pytest.fixture
    def make(self) -> file_store.Make:
        return lambda clock: test_sqlite_files.opened("sqlite://", clock, VAULT)


class TestChats(chats_store.ChatsContract):
    @pytest.fixture
    def make(self) -> chats_store.MakeChats:
        return lambda clock: chats_of("sqlite://", clock, VAULT)


class TestJobsInPostgres(jobs_store.EndContract):
    @pytest.fixture
    def make(self, postgres_url: str) -> jobs_store.Make:
        return lambda clock: store_of(postgres_url, clock, VAULT)


class TestBatchWorkInPostgres(batch_store.BatchWorkContract):
    @pytest.fixture
    def make(self, postgres_url: str) -> batch_store.Make:
        return lambda clock: test_sqlite_batches.opened(postgres_url, clock, VAULT)


async def say(database: SqlDatabase) -> None:
    """Puts the canary wherever something that is said can be put."""
    clock = HandClock()
    frame = b'event: response.created\ndata: {"type":"response.created","sequence_number":0,"x":"%b"}\n\n' % CANARY
    said = structs.replace(turn("one", frames=[frame]), input=CANARY, body=b"{}" + CANARY)
    await SqlResponses(database, clock).save(said)
    queued = jobs_store.asked("two")
    queued = structs.replace(queued, request=CANARY, turn=structs.replace(queued.turn, input=CANARY, frames=[frame]))
    await SqlJobs(database, clock, 30.0).add(queued, 10)
    conversation = StoredConversation(id="conv_c", created_at=1, metadata=b'{"a":"%b"}' % CANARY)
    await SqlConversations(database, clock).create(MINE, conversation, [StoredItem("msg_1", CANARY)])
    keys = SqlIdempotencyKeys(database, clock, lease_seconds=30, keep_seconds=60)
    await keys.claim(Claim(MINE, "key", CANARY + b"..", "resp_three"))
    prompt = StoredPrompt(id="pmpt_1", version=1, created_at=1, template=CANARY)
    await SqlPrompts(database, clock).create(MINE, prompt)
    batch = structs.replace(
        batch_store.batch("b", total=1), metadata=b'{"a":"%b"}' % CANARY, errors=CANARY, usage=CANARY
    )
    batch = structs.replace(batch, native=CANARY)
    await SqlBatches(database, clock).add(batch, [NewLine(1, "line", CANARY)], 10)
    chat = structs.replace(chats_store.chat("c"), request=CANARY, body=CANARY)
    await SqlChats(database, clock).save(chat)
    content = file_store.pieces(CANARY, b"." * CHUNK_BYTES, CANARY)
    await SqlFiles(database, clock).create(file_store.file("f"), content)


async def test_no_byte_of_what_was_said_is_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with SqlDatabase.open(f"sqlite:///{path}", vault=VAULT) as database:
        await say(database)
        found = await asyncio.to_thread(
            lambda: b"".join(each.read_bytes() for each in tmp_path.iterdir() if each.is_file())
        )
        assert MARK in found
        assert CANARY not in found
    with closing(sqlite3.connect(path)) as connection:
        for table in METADATA.sorted_tables:
            for column in content_of(table):
                values = [row[0] for row in connection.execute(f"SELECT {column} FROM {table.name}") if row[0]]  # noqa: S608
                assert all(value.startswith(MARK) for value in values), (table.name, column)
                assert values or column == "answer", "nothing was said there"


async def content(database: SqlDatabase) -> dict[str, list[Any]]:
    """All that is content, decrypted, by table."""
    found: dict[str, list[Any]] = {}
    for table in METADATA.sorted_tables:
        if columns := content_of(table):
            statement = text_of(select(*(table.c[name] for name in columns)).order_by(*table.primary_key))
            found[table.name] = await database.read(Act(lambda c, s=statement: c.execute(s).fetchall()))
    return found


def settings_of(url: str, *keys: str, lost: tuple[str, ...] = ()) -> Settings:
    security = SecuritySettings(encryption_keys=list(keys), lost_encryption_keys=list(lost))
    return Settings(database=DatabaseSettings(url=url), security=security)


async def rewritten(settings: Settings, *, encrypts: bool = True) -> tuple[dict[str, Count], list[str]]:
    counts: dict[str, Count] = {}
    return counts, await reencrypted(settings, counts.__setitem__, encrypts=encrypts)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return request.getfixturevalue("postgres_url")
    return f"sqlite:///{tmp_path}/store.db"


async def test_keys_are_turned_on_exchanged_and_turned_off(url: str) -> None:
    """Each time everything is rewritten, once, and reads as before."""
    async with SqlDatabase.open(url) as database:
        await say(database)
        as_said = await content(database)
    known: list[str] = []
    for keys in ([FIRST], [SECOND, FIRST]):
        settings = settings_of(url, *keys)
        vault = vault_of(settings.security)
        assert vault is not None
        counts, needless = await rewritten(settings)
        assert needless == known
        known = [str(vault.key_id)]
        assert all(count.changed and not count.unreadable for count in counts.values())
        assert not any(count.changed for count in (await rewritten(settings))[0].values())
        async with SqlDatabase.open(url, vault=vault) as database:
            assert await content(database) == as_said
    _, needless = await rewritten(settings_of(url, SECOND), encrypts=False)
    assert needless == known
    async with SqlDatabase.open(url) as database:
        assert await content(database) == as_said
        await database.write(Act(clear))


def clear(connection: Connection) -> None:
    for table in METADATA.sorted_tables:
        connection.execute(text_of(table.delete()))


async def test_nobody_opens_the_database_without_its_keys(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    lost = Vault([FIRST], os.urandom)
    async with SqlDatabase.open(url, vault=lost) as database:
        await SqlResponses(database, HandClock()).save(turn("lost", frames=[b"event: x\n\n"]))
    for settings in (settings_of(url), settings_of(url, SECOND)):
        with pytest.raises(ConfigError, match=str(lost.key_id)):
            async with SqlDatabase.open(url, vault=vault_of(settings.security)):
                pass
    settings = settings_of(url, SECOND, lost=(str(lost.key_id),))
    async with SqlDatabase.open(url, vault=vault_of(settings.security)) as database:
        store = SqlResponses(database, HandClock())
        await store.save(turn("found"))
        assert (await store.get(MINE, "resp_found")) is not None
        for reading in (store.get, store.frames, store.lineage):
            with pytest.raises(ContentUnreadable) as caught:
                await reading(MINE, "resp_lost")
            assert caught.value.status == 500
            assert str(lost.key_id) not in caught.value.message
        assert str(lost.key_id) in caplog.text
    counts, needless = await rewritten(settings)
    assert (counts["responses"].unreadable, needless) == (1, [])


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE responses SET body = input",
        "UPDATE responses SET tenant = 'thief'",
        "UPDATE responses SET body = (SELECT body FROM responses WHERE id = 'resp_other') WHERE id = 'resp_one'",
        "UPDATE responses SET body = substr(body, 1, length(body) - 1)",
        "UPDATE responses SET body = substr(body, 1, 20)",
    ],
    ids=["column", "tenant", "row", "cut", "shorter-than-a-nonce"],
)
async def test_what_was_moved_or_changed_is_not_read(tmp_path: Path, change: str) -> None:
    path = tmp_path / "store.db"
    async with SqlDatabase.open(f"sqlite:///{path}", vault=VAULT) as database:
        store = SqlResponses(database, HandClock())
        await store.save(turn("other"))
        await store.save(turn("one"))
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(change)
        for tenant in (MINE, "thief"):
            try:
                assert await store.get(tenant, "resp_one") is None
            except ContentUnreadable:
                break
        else:
            pytest.fail("it was read")


async def test_bytes_that_nobody_has_planned_for_are_not_written(tmp_path: Path) -> None:
    statement = text_of(update(responses).where(responses.c.id == bindparam("id")).values(body=bindparam("body")))
    async with SqlDatabase.open(f"sqlite:///{tmp_path}/store.db", vault=VAULT) as database:
        with pytest.raises(TypeError, match="body"):
            await database.write(Act(lambda c: c.execute(statement, {"id": "a", "body": CANARY})))


def test_a_plan_asks_for_the_names_of_rows_and_shows_them_to_nobody() -> None:
    plan = plan_of(text_of(select(jobs.c.request, jobs.c.attempt)))
    assert plan.width == 2
    assert "jobs.response_id" in plan.statement
    sealed = VAULT.seal(b"said", b"jobs.request|4:mine6:resp_1")
    opener = plan.opener(VAULT)
    assert opener is not None
    assert opener((sealed, 1, "mine", "resp_1")) == (b"said", 1)


def test_a_key_is_never_shown() -> None:
    assert FIRST not in repr(settings_of("sqlite://", FIRST))


def test_the_command_tells_what_it_did(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    config = tmp_path / "antiphon.yaml"
    config.write_text(f"database: {{url: {url}}}\n")

    async def save() -> None:
        async with SqlDatabase.open(url) as database:
            await SqlResponses(database, HandClock()).save(turn("one"))

    asyncio.run(save())
    run = CliRunner().invoke
    without = run(main, ["db", "reencrypt", "--config", str(config)])
    assert (without.exit_code, "security.encryption_keys" in without.output) == (1, True)
    config.write_text(f"database: {{url: {url}}}\nsecurity: {{encryption_keys: [a-long-secret-of-my-own]}}\n")
    assert "responses: 1 rows written anew" in run(main, ["db", "reencrypt", "--config", str(config)]).output
    assert run(main, ["db", "reencrypt", "--config", str(config)]).output == ""
    turned_off = run(main, ["db", "reencrypt", "--decrypt", "--config", str(config)])
    assert "not needed any more" in turned_off.output
