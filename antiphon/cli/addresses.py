"""Addresses of gateways, as the command line takes them. Imports next to nothing: a health check waits for it."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

import click


def is_here(root: str) -> bool:
    """Whether the address is of this machine."""
    host = urlsplit(root).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def checked_url(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """The address of a gateway. Raises BadParameter."""
    if value is None:
        return None
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise click.BadParameter(f"this is no address: {error}") from None
    if parts.scheme not in ("http", "https") or not host:
        raise click.BadParameter("the address begins with http:// or https://")
    return value
