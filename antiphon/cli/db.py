"""``antiphon db``: the tables, copies of what they hold, and the keys that it is under."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from antiphon.app.content import reencrypted
from antiphon.cli.configured import config_option, configured
from antiphon.config.redact import redacted_address
from antiphon.errors import ConfigError
from antiphon.store.backups import backup, restore
from antiphon.store.copying import copy
from antiphon.store.reencryption import Count
from antiphon.store.schema import Status
from antiphon.store.upkeep import status, upgrade

_PAUSE_SECONDS: Final = 1.0


@click.group("db")
def command() -> None:
    """Look after the database. Serving upgrades it too."""


@command.command("upgrade", short_help="Bring the tables to what this release expects.")
@config_option
@click.option("--check", is_flag=True, help="Change nothing; status 1 tells that there is something to do.")
@click.option(
    "--wait", type=click.FloatRange(0), metavar="SECONDS", default=0.0, help="With --check: how long to wait."
)
def print_upgrade(config: Path | None, *, check: bool, wait: float) -> None:
    """Bring the tables to what this release expects, making them if there are none.

    With --check whatever waits for it, as an init container does, can find out whether somebody else has done so.
    """
    url = _url(config)
    if check:
        found = _awaited(url, wait)
        click.echo(f"{redacted_address(url)}: {_told(found)}")
        sys.exit(1 if found.pending else 0)
    before = upgrade(url)
    if before.pending:
        click.echo(f"{redacted_address(url)}: upgraded from {before.current or 'nothing'} to {before.head}")
    else:
        click.echo(f"{redacted_address(url)}: nothing to do, it is {_told(before)}")


@command.command("status")
@config_option
def print_status(config: Path | None) -> None:
    """Tell where the tables stand, and change nothing."""
    url = _url(config)
    click.echo(f"{redacted_address(url)}: {_told(status(url))}")


@command.command("backup", short_help="Write all that is kept to a file.")
@config_option
@click.option("--force", is_flag=True, help="Replace TARGET if it is there.")
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
def print_backup(config: Path | None, target: Path, *, force: bool) -> None:
    """Write all that is kept to the file TARGET, whatever engine keeps it, while servers go on.

    What is written is a SQLite database, checked, readable by its owner alone, and there only once it is whole.
    """
    url = _url(config)
    size = backup(url, target, _counted("read"), force=force)
    click.echo(f"{target}: {size} bytes, all that {redacted_address(url)} held")


@command.command("restore", short_help="Replace all that is kept by what a backup holds.")
@config_option
@click.argument("source", type=click.Path(path_type=Path, dir_okay=False))
def print_restore(config: Path | None, source: Path) -> None:
    """Replace all that is kept by what the backup SOURCE holds. Stop every server and worker before.

    What is replaced is kept in a file beside it, whose name is told.
    """
    url = _url(config)
    restored = restore(source, url, _counted("restored"))
    click.echo(f"{redacted_address(url)}: holds what {source} does")
    if restored.aside is not None:
        click.echo(f"What it held before is in {restored.aside}.")


@command.command("copy", short_help="Copy everything into another database.")
@click.option("--from", "origin", required=True, metavar="URL", help="The database to read.")
@click.option("--to", "target", required=True, metavar="URL", help="The database to write, which must be empty.")
def print_copy(origin: str, target: str) -> None:
    """Copy everything from one database into another, from SQLite to PostgreSQL or back.

    It is one transaction, which is kept only if what was written is what was read. What is written to the database
    meanwhile is not in the copy: stop its servers and workers before.
    """
    if origin == target:
        raise ConfigError("Both addresses are the same.")
    counts = copy(origin, target, _counted("copied"))
    click.echo(f"{redacted_address(target)}: {sum(each.rows for each in counts.values())} rows, as they were read")


def _counted(word: str) -> Callable[[str, int], None]:
    """Tells on standard error of each table that holds anything."""

    def tell(table: str, rows: int) -> None:
        if rows:
            click.echo(f"{table}: {rows} {word}", err=True)

    return tell


def _awaited(url: str, seconds: float) -> Status:
    """Where the tables stand, once nothing is pending or so many seconds have passed. Raises ConfigError."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            found = status(url)
            if not found.pending or time.monotonic() >= deadline:
                return found
        except ConfigError:
            if time.monotonic() >= deadline:
                raise
        time.sleep(_PAUSE_SECONDS)


@command.command("reencrypt", short_help="Encrypt everything under the first key.")
@config_option
@click.option("--decrypt", is_flag=True, help="Write everything as it is, without encryption.")
def print_reencryption(config: Path | None, decrypt: bool) -> None:  # noqa: FBT001 - an option of the command line
    """Encrypt everything that is stored under the first of security.encryption_keys.

    After that key was put first and every process was restarted; others may serve meanwhile. Keys that are not needed
    any more are named at the end, and can then be taken away.
    """
    loaded, _ = configured(config)
    unreadable = 0

    def tell(table: str, count: Count) -> None:
        nonlocal unreadable
        unreadable += count.unreadable
        if count.changed or count.unreadable:
            click.echo(f"{table}: {count.changed} rows written anew, {count.unreadable} that no key opens")

    needless = asyncio.run(reencrypted(loaded.settings, tell, encrypts=not decrypt))
    if needless:
        click.echo(f"not needed any more: {', '.join(needless)}")
    if unreadable:
        raise click.ClickException("Some rows were left as they are: a key is missing, or they were changed.")


def _url(config: Path | None) -> str:
    loaded, _ = configured(config)
    return loaded.settings.database.url or ""


def _told(found: Status) -> str:
    if found.is_newer:
        return f"at {found.current}, a newer release's, which this one ({found.head}) can use"
    if not found.pending:
        return f"at {found.head}, which is the newest"
    return f"at {found.current or 'nothing'}, to be upgraded to {found.head}: {', '.join(found.pending)}"
