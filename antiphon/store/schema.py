"""The tables of a database, brought to what this release expects.

A new database is made from `tables.py` and its like, and one that stands at the head is only looked at, so that
Alembic, which takes 12 MB and a third of a second, is imported by nobody but those who have something to migrate.
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from sqlalchemy import URL, Connection, create_engine, event, insert
from sqlalchemy.pool import NullPool

from antiphon.errors import ConfigError
from antiphon.store import tables
from antiphon.store.connections import Synchronous, connect, connect_writer
from antiphon.store.content_tables import content_keys
from antiphon.store.every_table import METADATA
from antiphon.store.failures import start_up
from antiphon.store.location import Location, create_file, sqlite_location
from antiphon.store.locks import FileLock
from antiphon.store.statements import creation_of, positional
from antiphon.store.vault import Vault

if TYPE_CHECKING:
    from alembic.config import Config

HEAD: Final = "0011"
"""The newest migration; a test holds it to what the folder says."""

_WAIT_SECONDS: Final = 600.0
_FOLDER: Final = "antiphon.store:migrations"
_NAMES: Final = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
_REVISION: Final = f"SELECT version_num FROM {tables.revision.name}"  # noqa: S608 - the name is ours
_KEYS: Final = f"SELECT id FROM {content_keys.name}"  # noqa: S608 - as above


_logger: Final = logging.getLogger("antiphon.store")


class Status(Struct, frozen=True):
    """`current` is None where there are no tables yet; `pending` are the migrations to come, oldest first.

    `keys` are the ids of those that something stored is encrypted with.
    """

    current: str | None
    head: str
    pending: tuple[str, ...]
    keys: frozenset[str] = frozenset()

    @property
    def is_newer(self) -> bool:
        """Whether a newer release has made the tables what they are; this one can use them."""
        return self.current != self.head and not self.pending


def status(url: str) -> Status:
    """Where the tables stand. Makes nothing. Raises ConfigError."""
    location = sqlite_location(url)
    current, keys = None, frozenset[str]()
    if location.path is not None and location.path.exists():
        with start_up(str(location)), closing(connect(location, _WAIT_SECONDS)) as connection:
            current = _revision(connection, location)
            if content_keys.name in _names(connection):
                keys = frozenset(name for (name,) in connection.execute(_KEYS))
    return Status(current, HEAD, pending(current, location), keys)


def upgrade(url: str) -> Status:
    """Makes or migrates the tables, and returns where they stood before. Raises ConfigError."""
    before = status(url)
    open_database(sqlite_location(url), "full", _WAIT_SECONDS).close()
    return before


def migrate(connection: Connection) -> None:
    """What is pending, in the transaction that the connection is in."""
    from alembic import command  # noqa: PLC0415 - the module's docstring says why

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def pending(current: str | None, database: object) -> tuple[str, ...]:
    """The migrations to come, oldest first; none for tables of a newer release that this one can use.

    Raises ConfigError for tables that it cannot.
    """
    if current == HEAD or serves(current, database):
        return ()
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)  # lists its own parts as it is imported
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - as above
    from alembic.script.revision import RevisionError  # noqa: PLC0415

    try:
        scripts = list(ScriptDirectory.from_config(_config()).iterate_revisions("head", current or "base"))
    except RevisionError as error:
        raise unusable(current, database) from error
    return tuple(script.revision for script in reversed(scripts))


def serves(current: str | None, database: object) -> bool:
    """Whether the tables are a newer release's that this one can use. Raises ConfigError where it cannot.

    A migration is named after its number, and, once one has taken something away, after the newest that does without
    that too: `0014-0012` serves every release from the one whose head is 0012.
    """
    number, _, floor = (current or "").partition("-")
    ours = HEAD.partition("-")[0]
    if not (number.isdecimal() and int(number) > int(ours)):
        return False
    if floor and not (floor.isdecimal() and int(floor) <= int(ours)):
        raise unusable(current, database)
    return True


def unusable(current: str | None, database: object) -> ConfigError:
    return ConfigError(
        f"The database {database} was made by a newer Antiphon: its tables stand at {current!r}, and this release"
        f" knows them up to {HEAD!r}. Install the newer release."
    )


def behind(current: str | None, database: object) -> ConfigError:
    """What a start says that must not migrate."""
    return ConfigError(
        f"The tables of the database {database} stand at {current or 'nothing'}, and this release needs {HEAD}."
        " Run `antiphon db upgrade`, or set `database.migrate_on_start`."
    )


def warn_of_newer(current: str | None) -> None:
    """A start tells that it goes on with what a newer release has made."""
    _logger.warning("the database's tables are a newer release's: %s, where this one knows %s", current, HEAD)


def open_database(
    location: Location,
    synchronous: Synchronous,
    busy_seconds: float,
    vault: Vault | None = None,
    *,
    migrates: bool = True,
) -> sqlite3.Connection:
    """A connection that writes, to tables at the head. Several processes may do this at once.

    Raises ConfigError, also for tables that would have to be migrated where nobody `migrates`.
    """
    with start_up(str(location)):
        if location.path is not None:
            create_file(location.path)
        connection = connect_writer(location, synchronous, busy_seconds, vault)
        try:
            _prepare(connection, location, migrates=migrates)
        except BaseException:
            connection.close()
            raise
        return connection


def _prepare(connection: sqlite3.Connection, location: Location, *, migrates: bool) -> None:
    if location.lock is None:
        _create(connection)
        return
    with closing(FileLock(location.lock, _WAIT_SECONDS)) as lock, lock:
        current = _revision(connection, location)
        connection.execute("PRAGMA journal_mode = WAL")
        if current == HEAD:
            return
        if serves(current, location):
            warn_of_newer(current)
            return
        if not migrates:
            raise behind(current, location)
        if connection.execute(_NAMES).fetchone() is None:
            _create(connection)
        else:
            _migrate(location, current)


def _revision(connection: sqlite3.Connection, location: Location) -> str | None:
    names = _names(connection)
    if tables.revision.name in names:
        row = connection.execute(_REVISION).fetchone()
        return None if row is None else str(row[0])
    if names:
        raise ConfigError(f"The database {location} belongs to something else: name a file of Antiphon's own.")
    return None


def _names(connection: sqlite3.Connection) -> list[str]:
    return [name for (name,) in connection.execute(_NAMES)]


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN EXCLUSIVE")
    for statement in creation_of(*METADATA.sorted_tables, tables.revision):
        connection.execute(statement)
    connection.execute(positional(insert(tables.revision), ["version_num"]), [HEAD])
    connection.execute("COMMIT")


def _config() -> Config:
    from alembic.config import Config  # noqa: PLC0415 - the module's docstring says why

    config = Config()
    config.set_main_option("script_location", _FOLDER)
    return config


def _migrate(location: Location, current: str | None) -> None:
    """All in one transaction: a migration that fails leaves the tables as they were."""
    pending(current, location)
    engine = create_engine(URL.create("sqlite", database=location.name), poolclass=NullPool)
    event.listen(engine, "connect", _leave_transactions_to_us)
    event.listen(engine, "begin", _begin)
    with engine.begin() as connection:
        migrate(connection)


def _leave_transactions_to_us(connection: sqlite3.Connection, _record: object) -> None:
    """Else the driver would commit before each change of a table."""
    connection.isolation_level = None


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN EXCLUSIVE")
