"""Backups. Whatever engine keeps the database, a backup is one SQLite file: it can be looked into, and moved."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from msgspec import Struct

from antiphon.errors import ConfigError
from antiphon.store import upkeep
from antiphon.store.copying import Progress, copy
from antiphon.store.location import is_postgres, postgres_module, sqlite_location
from antiphon.store.sqlite_copying import backed_up, check, existing, placed, put_back, unused


class Restored(Struct, frozen=True):
    """Where what was replaced is kept; None where there was nothing."""

    aside: Path | None


def backup(url: str, target: Path, progress: Progress, *, force: bool = False) -> int:
    """Writes all that the database holds at this moment to a file, and gives its bytes. Others may go on writing.

    Raises ConfigError, also when the file is there and `force` is not said.
    """
    target = target.absolute()
    if not is_postgres(url):
        return backed_up(existing(url), target, force=force)
    return placed(target, lambda part: _copied(url, part, progress), force=force)


def restore(source: Path, url: str, progress: Progress) -> Restored:
    """Replaces what the database holds by what a backup does, an older release's too.

    Raises ConfigError, also where a process has the database open.
    """
    source = source.absolute()
    if not source.exists():
        raise ConfigError(f"There is no file {source}.")
    check(source)
    if not is_postgres(url):
        return Restored(put_back(source, sqlite_location(url)))
    if users := postgres_module("copying").users(url):
        raise ConfigError(f"Processes have the database open, by {users} connections: stop every server and worker.")
    aside = _set_aside(url)
    with tempfile.TemporaryDirectory(prefix="antiphon-restore-") as folder:
        newest = Path(folder) / "newest.db"
        backed_up(existing(f"sqlite:///{source}"), newest, force=False)
        upkeep.upgrade(f"sqlite:///{newest}")
        copy(f"sqlite:///{newest}", url, progress, replace=True)
    return Restored(aside)


def _set_aside(url: str) -> Path | None:
    """What PostgreSQL holds, in a file of the working directory; None where it holds no tables of ours."""
    if upkeep.status(url).current is None:
        return None
    upkeep.upgrade(url)
    aside = unused(Path.cwd() / f"antiphon.db.before-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}")
    backup(url, aside, _unheard)
    return aside


def _copied(url: str, part: Path, progress: Progress) -> None:
    copy(url, f"sqlite:///{part}", progress)


def _unheard(table: str, rows: int) -> None:
    """Nobody is told."""
