"""``antiphon db upgrade``, ``antiphon db status`` and ``antiphon db reencrypt``."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from antiphon.app.content import reencrypted
from antiphon.cli.configured import config_option, configured
from antiphon.config.redact import redacted_address
from antiphon.store.reencryption import Count
from antiphon.store.schema import Status
from antiphon.store.upkeep import status, upgrade


@click.group("db")
def command() -> None:
    """Look after the database. Serving upgrades it too."""


@command.command("upgrade")
@config_option
def print_upgrade(config: Path | None) -> None:
    """Bring the tables to what this release expects, making them if there are none."""
    url = _url(config)
    before = upgrade(url)
    if before.pending:
        click.echo(f"{redacted_address(url)}: upgraded from {before.current or 'nothing'} to {before.head}")
    else:
        click.echo(f"{redacted_address(url)}: nothing to do, it is at {before.head}")


@command.command("status")
@config_option
def print_status(config: Path | None) -> None:
    """Tell where the tables stand, and change nothing."""
    url = _url(config)
    click.echo(f"{redacted_address(url)}: {_told(status(url))}")


@command.command("reencrypt")
@config_option
@click.option("--decrypt", is_flag=True, help="Write everything as it is, without encryption.")
def print_reencryption(config: Path | None, decrypt: bool) -> None:  # noqa: FBT001 - an option of the command line
    """Bring what is stored under the first of security.encryption_keys.

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
    if not found.pending:
        return f"at {found.head}, which is the newest"
    return f"at {found.current or 'nothing'}, to be upgraded to {found.head}: {', '.join(found.pending)}"
