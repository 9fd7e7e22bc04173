"""``antiphon models``."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from antiphon.app import create_app
from antiphon.cli.answers import Whole
from antiphon.cli.configured import config_option, configured
from antiphon.cli.in_process import Request, exchange, private


class _Card(Struct, frozen=True):
    """The part of a model's card that a line shows."""

    id: str
    context_window: int | None = None
    capabilities: list[str] = msgspec.field(default_factory=list[str])


class _Models(Struct, frozen=True):
    data: list[_Card]


@click.command("models")
@click.option("--json", "as_json", is_flag=True, help="Print the list as the API gives it.")
@config_option
def command(*, as_json: bool, config: Path | None) -> None:
    """List the models that can be asked for, with what is known of their context size and abilities."""
    loaded, _ = configured(config)
    settings, key = private(loaded.settings)
    listing = Whole()
    asyncio.run(exchange(create_app(settings), Request(method="GET", path="/v1/models", key=key), listing.read))
    listing.close()
    if listing.failure:
        click.echo(listing.failure, err=True)
        raise SystemExit(1)
    if as_json:
        click.echo(msgspec.json.format(listing.body).decode())
        return
    cards = msgspec.json.decode(listing.body, type=_Models).data
    width = max((len(card.id) for card in cards), default=0)
    for card in cards:
        size = f"{card.context_window:>9,}" if card.context_window is not None else " " * 9
        click.echo(f"{card.id:{width}}  {size}  {', '.join(card.capabilities)}".rstrip())
