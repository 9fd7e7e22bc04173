"""``antiphon db upgrade`` and ``antiphon db status``."""

from __future__ import annotations

from pathlib import Path

import click

from antiphon.cli.configured import config_option, configured
from antiphon.config.redact import redacted_address
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


def _url(config: Path | None) -> str:
    loaded, _ = configured(config)
    return loaded.settings.database.url or ""


def _told(found: Status) -> str:
    if not found.pending:
        return f"at {found.head}, which is the newest"
    return f"at {found.current or 'nothing'}, to be upgraded to {found.head}: {', '.join(found.pending)}"
