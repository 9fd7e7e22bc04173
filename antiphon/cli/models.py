"""``antiphon models``."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import click
import msgspec
from msgspec import Struct

from antiphon.app import create_app
from antiphon.cli.answers import Whole
from antiphon.cli.configured import config_option, configured
from antiphon.cli.in_process import Request, exchange, private
from antiphon.settings import Settings


class _Price(Struct, frozen=True):
    input: str | None = None
    output: str | None = None


class _Card(Struct, frozen=True):
    """The part of a model's card that a line shows."""

    id: str
    context_window: int | None = None
    max_output_tokens: int | None = None
    capabilities: list[str] = msgspec.field(default_factory=list[str])
    usd_per_million_tokens: _Price = _Price()


class _Models(Struct, frozen=True):
    data: list[_Card]


@click.command("models")
@click.option("--json", "as_json", is_flag=True, help="Print the list as the API gives it.")
@config_option
def command(*, as_json: bool, config: Path | None) -> None:
    """List the models that can be asked for, with their sizes in tokens and prices in dollars a million."""
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
    click.echo("\n".join(_lines(cards)))
    for name in unlisted(settings, [card.id for card in cards]):
        click.echo(f"! {name} lists nothing at the moment; its models can be asked for by name", err=True)


def unlisted(settings: Settings, models: Iterable[str]) -> list[str]:
    """The providers that are switched on, and of which nothing is listed."""
    listed = {model.partition("/")[0] for model in models}
    return [name for name, provider in settings.providers.items() if provider.enabled and name not in listed]


_TITLES: Final = ("MODEL", "CONTEXT", "OUTPUT", "$ IN", "$ OUT", "CAN")


def _lines(cards: Iterable[_Card]) -> Iterator[str]:
    """A table: numbers to the right, what is not known left empty."""
    rows = [_TITLES, *map(_cells, cards)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *numbers, abilities in rows:
        cells = [f"{number:>{width}}" for number, width in zip(numbers, widths[1:], strict=False)]
        yield "  ".join([f"{name:{widths[0]}}", *cells, abilities]).rstrip()


def _cells(card: _Card) -> tuple[str, ...]:
    price = card.usd_per_million_tokens
    sizes = (f"{size:,}" if size is not None else "" for size in (card.context_window, card.max_output_tokens))
    return (card.id, *sizes, price.input or "", price.output or "", ", ".join(card.capabilities))
