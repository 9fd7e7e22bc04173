"""``antiphon serve``."""

from __future__ import annotations

from pathlib import Path

import click

from antiphon.app.checkup.machine import check_port
from antiphon.cli.banner import banner
from antiphon.cli.configured import config_option, configured, source_of
from antiphon.config.keeping import with_kept_keys
from antiphon.server import run_server


@click.command("serve")
@config_option
@click.option("--host", metavar="ADDRESS", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, metavar="NUMBER", help="Port to listen on.  [default: 8080]")
@click.option("--workers", type=int, metavar="NUMBER", help="Processes that share the port.  [default: 1]")
def command(config: Path | None, host: str | None, port: int | None, workers: int | None) -> None:
    """Serve the API until a signal says to stop.

    Nothing has to be configured: providers are found from variables such as OPENAI_API_KEY, in the environment or in
    a file called .env, and a key is made on the first start.
    """
    loaded, environment = configured(config, host=host, port=port, workers=workers)
    check_port(loaded.settings.server)
    settings, kept = with_kept_keys(loaded.settings, environment.variables)
    # Standard output stays clean: whoever collects it wants log lines only.
    click.echo(banner(loaded, kept), err=True)
    run_server(settings, source_of(loaded, host=host, port=port, workers=workers))
