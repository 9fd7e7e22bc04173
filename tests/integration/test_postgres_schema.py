"""The tables in PostgreSQL: made at once or migrated, they are the same; and what is not ours is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from click.testing import CliRunner

from antiphon.cli import main
from antiphon.errors import ConfigError
from antiphon.store import upkeep
from antiphon.store.database import SqlDatabase
from antiphon.store.postgres.link import address_of
from antiphon.store.schema import HEAD
from tests.postgres import Server
from tests.together import together

COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable, collation_name, column_default
FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2
"""
INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2"


@pytest.fixture
def url(postgres_server: Server) -> Iterator[str]:
    """A database without tables."""
    with closing(psycopg.connect(postgres_server.url(), autocommit=True)) as connection:
        connection.execute("CREATE DATABASE empty")
        yield postgres_server.url("empty")
        connection.execute("DROP DATABASE empty WITH (FORCE)")


def say(url: str, *statements: str) -> None:
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def described(url: str) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    with closing(psycopg.connect(url)) as connection:
        return connection.execute(COLUMNS).fetchall(), connection.execute(INDEXES).fetchall()


def test_tables_are_the_same_whether_made_at_once_or_migrated(url: str) -> None:
    before = upkeep.upgrade(url)
    assert (before.current, before.pending[-1]) == (None, HEAD)
    made = described(url)
    assert {row[4] for row in made[0] if row[2] == "text"} == {"C"}, "ids sort by their bytes"
    say(url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    say(url, "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    say(url, "ALTER TABLE alembic_version ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)")
    assert upkeep.upgrade(url).pending[0] == "0001"
    assert described(url) == made
    assert upkeep.status(url).pending == ()


async def test_many_may_open_an_empty_one_at_once(url: str) -> None:
    async def opened() -> None:
        async with SqlDatabase.open(url) as database:
            await database.ping()
            await database.checkpoint()

    await together(*(opened() for _ in range(4)))
    assert upkeep.status(url).current == HEAD


def test_what_is_not_ours_is_left_alone(url: str) -> None:
    say(url, "CREATE TABLE responses (id INTEGER)", "CREATE TABLE others (id INTEGER)")
    with pytest.raises(ConfigError, match="tables of something else"):
        upkeep.upgrade(url)
    say(url, "DROP TABLE responses")
    upkeep.upgrade(url)
    say(url, "UPDATE alembic_version SET version_num = '9999-9998'")
    with pytest.raises(ConfigError, match="made by a newer Antiphon"):
        upkeep.upgrade(url)


def test_a_person_can_look_after_it(url: str) -> None:
    runner = CliRunner(env={"ANTIPHON_DATABASE_URL": url})
    for command, told in (("status", "to be upgraded"), ("upgrade", f"to {HEAD}"), ("status", "which is the newest")):
        done = runner.invoke(main, ["db", command])
        assert (done.exit_code, told in done.output) == (0, True), done.output


def test_an_address_that_is_none_is_refused_without_being_told() -> None:
    with pytest.raises(ConfigError, match="PostgreSQL") as refused:
        address_of("postgresql://me:secret@host/db?nonsense=1", wait_seconds=0)
    assert "secret" not in str(refused.value)
    for place in ("host:abc", "host:0", "host:65536", "host:1,other:x"):
        with pytest.raises(ConfigError, match="PostgreSQL"):
            address_of(f"postgresql://me:secret@{place}/db", wait_seconds=0)
    for place in ("", "host", "host:1,other", "[::1]:65535"):
        assert address_of(f"postgresql://me:secret@{place}/db", wait_seconds=0)
    with pytest.raises(ConfigError, match=r"names no driver: .*without \+psycopg"):
        upkeep.status("postgresql+psycopg://host/db")
