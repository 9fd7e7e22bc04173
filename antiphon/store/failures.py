"""Where exceptions of SQLite, SQLAlchemy and the operating system become ours.

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

FOREIGN: Final = (
    sqlite3.Error,
    SQLAlchemyError,
    zlib.error,
    OSError,
    MemoryError,
    OverflowError,  # a number or a text too large to bind
    UnicodeError,  # a text that is not Unicode: a lone surrogate
)

_BUSY: Final = "The database is busy: another process has been writing to it for too long."
_DAMAGED: Final = "The database file is damaged or is no database."
_SENTENCES: Final = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_READONLY: "The database can be read but not written.",
    sqlite3.SQLITE_FULL: "The disk that holds the database is full.",
    sqlite3.SQLITE_IOERR: "The disk that holds the database failed.",
    sqlite3.SQLITE_CANTOPEN: "The database file cannot be opened.",
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_CONSTRAINT: "What was to be stored contradicts what is stored already.",
    sqlite3.SQLITE_TOOBIG: "What was to be stored is too large for the database.",
}


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
    return "The database failed."


def as_ours(error: Exception) -> Exception:
    """The error that callers know: StoreFailed for a foreign one, any other as it is."""
    if not isinstance(error, FOREIGN):
        return error
    failure = StoreFailed(sentence_for(error))
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
