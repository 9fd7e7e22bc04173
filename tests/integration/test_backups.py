"""Backups of both engines, and copies from each to the other: everything, or nothing."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Boolean, Column, Integer, LargeBinary, Table, insert

from antiphon.cli import main
from antiphon.errors import ConfigError
from antiphon.store import copying, upkeep
from antiphon.store.backups import backup, restore
from antiphon.store.copying import Count, copy, digest
from antiphon.store.database import SqlDatabase
from antiphon.store.every_table import METADATA
from antiphon.store.location import is_postgres, postgres_module
from antiphon.store.postgres.copying import reading as postgres_reading
from antiphon.store.postgres.copying import writing as postgres_writing
from antiphon.store.responses import SqlResponses
from antiphon.store.sqlite_copying import reading, writing
from antiphon.store.statements import positional
from tests.contracts.responses_store import MINE, HandClock, turn

ROWS = 70
"""More than are copied at a time."""


def ignored(_table: str, _rows: int) -> None:
    """Progress that nobody wants to hear of."""


def value(column: Column[object], number: int) -> object:
    """One of many that a column may hold, with what is hard to carry in between."""
    kind = column.type
    if column.nullable and number % 3 == 0:
        return None
    if isinstance(kind, Boolean):
        return number % 2 == 0
    if isinstance(kind, LargeBinary):
        return bytes((number % 256, 0, 255)) * number
    if isinstance(kind, Integer):
        return number if column.primary_key else number * 2**40
    return f"{'é' if number % 2 else 'z'}-{number:03}\N{GRINNING FACE}"


_INSERTIONS = {table.name: positional(insert(table), list(table.columns.keys())) for table in METADATA.sorted_tables}


def filled(url: str) -> None:
    """Puts rows into every table."""
    with (postgres_writing if is_postgres(url) else writing)(url) as connection:
        for table in METADATA.sorted_tables:
            rows = [[value(column, number) for column in table.columns] for number in range(ROWS)]
            for row in rows:
                connection.execute(_INSERTIONS[table.name], row)


def held(url: str) -> dict[str, Count]:
    with (postgres_reading if is_postgres(url) else reading)(url) as connection:
        return {table.name: digest(connection, table) for table in METADATA.sorted_tables}


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = url_of(tmp_path_factory.mktemp("full") / "full.db")
    filled(url)
    return url


def test_a_copy_goes_from_engine_to_engine_and_back(full: str, postgres_url: str, tmp_path: Path) -> None:
    there = copy(full, postgres_url, ignored)
    assert {name: count.rows for name, count in there.items()} == {table.name: ROWS for table in METADATA.sorted_tables}
    back = copy(postgres_url, url_of(tmp_path / "back.db"), ignored)
    assert there == back == held(full) == held(postgres_url)


def test_a_copy_never_goes_over_what_is_there(full: str, tmp_path: Path) -> None:
    url = url_of(tmp_path / "own.db")
    filled(url)
    before = held(url)
    with pytest.raises(ConfigError, match="holds something already"):
        copy(full, url, ignored)
    assert held(url) == before


def test_a_copy_that_is_not_what_was_read_is_not_kept(
    full: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(*_: object) -> Count:
        return Count(1, "another")

    monkeypatch.setattr(copying, "digest", other)
    url = url_of(tmp_path / "new.db")
    with pytest.raises(ConfigError, match="is not what was read"):
        copy(full, url, ignored)
    assert {count.rows for count in held(url).values()} == {0}


def test_tables_of_another_release_are_not_copied(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    upkeep.upgrade(url_of(path))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0008'")
    with pytest.raises(ConfigError, match="db upgrade"):
        copy(url_of(path), url_of(tmp_path / "new.db"), ignored)


async def test_a_backup_is_taken_while_a_server_writes_and_put_back_when_none_does(tmp_path: Path) -> None:
    url, target = url_of(tmp_path / "live.db"), tmp_path / "backup.db"
    async with SqlDatabase.open(url) as database:
        responses = SqlResponses(database, HandClock())
        await responses.save(turn("one"))
        size = await asyncio.to_thread(backup, url, target, ignored)
        await responses.save(turn("two"))
        with pytest.raises(ConfigError, match="A process has the database"):
            await asyncio.to_thread(restore, target, url, ignored)
        assert await responses.get(MINE, turn("two").id) is not None
    assert (size, stat.S_IMODE(target.stat().st_mode)) == (target.stat().st_size, 0o600)
    assert not list(tmp_path.glob("*.part*"))  # noqa: ASYNC240 - nothing else waits
    with pytest.raises(ConfigError, match="--force"):
        backup(url, target, ignored)
    aside = restore(target, url, ignored).aside
    assert aside is not None
    assert (held(url)["responses"].rows, held(url_of(aside))["responses"].rows) == (1, 2)
    async with SqlDatabase.open(url) as database:
        assert await SqlResponses(database, HandClock()).get(MINE, turn("one").id) is not None
    assert backup(url, target, ignored, force=True) > 0


def test_a_backup_of_either_engine_is_put_back_into_the_other(
    full: str, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    target = tmp_path / "backup.db"
    backup(full, target, ignored)
    restore(target, postgres_url, ignored)
    again = tmp_path / "again.db"
    backup(postgres_url, again, ignored)
    restored = restore(again, postgres_url, ignored)
    assert held(postgres_url) == held(url_of(again)) == held(full)
    assert restored.aside is not None
    assert held(url_of(restored.aside)) == held(full)
    with _user(postgres_url), pytest.raises(ConfigError, match="Processes have the database open"):
        restore(target, postgres_url, ignored)


@contextmanager
def _user(url: str) -> Generator[None]:
    link = postgres_module("link")
    with closing(link.opened(link.address_of(url, wait_seconds=0))):
        yield


@pytest.mark.parametrize("kind", ["nothing", "text", "damaged", "another's"])
def test_what_is_no_backup_replaces_nothing(kind: str, full: str, tmp_path: Path) -> None:
    source, url = tmp_path / "source", url_of(tmp_path / "own.db")
    upkeep.upgrade(url)
    if kind == "text":
        source.write_text("no database at all, but long enough for a header of one" * 20)
    elif kind == "damaged":
        backup(full, source, ignored)
        data = bytearray(source.read_bytes())
        data[8192 * 3 : 8192 * 4] = bytes(8192)
        source.write_bytes(data)
    elif kind == "another's":
        with closing(sqlite3.connect(source)) as connection:
            connection.execute("CREATE TABLE users (id)")
    with pytest.raises(ConfigError):
        restore(source, url, ignored)
    assert {count.rows for count in held(url).values()} == {0}
    assert not list(tmp_path.glob("own.db.before-*"))


def test_an_older_releases_backup_is_brought_up_on_its_way_to_postgresql(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = tmp_path / "old.db"
    with closing(sqlite3.connect(source)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    with pytest.raises(ConfigError, match="no database of Antiphon"):
        restore(source, postgres_url, ignored)
    upkeep.upgrade(url_of(source))
    restore(source, postgres_url, ignored)
    assert held(postgres_url) == held(url_of(source))


def run(*arguments: str, **variables: str) -> Result:
    return CliRunner(env=variables).invoke(main, ["db", *arguments])


def test_a_person_can_do_all_of_it(full: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    own = {"ANTIPHON_DATABASE_URL": "sqlite:///own.db"}
    done = run("upgrade", "--check", **own)
    assert (done.exit_code, "to be upgraded" in done.output) == (1, True)
    done = run("copy", "--from", full, "--to", "sqlite:///own.db")
    assert (done.exit_code, f"responses: {ROWS} copied" in done.output) == (0, True), done.output
    done = run("upgrade", "--check", "--wait", "5", **own)
    assert (done.exit_code, "which is the newest" in done.output) == (0, True)
    done = run("backup", "copy.db", **own)
    assert (done.exit_code, done.output.startswith("copy.db: ")) == (0, True), done.output
    assert run("backup", "copy.db", **own).exit_code == 1
    done = run("restore", "copy.db", **own)
    assert (done.exit_code, "What it held before is in " in done.output) == (0, True), done.output
    assert held(url_of(tmp_path / "own.db")) == held(full)
    assert run("copy", "--from", full, "--to", full).exit_code == 1


def test_every_table_has_an_order_to_be_read_in() -> None:
    assert all(isinstance(table, Table) and len(table.primary_key) > 0 for table in METADATA.sorted_tables)
