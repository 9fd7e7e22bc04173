"""The file itself: where it is, who may read it, what it is made of, and what is left in it."""

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from msgspec import structs
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from antiphon.errors import ConfigError
from antiphon.store import tables
from antiphon.store.database import SqlDatabase
from antiphon.store.location import sqlite_location
from antiphon.store.responses import SqlResponses
from antiphon.store.schema import HEAD, status, upgrade
from antiphon.store.sweeper import Sweeper
from tests.contracts.responses_store import MINE, HandClock, turn

ROOT = Path(__file__).resolve().parents[2]
UNMIGRATED = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def schema_of(path: Path) -> set[tuple[str, str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_master").fetchall()
    return {(kind, name, "".join(sql.split())) for kind, name, sql in rows}


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///antiphon.db", Path("antiphon.db")),
        ("sqlite:///data/antiphon.db", Path("data/antiphon.db")),
        ("sqlite:////var/lib/antiphon.db", Path("/var/lib/antiphon.db")),
        ("sqlite://", None),
        ("sqlite:///", None),
        ("sqlite:///:memory:", None),
    ],
)
def test_an_address_names_a_file_or_memory(url: str, path: Path | None) -> None:
    assert sqlite_location(url).path == path


@pytest.mark.parametrize(
    "url",
    [
        "antiphon.db",
        "",
        "sqlite:antiphon.db",
        "sqlite://antiphon.db",
        "sqlite:///antiphon.db?mode=ro",
        "sqlite+aiosqlite:///antiphon.db",
        "sqlite+pysqlite:///antiphon.db",
        "postgresql://user:secret@host/antiphon",
    ],
)
def test_any_other_address_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        sqlite_location(url)
    assert "sqlite:///" in caught.value.message or "question mark" in caught.value.message
    assert "secret" not in caught.value.message


async def test_only_the_owner_can_read_what_is_made(tmp_path: Path) -> None:
    path = tmp_path / "one" / "two" / "store.db"
    before = os.umask(0)
    try:
        async with SqlDatabase.open(url_of(path)) as database:
            await SqlResponses(database, HandClock()).save(turn("one"))
            files = {file.name: mode_of(file) for file in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert files == dict.fromkeys(("store.db", "store.db-wal", "store.db-shm", "store.db-lock"), 0o600) | {
        "store.db-bus": 0o700
    }
    assert (mode_of(path.parent), mode_of(path.parent.parent)) == (0o700, 0o700)


async def test_a_file_and_a_folder_that_exist_keep_their_modes(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o750)
    path = folder / "store.db"
    path.touch()
    path.chmod(0o640)
    async with SqlDatabase.open(url_of(path)) as database:
        await database.ping()
    assert (mode_of(folder), mode_of(path)) == (0o750, 0o640)


async def test_a_relative_address_starts_where_the_process_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with SqlDatabase.open("sqlite:///data/store.db") as database:
        await database.ping()
    assert (tmp_path / "data" / "store.db").stat().st_size > 0


async def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("These are notes, and longer than the header of a database would be. " * 20)
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=r"notes\.txt"):
        async with SqlDatabase.open(url_of(path)):
            pass
    assert path.read_bytes() == before


async def test_a_path_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file" / "store.db"):
        with pytest.raises(ConfigError):
            async with SqlDatabase.open(url_of(path)):
                pass


async def test_a_database_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    execute(path, "CREATE TABLE users (id)")
    before = schema_of(path)
    with pytest.raises(ConfigError, match="something else"):
        async with SqlDatabase.open(url_of(path)):
            pass
    assert schema_of(path) == before


async def test_a_database_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "newer.db"
    upgrade(url_of(path))
    execute(path, "UPDATE alembic_version SET version_num = '9999-9998'")
    for use in (status, upgrade):
        with pytest.raises(ConfigError, match="newer Antiphon"):
            use(url_of(path))
    with pytest.raises(ConfigError, match="9999"):
        async with SqlDatabase.open(url_of(path)):
            pass


