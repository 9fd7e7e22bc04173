"""A SQLite file as one end of a copy, and as what a backup is: whole, checked, and put in its place at once."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from antiphon.errors import ConfigError
from antiphon.store.connections import connect
from antiphon.store.failures import start_up
from antiphon.store.location import Location, create_file, sqlite_location
from antiphon.store.locks import FileLock
from antiphon.store.schema import HEAD, open_database, status
from antiphon.store.statements import Connection

_WAIT_SECONDS: Final = 60.0
_AT_ONCE: Final = 0.0


@contextmanager
def reading(url: str) -> Generator[Connection]:
    """What it holds at this moment. Raises ConfigError."""
    location = existing(url)
    if status(url).current != HEAD:
        raise ConfigError(f"The database {location} is not at the tables of this release: run `antiphon db upgrade`.")
    with start_up(str(location)), closing(connect(location, _WAIT_SECONDS)) as connection:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("BEGIN")
        yield connection


@contextmanager
def writing(url: str) -> Generator[Connection]:
    """A transaction that is committed on leaving. Makes the file and its tables if need be. Raises ConfigError."""
    location = sqlite_location(url)
    if location.lock is None:
        raise ConfigError("A database in memory is gone with its process: name a file.")
    with start_up(str(location)):
        connection = open_database(location, "full", _WAIT_SECONDS)
        with closing(FileLock(location.lock, _WAIT_SECONDS)) as lock, lock, closing(connection):
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")


def existing(url: str) -> Location:
    """Raises ConfigError where there is no such file."""
    location = sqlite_location(url)
    if location.path is None:
        raise ConfigError("A database in memory cannot be looked at from outside.")
    if not location.path.exists():
        raise ConfigError(f"There is no database {location}.")
    return location


def backed_up(location: Location, target: Path, *, force: bool) -> int:
    """Writes all that the database holds at this moment to a file of its own, and gives its bytes. Raises ConfigError.

    Processes may go on writing: in WAL a reader sees one moment, and the whole is copied in one step.
    """

    def fill(path: Path) -> None:
        with closing(connect(location, _WAIT_SECONDS)) as source, closing(sqlite3.connect(path)) as copy:
            source.backup(copy)

    return placed(target, fill, force=force)


def unused(path: Path) -> Path:
    """The path, or one beside it where something has that name."""
    free, number = path, 1
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}-{number}")
    return free


def placed(target: Path, fill: Callable[[Path], None], *, force: bool) -> int:
    """Lets `fill` write a database beside the target, checks it, and puts it there. Raises ConfigError."""
    if target.exists() and not force:
        raise ConfigError(f"{target} is there already; --force puts the backup in its place.")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    with start_up(str(target)):
        create_file(part)
        try:
            fill(part)
            with closing(sqlite3.connect(part, isolation_level=None)) as copy:
                # One file, whole by itself: what is copied from a log-writing database says that it has a log too.
                copy.execute("PRAGMA journal_mode = DELETE").fetchone()
            check(part)
            _settle(part)
            if force:
                part.replace(target)
            else:
                os.link(part, target)  # fails where somebody else was quicker
            _settle(target.parent)
        finally:
            for left in (part, *(part.with_name(part.name + tail) for tail in ("-wal", "-shm", "-journal", "-lock"))):
                left.unlink(missing_ok=True)
        return target.stat().st_size


def check(path: Path) -> None:
    """Raises ConfigError for a file that is no database of ours, or a damaged one."""
    with start_up(str(path)), closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(3)")]
    if found != ["ok"]:
        raise ConfigError(f"{path} is damaged: {'; '.join(found)}")
    if status(f"sqlite:///{path}").current is None:
        raise ConfigError(f"{path} is no database of Antiphon's.")


def put_back(source: Path, location: Location) -> Path | None:
    """Replaces what the database holds by what a backup does: where the replaced is kept, if there was any.

    Written by SQLite's own means into the file itself, so that a crash in the middle leaves what was there before.
    Raises ConfigError, also where a process has the database open.
    """
    check(source)
    if location.path is None or location.lock is None:
        raise ConfigError("A database in memory is gone with its process: nothing can be put back there.")
    aside: Path | None = None
    with start_up(str(location)):
        is_new = not location.path.exists()
        create_file(location.path)
        with (
            closing(FileLock(location.lock, _WAIT_SECONDS)) as lock,
            lock,
            closing(sqlite3.connect(location.name, timeout=_AT_ONCE, isolation_level=None)) as connection,
        ):
            _alone(connection, location)
            if not is_new and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
                aside = unused(location.path.with_name(f"{location.path.name}.before-{stamp}"))
                backed_up(location, aside, force=False)
            with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as origin:
                origin.backup(connection)
    return aside


def _alone(connection: sqlite3.Connection, location: Location) -> None:
    """Raises ConfigError where anybody else has the file open: all who have hold a lock that this change needs."""
    message = f"A process has the database {location} open: stop every server and worker, then try again."
    try:
        (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.OperationalError as error:
        raise ConfigError(message) from error
    if mode != "delete":
        raise ConfigError(message)


def _settle(path: Path) -> None:
    """On the disk, where the system can tell."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
