"""``antiphon check``."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from antiphon.app import tried
from antiphon.cli.banner import finding_lines, webhook_lines
from antiphon.cli.configured import config_option, configured
from antiphon.config.redact import redacted


@click.command("check")
@config_option
def command(config: Path | None) -> None:
    """Check the configuration, and print what holds, without its secrets, and where each provider was found.

    What is printed is YAML. What is wrong, or may be, is printed on standard error; what is wrong ends with status 1.
    """
    loaded, _ = configured(config)
    asyncio.run(tried(loaded.settings))
    for warning in loaded.warnings:
        click.echo(f"! {warning}", err=True)
    click.echo(f"# {loaded.path or 'No configuration file.'}")
    for line in finding_lines(loaded.findings):
        click.echo(f"# {line}")
    for line in webhook_lines(loaded.settings.webhooks):
        click.echo(f"# {line}")
    click.echo(redacted(loaded.settings), nl=False)