def test_the_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", "antiphon.store:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_the_migrations_lead_to_the_same_tables_as_a_new_database(tmp_path: Path) -> None:
    new, migrated = tmp_path / "new.db", tmp_path / "migrated.db"
    upgrade(url_of(new))
    execute(migrated, UNMIGRATED)
    upgrade(url_of(migrated))
    own = {row for row in schema_of(new) if "alembic" not in row[1]}
    assert own == {row for row in schema_of(migrated) if "alembic" not in row[1]}
    assert {"responses", "ix_responses_expires_at"} <= {name for _, name, _ in own}
    assert status(url_of(migrated)) == status(url_of(new))


def test_status_says_what_is_to_come_and_makes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    before = status(url_of(path))
    assert (before.current, before.head) == (None, HEAD)
    assert (before.pending[0], before.pending[-1]) == ("0001", HEAD)
    assert not path.exists()
    assert upgrade(url_of(path)) == before
    after = status(url_of(path))
    assert (after.current, after.pending) == (HEAD, ())
    assert upgrade(url_of(path)) == after


def test_a_migration_that_fails_leaves_the_tables_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    execute(path, UNMIGRATED, "CREATE TABLE other (x)", "CREATE INDEX ix_responses_expires_at ON other (x)")
    before = schema_of(path)
    with pytest.raises(ConfigError):
        upgrade(url_of(path))
    assert schema_of(path) == before


def test_the_tables_can_live_in_postgresql() -> None:
    dialect = postgresql.dialect()
    made = [str(CreateTable(table).compile(dialect=dialect)) for table in tables.metadata.sorted_tables]
    made += [
        str(CreateIndex(index).compile(dialect=dialect))
        for table in tables.metadata.sorted_tables
        for index in table.indexes
    ]
    assert any("BYTEA" in statement for statement in made)
    assert any("WHERE expires_at IS NOT NULL" in statement for statement in made)


def test_alembic_is_imported_only_to_migrate(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    script = (
        "import sys\n"
        "from antiphon.store.schema import upgrade\n"
        "from antiphon.store.location import sqlite_location\n"
        "from antiphon.store.schema import open_database\n"
        f"open_database(sqlite_location({url_of(path)!r}), 'full', 5.0).close()\n"
        "print('alembic' in sys.modules)\n"
    )
    for prepare, expected in ((None, "False"), (None, "False"), (UNMIGRATED, "True")):
        if prepare is not None:
            path.unlink()
            execute(path, prepare)
        done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True)
        assert done.stdout.strip() == expected


def test_processes_that_start_together_migrate_once(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    execute(path, UNMIGRATED)
    command = [sys.executable, "-m", "tests.integration.saving_process", url_of(path)]
    running = [subprocess.Popen([*command, str(number), "1"], cwd=ROOT, stdout=subprocess.PIPE) for number in range(3)]
    for process in running:
        process.communicate()
        assert process.returncode == 0
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD,)]
        assert connection.execute("SELECT count(*) FROM responses").fetchone() == (3,)


@pytest.mark.parametrize("size", [200, 50_000])
async def test_nothing_of_a_deleted_response_is_left_in_the_files(tmp_path: Path, size: int) -> None:
    path = tmp_path / "store.db"
    clock = HandClock()
    async with SqlDatabase.open(url_of(path)) as database:
        responses = SqlResponses(database, clock)
        for number in range(20):
            one = turn(str(number), frames=[b"data: 1\n\n"])
            secret = b"secret-%02d " % number * (size // 10)
            await responses.save(structs.replace(one, body=secret, input=secret))
        contents = read(tmp_path)
        assert all(b"secret-%02d" % number in contents for number in range(20))
        for number in range(0, 20, 2):
            assert await responses.delete(MINE, f"resp_{number}")
        await Sweeper(database, clock, 60.0).sweep()
        contents = read(tmp_path)
        assert [number for number in range(20) if b"secret-%02d" % number in contents] == list(range(1, 20, 2))


def read(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir() if not file.name.endswith(("-lock", "-bus")))
