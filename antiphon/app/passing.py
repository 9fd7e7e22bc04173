"""The way to providers' own APIs, put together."""

from __future__ import annotations

from antiphon.app.parts import Parts
from antiphon.gateway.passing import Passages
from antiphon.http.auth import Keyring
from antiphon.http.passing import PassingEndpoint, PassingLimits


def passing_endpoint(parts: Parts, keyring: Keyring) -> PassingEndpoint:
    """The endpoint."""
    wanted, server = parts.settings.passthrough, parts.settings.server
    limits = PassingLimits(wanted.max_body_bytes, server.max_body_bytes, wanted.seconds)
    return PassingEndpoint(Passages(wanted, parts.passing), keyring, parts.tasks, limits)
