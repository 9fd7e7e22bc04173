"""The tables in PostgreSQL, brought to what this release expects: the same tables and migrations as SQLite's.

Text is compared byte by byte (COLLATE "C") whatever the database's language is: ids sort by time of birth.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing, contextmanager
from typing import Final

from sqlalchemy import Dialect, Text, create_engine, insert
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.dialects.postgresql.base import PGTypeCompiler
from sqlalchemy.pool import NullPool
from typing_extensions import override

from antiphon.errors import ConfigError
from antiphon.store import tables
from antiphon.store.content_tables import content_keys
from antiphon.store.every_table import METADATA
from antiphon.store.failures import start_up
from antiphon.store.postgres.link import Address, address_of, opened
from antiphon.store.postgres.session import Session
from antiphon.store.schema import HEAD, Status, behind, migrate, pending, serves, warn_of_newer
from antiphon.store.statements import creation_of, positional

NAME: Final = "in PostgreSQL"
_WAIT_SECONDS: Final = 600
_LOCK: Final = 0x616E_7469_7068_6F6E
"""Held by whoever looks after the tables: ``antiphon`` in ASCII."""

_TABLES: Final = b"SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = current_schema()"
_REVISION: Final = f"SELECT version_num FROM {tables.revision.name}".encode()  # noqa: S608 - the name is ours
_KEYS: Final = f"SELECT string_agg(id, ' ') FROM {content_keys.name}".encode()  # noqa: S608 - as above


def status(url: str) -> Status:
    """As `antiphon.store.schema.status`."""
    with start_up(NAME), closing(opened(address_of(url, wait_seconds=0))) as session:
        current = _revision(session)
        keys = (session.say(_KEYS) or "") if content_keys.name in _tables(session) else ""
    return Status(current, HEAD, pending(current, NAME), frozenset(keys.split()))


def upgrade(url: str) -> Status:
    """As `antiphon.store.schema.upgrade`."""
    before = status(url)
    prepare(address_of(url, wait_seconds=0))
    return before


def prepare(address: Address, *, migrates: bool = True) -> None:
    """Makes or migrates the tables if need be; several processes may do this at once.

    Raises ConfigError, also for tables that would have to be migrated where nobody `migrates`.
    """
    with start_up(NAME), closing(opened(address)) as session:
        current = _revision(session)
        if current == HEAD:
            return
        if serves(current, NAME):
            warn_of_newer(current)
            return
        if not migrates:
            raise behind(current, NAME)
        with _looking_after(session):
            if not _is_there(session):
                _create(session)
                return
            current = _revision(session)
            if current != HEAD and not serves(current, NAME):
                _migrate(address, current)


@contextmanager
def _looking_after(session: Session) -> Generator[None]:
    session.say(b"SET statement_timeout = 0; SET lock_timeout = %d" % (_WAIT_SECONDS * 1000))
    session.say(b"SELECT pg_advisory_lock(%d)" % _LOCK)
    yield
    session.say(b"SELECT pg_advisory_unlock(%d)" % _LOCK)


def _revision(session: Session) -> str | None:
    return session.say(_REVISION) if _is_there(session) else None


def _is_there(session: Session) -> bool:
    """Whether there are tables of ours. Others' may stand beside them, as long as none has the name of one."""
    found = _tables(session)
    if tables.revision.name in found:
        return True
    if found & METADATA.tables.keys():
        raise ConfigError("The PostgreSQL database holds tables of something else: name a database of Antiphon's own.")
    return False


def _tables(session: Session) -> frozenset[str]:
    return frozenset((session.say(_TABLES) or "").split(" "))


def _create(session: Session) -> None:
    session.say(b"BEGIN")
    for statement in creation_of(*METADATA.sorted_tables, tables.revision, dialect=_byte_by_byte(_dialect())):
        session.say(statement.encode())
    session.execute(positional(insert(tables.revision), ["version_num"]), [HEAD])
    session.commit()


def _migrate(address: Address, current: str | None) -> None:
    """All in one transaction: a migration that fails leaves the tables as they were."""
    import psycopg  # noqa: PLC0415 - the driver in full, for nobody but those who have something to migrate

    pending(current, NAME)
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(address.conninfo), poolclass=NullPool
    )
    _byte_by_byte(engine.dialect)
    with engine.begin() as connection:
        migrate(connection)


def _dialect() -> Dialect:
    return asyncpg.dialect()


class _ByteByByte(PGTypeCompiler):
    @override
    def visit_TEXT(self, type_: Text, **kw: object) -> str:
        return f'{super().visit_TEXT(type_, **kw)} COLLATE "C"'


def _byte_by_byte(dialect: Dialect) -> Dialect:
    """Text in the tables that are made by it is compared so."""
    dialect.type_compiler_instance = _ByteByByte(dialect)
    return dialect
