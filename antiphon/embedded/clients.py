"""OpenAI's own clients over the gateway in this process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

try:
    import openai
except ImportError as error:
    raise ImportError("The gateway's client is OpenAI's: pip install openai") from error

from antiphon.embedded.room import Room
from antiphon.embedded.transports import ROOT, SyncTransport, Transport
from antiphon.embedded.web import httpx

_BASE: Final = f"{ROOT}/v1"


def openai_client(room: Room, key: str, options: Mapping[str, Any]) -> openai.AsyncOpenAI:
    """For the gateway's own event loop."""
    http = httpx.AsyncClient(transport=Transport(room))
    return openai.AsyncOpenAI(api_key=key, base_url=_BASE, http_client=http, **options)


def sync_openai_client(room: Room, key: str, options: Mapping[str, Any]) -> openai.OpenAI:
    """For other threads."""
    return openai.OpenAI(
        api_key=key, base_url=_BASE, http_client=httpx.Client(transport=SyncTransport(room)), **options
    )
