"""``antiphon check``."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from antiphon.app import wired
from antiphon.cli.banner import finding_lines, webhook_lines
from antiphon.cli.configured import config_option, configured
from antiphon.cli.in_process import private
from antiphon.config.redact import redacted
from antiphon.http.tls import context_of
from antiphon.settings import Settings


@click.command("check")
@config_option
def command(config: Path | None) -> None:
    """Check the configuration, and print what holds, without its secrets, and where each provider was found.

    What is printed is YAML. What is wrong, or may be, is printed on standard error; what is wrong ends with status 1.
    """
    loaded, _ = configured(config)
    asyncio.run(_opened(loaded.settings))
    for warning in loaded.warnings:
        click.echo(f"! {warning}", err=True)
    click.echo(f"# {loaded.path or 'No configuration file.'}")
    for line in finding_lines(loaded.findings):
        click.echo(f"# {line}")
    for line in webhook_lines(loaded.settings.webhooks):
        click.echo(f"# {line}")
    click.echo(redacted(loaded.settings), nl=False)


async def _opened(settings: Settings) -> None:
    """Opens all that a server opens but its database and its port, and asks nobody. Raises ConfigError."""
    if settings.server.tls is not None:
        context_of(settings.server.tls)
    changed, _ = private(settings)
    async with wired(changed):
        pass
