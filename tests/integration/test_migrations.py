"""Law: a migration only adds, or its name says which releases it ends (docs/decisions/0033-two-releases.md).

Then the statements of a release that is one migration older work on the tables as they are now.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from msgspec import Struct
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import Engine
from sqlalchemy.pool import NullPool

from antiphon.errors import ConfigError
from antiphon.store.database import SqlDatabase
from antiphon.store.schema import HEAD, serves
from tests.postgres import Server


def config() -> Config:
    made = Config()
    made.set_main_option("script_location", "antiphon.store:migrations")
    return made


REVISIONS = [script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()][::-1]


class Column(Struct, frozen=True):
    type: str
    needed: bool
    """Whether who adds a row has to name it."""


Tables = dict[str, dict[str, Column]]


def to(engine: Engine, revision: str) -> None:
    with engine.begin() as connection:
        made = config()
        made.attributes["connection"] = connection
        command.upgrade(made, revision)


def tables_of(connection: Connection) -> Tables:
    names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
    return {
        name: {
            row[1]: Column(row[2], bool(row[3]) and row[4] is None)
            for row in connection.execute(text(f"PRAGMA table_info({name})"))
        }
        for name in names
        if name != "alembic_version"
    }


def unique_of(connection: Connection) -> set[tuple[str, str]]:
    """Tables, and what of theirs must not be twice."""
    rows = connection.execute(text("SELECT tbl_name, sql FROM sqlite_master WHERE sql LIKE 'CREATE UNIQUE%'"))
    return {(str(row[0]), str(row[1])) for row in rows}


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[Tables, set[tuple[str, str]]]]]:
    """How the tables stand after each migration."""
    engine = create_engine(f"sqlite:///{tmp_path_factory.mktemp('steps') / 'steps.db'}", poolclass=NullPool)
    found: dict[str, tuple[Tables, set[tuple[str, str]]]] = {}
    for revision in REVISIONS:
        to(engine, revision)
        with engine.connect() as connection:
            found[revision] = tables_of(connection), unique_of(connection)
    yield found
    engine.dispose()


def floor(revision: str) -> str:
    """The oldest release's head that the tables still serve; nothing is every."""
    return revision.partition("-")[2]


def test_names_say_whom_the_tables_serve() -> None:
    assert REVISIONS[-1] == HEAD
    assert [int(each.partition("-")[0]) for each in REVISIONS] == list(range(1, len(REVISIONS) + 1))
    floors = [floor(each) for each in REVISIONS]
    assert floors == sorted(floors), "what was taken away is still missing later"


@pytest.mark.parametrize(("before", "after"), list(pairwise(REVISIONS)))
def test_a_migration_only_adds(before: str, after: str, steps: dict[str, tuple[Tables, set[tuple[str, str]]]]) -> None:
    if floor(after) != floor(before):
        pytest.skip(f"{after} takes something away, and says so")
    (old, old_unique), (new, new_unique) = steps[before], steps[after]
    for table, columns in old.items():
        assert table in new, f"{table} is gone"
        for name, column in columns.items():
            assert name in new[table], f"{table}.{name} is gone"
            assert new[table][name].type == column.type, f"{table}.{name} is of another type"
            assert column.needed or not new[table][name].needed, f"{table}.{name} has become needed"
        added = {name for name in new[table].keys() - columns.keys() if new[table][name].needed}
        assert not added, f"{table} needs {added}, which older releases do not know"
    assert not {each for each in new_unique - old_unique if each[0] in old}, "older releases may add what is there"


def test_rows_of_the_release_before_go_into_tables_of_postgresql(
    postgres_server: Server, steps: dict[str, tuple[Tables, set[tuple[str, str]]]]
) -> None:
    with closing(psycopg.connect(postgres_server.url(), autocommit=True)) as connection:
        connection.execute("CREATE DATABASE before")
    url = postgres_server.url("before")
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool)
    to(engine, "head")
    values = {"TEXT": "x", "BIGINT": 1, "BLOB": b"x", "BOOLEAN": True}
    with engine.begin() as connection:
        for table, columns in steps[REVISIONS[-2]][0].items():
            names = ", ".join(columns)
            bound = ", ".join(f":{name}" for name in columns)
            told = {name: values[column.type] for name, column in columns.items()}
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({bound})"), told)  # noqa: S608 - names of tables
            assert len(connection.execute(text(f"SELECT {names} FROM {table}")).all()) == 1  # noqa: S608 - as above
    engine.dispose()


@pytest.mark.parametrize(
    ("current", "ours"), [(None, False), (HEAD, False), ("0001", False), ("9999", True), (f"9999-{HEAD[:4]}", True)]
)
def test_a_release_knows_whose_tables_it_can_use(current: str | None, *, ours: bool) -> None:
    assert serves(current, "here") is ours


@pytest.mark.parametrize("current", ["9999-9998", "9999-x"])
def test_a_release_knows_whose_tables_it_cannot_use(current: str) -> None:
    with pytest.raises(ConfigError, match="Install the newer release"):
        serves(current, "here")


async def test_a_start_that_must_not_migrate_refuses_what_is_not_ready(tmp_path: Path, postgres_server: Server) -> None:
    path = tmp_path / "old.db"
    with closing(psycopg.connect(postgres_server.url(), autocommit=True)) as connection:
        connection.execute("CREATE DATABASE unready")
    for url in (f"sqlite:///{path}", postgres_server.url("unready")):
        with pytest.raises(ConfigError, match="stand at nothing, and this release needs"):
            async with SqlDatabase.open(url, migrates=False):
                pass
        async with SqlDatabase.open(url), SqlDatabase.open(url, migrates=False) as database:
            assert await database.fits() is None
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0008'")
    with pytest.raises(ConfigError, match="stand at 0008"):
        async with SqlDatabase.open(f"sqlite:///{path}", migrates=False):
            pass
