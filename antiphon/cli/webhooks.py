"""``antiphon webhooks test``."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import click

from antiphon.app.receivers import webhook_receivers
from antiphon.cli.configured import config_option, configured
from antiphon.notices import Notice
from antiphon.settings import Settings
from antiphon.webhooks.receiver import Answered

_NO_RESPONSE: Final = "resp_" + "0" * 48
"""What a test event names: a well-formed id that no response has."""


@click.group("webhooks")
def command() -> None:
    """Look after the receivers of webhooks."""


@command.command("test")
@config_option
def send_test(config: Path | None) -> None:
    """Send one signed event to each receiver, and print what it answered.

    The event is the first that the receiver is configured for, of a response that does not exist; its id begins with
    evt_test. It is sent once. Status 1 if one did not arrive.
    """
    loaded, _ = configured(config)
    settings = loaded.settings
    if not settings.webhooks:
        click.echo("No webhooks are configured.", err=True)
        raise SystemExit(1)
    results = asyncio.run(_sent(settings))
    width = max(len(host) for host, _ in results)
    for host, answered in results:
        sign = "✓" if answered.has_arrived else "✗"
        click.echo(f"{sign} {host:{width}}  {answered.words}  {answered.seconds:.3f} s")
    if not all(answered.has_arrived for _, answered in results):
        raise SystemExit(1)


async def _sent(settings: Settings) -> Sequence[tuple[str, Answered]]:
    results: list[tuple[str, Answered]] = []
    now = int(time.time())
    async with AsyncExitStack() as stack:
        for receiver, webhook in zip(webhook_receivers(settings, stack), settings.webhooks, strict=True):
            notice = Notice(f"evt_test_{secrets.token_hex(24)}", 1, now, webhook.all_events[0], _NO_RESPONSE)
            results.append((receiver.host, await receiver.tell(notice, now)))
    return results
