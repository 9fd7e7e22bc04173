"""``antiphon keys new`` and ``antiphon keys hash``."""

from __future__ import annotations

import os
import secrets
import sys

import click
import msgspec
import yaml

from antiphon.config.keeping import PREFIX
from antiphon.errors import ConfigError
from antiphon.key_digests import hashed
from antiphon.setting_types import Name

_SALT_BYTES = 16


def _checked_name(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """The name as the configuration may have it. Raises BadParameter."""
    if value is None:
        return None
    try:
        msgspec.convert(value, Name)
    except msgspec.ValidationError:
        raise click.BadParameter("small letters, digits, '.', '_' and '-', 64 of them at most") from None
    return value if yaml.safe_load(value) == value else f'"{value}"'


@click.group("keys")
def command() -> None:
    """Make keys for clients, and the digests that stand for them in the configuration."""


@command.command("new", short_help="Make a key.")
@click.option("--name", callback=_checked_name, metavar="NAME", help="What logs are to call the key.")
def print_new(name: str | None) -> None:
    """Make a key, and print it and what to put into the configuration.

    The key is on standard output and nowhere else: the configuration gets a salted digest, which opens nothing.
    """
    key = PREFIX + secrets.token_urlsafe(32)
    click.echo("The key, shown this once; for the client:\n", err=True)
    click.echo(key)
    click.echo(f"\nFor the configuration:\n\nkeys:\n  - name: {name or 'NAME'}\n    key: {_digest(key)}", err=True)


@command.command("hash", short_help="Print the digest of a key that exists.")
def print_hash() -> None:
    """Read a key from standard input, and print the digest that may stand for it in the configuration."""
    key = click.prompt("Key", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline().strip()
    click.echo(_digest(key))


def _digest(key: str) -> str:
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigError("A key is one line of visible ASCII characters, without blanks.")
    try:
        return hashed(key, os.urandom(_SALT_BYTES)).written()
    except ValueError as error:
        raise ConfigError(f"The key cannot stand as a digest: {error}.") from None
