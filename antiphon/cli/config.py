"""``antiphon config schema`` and ``antiphon config docs``."""

from __future__ import annotations

import click
import msgspec

from antiphon.config.docs import page
from antiphon.config.schema import schema


@click.group("config")
def command() -> None:
    """Describe what can be configured."""


@command.command("schema")
def print_schema() -> None:
    """Print the JSON Schema of antiphon.yaml, for editors."""
    click.echo(msgspec.json.format(msgspec.json.encode(schema())).decode())


@command.command("docs")
def print_docs() -> None:
    """Print the reference of every setting, in Markdown."""
    click.echo(page(), nl=False)
