"""The part of `GET /v1/models` that commands read."""

from __future__ import annotations

import msgspec
from msgspec import Struct


class Rates(Struct, frozen=True):
    """Dollars for a million tokens, in decimal."""

    input: str | None = None
    output: str | None = None


class Listed(Struct, frozen=True):
    """A model. What is not known of it is None, or empty."""

    id: str
    context_window: int | None = None
    max_output_tokens: int | None = None
    input_modalities: list[str] = msgspec.field(default_factory=list[str])
    output_modalities: list[str] = msgspec.field(default_factory=list[str])
    capabilities: list[str] = msgspec.field(default_factory=list[str])
    usd_per_million_tokens: Rates = Rates()


class _Models(Struct, frozen=True):
    data: list[Listed]


def listed(body: bytes) -> list[Listed]:
    """Every model of the list. Raises msgspec.DecodeError."""
    return msgspec.json.decode(body, type=_Models).data
