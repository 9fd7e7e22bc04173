"""Where exceptions of SQLite, PostgreSQL, SQLAlchemy and the operating system become ours.

Law: nothing foreign that may be raised by a sound database on an unsound machine leaves `store` untranslated.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Self

from sqlalchemy.exc import SQLAlchemyError

from antiphon.errors import ConfigError, StoreFailed


class Refusal(Exception):
    """What PostgreSQL says in place of a result: `state` is its five-letter code, None when the connection was lost."""

    def __init__(self, said: str, state: str | None = None) -> None:
        """`said` may name values and hosts: for the log alone."""
        super().__init__(said)
        self.state = state

    @property
    def is_lost(self) -> bool:
        """Whether another connection is needed: it broke, or leads to where nothing can be written."""
        return self.state is None or self.state in _LOST or self.state.startswith(("08", "57P0"))


def outrun() -> Refusal:
    """To be raised by work that finds that somebody else has changed what it has just looked at: it is done again."""
    return Refusal("Somebody else came first.", "40001")


FOREIGN: Final = (
    sqlite3.Error,
    Refusal,
    SQLAlchemyError,
    zlib.error,
    OSError,
    MemoryError,
    OverflowError,  # a number or a text too large to bind
    UnicodeError,  # a text that is not Unicode: a lone surrogate
)

_BUSY: Final = "The database is busy: another process has been writing to it for too long."
_DAMAGED: Final = "The database file is damaged or is no database."
_FULL: Final = "The disk that holds the database is full."
_SENTENCES: Final = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_READONLY: "The database can be read but not written.",
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_IOERR: "The disk that holds the database failed.",
    sqlite3.SQLITE_CANTOPEN: "The database file cannot be opened.",
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_CONSTRAINT: "What was to be stored contradicts what is stored already.",
    sqlite3.SQLITE_TOOBIG: "What was to be stored is too large for the database.",
}

_LOST: Final = frozenset(
    {
        "25006",  # the server has become one that takes no writes
        "0A000",  # a plan that a migration has made useless
        "26000",  # a prepared statement that somebody between us and the server has lost
    }
)
_WHY: Final = (
    ("password authentication failed", "it refuses the user or the password"),
    ("no password supplied", "it asks for a password"),
    ("pg_hba.conf", "it admits nobody from here under this name"),
    ("starting up", "it is starting up"),
    ("recovery", "it is starting up, or is a copy that takes no writes"),
    ("read-only", "it takes no writes"),
    ("shutting down", "it is shutting down"),
    ("too many clients", "it has no connection left"),
    ("remaining connection slots", "it has no connection left"),
    ("refused", "nobody listens there"),
    ("No such file", "nobody listens there"),
    ("could not translate host name", "the name of its host is not known"),
    ("timeout", "it does not answer"),
    ("timed out", "it does not answer"),
    ("does not exist", "there is no such database or user"),
    ("SSL", "TLS does not come about"),
    ("certificate", "its certificate is not trusted"),
)
_STATES: Final = {
    "22": "What was to be stored is not what the database can hold.",
    "23": "What was to be stored contradicts what is stored already.",
    "25006": "The database can be read but not written.",
    "40": "The database is busy: others were writing the same for too long.",
    "42501": "The database refuses: its user lacks a right.",
    "42P01": "The database has not the tables of this release: run `antiphon db upgrade`.",
    "53100": _FULL,
    "53": "The database has no resources left.",
    "54000": "What was to be stored is too large for the database.",
    "55P03": _BUSY,
    "57014": "The database took too long.",
    "58": "The disk that holds the database failed.",
    "XX001": _DAMAGED,
}
RETRY_SECONDS: Final = 2.0


class Caught:
    """The edge of a thread: holds what was raised inside, for whoever awaits the work. The thread goes on."""

    __slots__ = ("error",)

    def __init__(self) -> None:
        """Nothing has been raised yet."""
        self.error: Exception | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        self.error = error
        return True


def sentence_for(error: BaseException) -> str:
    """What happened, without paths, names or contents: clients read it."""
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(code, int):
        # The low byte is the kind; the rest says where it happened.
        return _SENTENCES.get(code & 0xFF, "The database failed.")
    if isinstance(error, TimeoutError):
        return _BUSY
    if isinstance(error, Refusal):
        if error.state is None or error.state.startswith(("08", "57P0")):
            return _unreachable(str(error))
        return next((_STATES[key] for key in (error.state, error.state[:2]) if key in _STATES), "The database failed.")
    return "The database failed."


def as_ours(error: Exception) -> Exception:
    """The error that callers know: StoreFailed for a foreign one, any other as it is."""
    if not isinstance(error, FOREIGN):
        return error
    failure = StoreFailed(sentence_for(error), retry_after=RETRY_SECONDS if isinstance(error, Refusal) else None)
    failure.__cause__ = error
    return failure


@contextmanager
def start_up(database: str) -> Generator[None]:
    """Makes foreign errors ConfigError: before the first request, the owner is the one who can mend them."""
    try:
        yield
    except FOREIGN as error:
        message = f"The database {database} cannot be used. {sentence_for(error)} ({error})"
        raise ConfigError(message) from error


def _unreachable(said: str) -> str:
    """Without the hosts and names that the driver tells of."""
    why = next((words for sign, words in _WHY if sign in said), "the connection was lost")
    return f"The database cannot be reached: {why}."
