"""PostgreSQL as one end of a copy."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing, contextmanager

from antiphon.errors import ConfigError
from antiphon.store.failures import start_up
from antiphon.store.postgres.link import address_of, opened
from antiphon.store.postgres.schema import NAME, prepare, status
from antiphon.store.postgres.session import Session
from antiphon.store.schema import HEAD
from antiphon.store.statements import Connection

_PATIENT = b"SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0"
_OTHERS = (
    b"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'antiphon'"
    b" AND pid <> pg_backend_pid()"
)


@contextmanager
def reading(url: str) -> Generator[Connection]:
    """What it holds at this moment. Raises ConfigError."""
    if status(url).current != HEAD:
        raise ConfigError(f"The database {NAME} is not at the tables of this release: run `antiphon db upgrade`.")
    with _session(url) as session:
        session.say(b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield session


@contextmanager
def writing(url: str) -> Generator[Connection]:
    """A transaction that is committed on leaving. Makes the tables if need be. Raises ConfigError."""
    prepare(address_of(url, wait_seconds=0))
    with _session(url) as session:
        session.say(b"BEGIN")
        yield session
        session.commit()


def users(url: str) -> int:
    """How many connections other processes of ours have to the database. Raises ConfigError."""
    with _session(url) as session:
        return int(session.say(_OTHERS) or 0)


@contextmanager
def _session(url: str) -> Generator[Session]:
    with start_up(NAME), closing(opened(address_of(url, wait_seconds=0))) as session:
        session.say(_PATIENT)
        yield session
