"""Where a database is, from its SQLAlchemy address (https://docs.sqlalchemy.org/en/21/dialects/sqlite.html)."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final

from msgspec import Struct
from typing_extensions import override

from antiphon.errors import ConfigError

_FOLDER_MODE: Final = 0o700
_FILE_MODE: Final = 0o600


class Location(Struct, frozen=True):
    """A file, or memory where there is no path."""

    path: Path | None

    @override
    def __str__(self) -> str:
        return "in memory" if self.path is None else str(self.path)

    @property
    def name(self) -> str:
        """What the driver opens."""
        return ":memory:" if self.path is None else str(self.path)

    @property
    def lock(self) -> Path | None:
        """The file that processes lock to write one after another."""
        return None if self.path is None else self.path.with_name(f"{self.path.name}-lock")

    @property
    def bus(self) -> Path | None:
        """The folder of the sockets by which processes tell each other things."""
        return None if self.path is None else self.path.with_name(f"{self.path.name}-bus")


def is_postgres(url: str) -> bool:
    return url.startswith(("postgresql://", "postgres://"))


def postgres_module(name: str) -> ModuleType:
    """A module that nobody imports who keeps to SQLite: it needs an extra. Raises ConfigError where that is missing."""
    return _of_extra("postgres", name, "PostgreSQL needs its driver, which is not installed")


def redis_module(name: str) -> ModuleType:
    """As `postgres_module`, for those who have Redis."""
    return _of_extra("redis", name, "Redis needs a parser that is not installed")


def _of_extra(extra: str, name: str, missing: str) -> ModuleType:
    try:
        return import_module(f"antiphon.store.{extra}.{name}")
    except ImportError as error:
        how = f"`make {extra}`, or elsewhere `pip install 'antiphon[{extra}]'`"
        raise ConfigError(f"{missing}: {how}. ({error})") from error


def check_redis(url: str) -> None:
    """As `check`, for an address of Redis."""
    redis_module("link")
    redis_module("address").address_of(url)


def check(url: str) -> None:
    """Raises ConfigError for an address that leads nowhere, without asking anybody."""
    if is_postgres(url):
        postgres_module("link").address_of(url, wait_seconds=0)
    else:
        sqlite_location(url)


def sqlite_location(url: str) -> Location:
    """Raises ConfigError for any other address, without repeating it: it may hold a password."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme != "sqlite":
        spelled = "sqlite:///relative/path, sqlite:////absolute/path or postgresql://user:password@host/database"
        engine, _, driver = scheme.partition("+")
        if driver and engine in {"sqlite", "postgresql", "postgres"}:
            message = f"A database address names no driver: write {spelled}, without +{driver}."
        else:
            message = f"A database address of the kind {scheme!r} is not known here: write {spelled}."
        raise ConfigError(message)
    if rest in {"", "/", "/:memory:"}:
        return Location(None)
    if not rest.startswith("/"):
        message = "A database address has three slashes before a relative path (sqlite:///antiphon.db), four before /."
        raise ConfigError(message)
    if "?" in rest:
        message = "A database address takes no parameters: leave out the question mark and what follows it."
        raise ConfigError(message)
    return Location(Path(rest[1:]))


def create_file(path: Path) -> None:
    """An empty file that only its owner can read, with the folders it needs. What exists is left as it is.

    Never opens a file that exists: closing it again would drop the locks that SQLite holds on it in this process.
    """
    for folder in reversed(path.parents):
        folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, _FILE_MODE))
    except FileExistsError:
        return
