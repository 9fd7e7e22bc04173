"""``antiphon worker``."""

from __future__ import annotations

from pathlib import Path

import click

from antiphon.cli.configured import config_option, configured, source_of
from antiphon.config.keeping import with_kept_keys
from antiphon.errors import ConfigError
from antiphon.lifecycle_settings import BackgroundSettings
from antiphon.server import run_worker
from antiphon.version import __version__


@click.command("worker")
@config_option
@click.option("--answers", type=click.IntRange(1, 4096), metavar="NUMBER", help="How many at once.")
def command(config: Path | None, answers: int | None) -> None:
    """Give answers in the background, and to batches, until a signal says to stop.

    Servers do so too, unless `background.answers_at_once` and `batches.lines_at_once` are 0. All of them must share one
    database. Without --answers it is as many as a server would give, or 32 where that is none.
    """
    loaded, environment = configured(config)
    settings, _ = with_kept_keys(loaded.settings, environment.variables)
    if settings.database.url in (None, "sqlite://"):
        raise ConfigError("A worker needs the database of its servers: one in memory is nobody else's.")
    at_once = answers or settings.background.answers_at_once or BackgroundSettings().answers_at_once
    click.echo(f"Antiphon {__version__} answers in the background, up to {at_once} requests at once.", err=True)
    run_worker(settings, at_once, source_of(loaded))
