"""Anthropic's own client before a gateway."""

from __future__ import annotations

import ssl

import anthropic

from tests.e2e.background import PATIENCE
from tests.e2e.gateway import KEY_A, Gateway


def anthropic_client(gateway: Gateway, key: str = KEY_A, prefix: str = "") -> anthropic.Anthropic:
    """The official client, which retries nothing by itself; its key goes into `x-api-key`."""
    bare = anthropic.DefaultHttpxClient(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    root = f"{gateway.root}{prefix}"
    return anthropic.Anthropic(api_key=key, base_url=root, max_retries=0, timeout=PATIENCE, http_client=bare)
