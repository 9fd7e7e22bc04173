"""``antiphon health``."""

from __future__ import annotations

import http.client
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

import click

from antiphon.cli.banner import base_url
from antiphon.cli.configured import config_option, configured
from antiphon.cli.nearby import checked_url, is_here
from antiphon.errors import ConfigError

_READY: Final = "/health/ready"
_ALIVE: Final = "/health"
_SHOWN_BYTES: Final = 4096


@click.command("health")
@config_option
@click.option("--url", metavar="ADDRESS", callback=checked_url, help="Where it serves; as configured when absent.")
@click.option("--alive", is_flag=True, help="Ask whether the process answers, not whether it can serve.")
@click.option("--seconds", type=click.FloatRange(0.1, 60), default=3.0, show_default=True, help="How long to wait.")
def command(config: Path | None, url: str | None, *, alive: bool, seconds: float) -> None:
    """Ask a gateway whether it can serve, and print what it says. Status 1 if it cannot.

    This is for health checks of containers, which have no curl.
    """
    root = (url or _own(config)).rstrip("/").removesuffix("/v1")
    try:
        status, body = _asked(root + (_ALIVE if alive else _READY), seconds)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        click.echo(f"nothing answers at {root}: {reason}", err=True)
        raise SystemExit(1) from None
    is_well = status == http.HTTPStatus.OK
    click.echo(body, err=not is_well)
    if not is_well:
        raise SystemExit(1)


def _own(config: Path | None) -> str:
    """The address of the gateway that this configuration is of. Raises ConfigError where it takes any free port."""
    server = configured(config)[0].settings.server
    if not server.port:
        raise ConfigError("the configuration lets the gateway take any free port; say with --url where it serves")
    return base_url(server)


def _asked(url: str, seconds: float) -> tuple[int, str]:
    """The status, and what came with it.

    On this machine no proxy is asked, and no certificate is checked: it is made out to the name that clients use, and
    no secret is sent.
    """
    handlers: list[urllib.request.BaseHandler] = []
    if is_here(url):
        handlers = [urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=_unchecked())]
    try:
        with urllib.request.build_opener(*handlers).open(url, timeout=seconds) as answer:
            return answer.status, answer.read(_SHOWN_BYTES).decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read(_SHOWN_BYTES).decode(errors="replace")


def _unchecked() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
