"""How SQLite is opened: what each connection is told before its first statement."""

from __future__ import annotations

import sqlite3
from typing import Final, Literal

from antiphon.store.location import Location
from antiphon.store.sealed_connections import Sealed, Sealing
from antiphon.store.vault import Vault

Synchronous = Literal["full", "normal"]
"""`full` survives power loss, `normal` only the death of the process."""

SQLITE_VERSION: Final = sqlite3.sqlite_version

_PAGE_BYTES: Final = 8192
_LOG_PAGES: Final = 1000
_LOG_BYTES: Final = 64 * 1024 * 1024
_READER_CACHE_KIB: Final = 512

_EVERYWHERE: Final = (
    # What a statement sets aside never becomes a file of its own, with content in it that outlives a deletion.
    "PRAGMA temp_store = MEMORY",
    "PRAGMA mmap_size = 0",
)
_WRITING: Final = (
    # What is deleted is overwritten, also where distributions build SQLite without it.
    "PRAGMA secure_delete = ON",
    # Without these a Mac answers before the disk has.
    "PRAGMA fullfsync = ON",
    "PRAGMA checkpoint_fullfsync = ON",
    f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}",
    f"PRAGMA journal_size_limit = {_LOG_BYTES}",
)


def connect(location: Location, busy_seconds: float, vault: Vault | None = None) -> sqlite3.Connection:
    """A connection that commits each statement by itself until it is told BEGIN; `vault` encrypts what was said."""
    connection = sqlite3.connect(
        location.name,
        timeout=busy_seconds,
        isolation_level=None,
        factory=sqlite3.Connection if vault is None else Sealing,
    )
    if isinstance(connection, Sealing) and vault is not None:
        connection.sealed = Sealed(vault)
    for pragma in _EVERYWHERE:
        connection.execute(pragma)
    return connection


def connect_writer(
    location: Location, synchronous: Synchronous, busy_seconds: float, vault: Vault | None = None
) -> sqlite3.Connection:
    connection = connect(location, busy_seconds, vault)
    # Three rows of 2 KB share a page of this size, and each would waste nearly half of a smaller one. New files only.
    connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    connection.execute(f"PRAGMA synchronous = {synchronous.upper()}")
    for pragma in _WRITING:
        connection.execute(pragma)
    return connection


def connect_reader(location: Location, busy_seconds: float, vault: Vault | None = None) -> sqlite3.Connection:
    connection = connect(location, busy_seconds, vault)
    connection.execute("PRAGMA query_only = ON")
    connection.execute(f"PRAGMA cache_size = -{_READER_CACHE_KIB}")
    return connection
