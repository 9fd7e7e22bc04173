"""Looking after a database's tables, whatever engine keeps them."""

from __future__ import annotations

from types import ModuleType

from antiphon.store import schema
from antiphon.store.location import is_postgres, postgres_module
from antiphon.store.schema import Status


def status(url: str) -> Status:
    """Where the tables stand. Makes nothing. Raises ConfigError."""
    found: Status = _of(url).status(url)
    return found


def upgrade(url: str) -> Status:
    """Makes or migrates the tables, and returns where they stood before. Raises ConfigError."""
    before: Status = _of(url).upgrade(url)
    return before


def _of(url: str) -> ModuleType:
    return postgres_module("schema") if is_postgres(url) else schema
