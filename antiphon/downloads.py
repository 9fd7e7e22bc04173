"""The seam between what clients name by address and who can fetch it."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct


class Downloaded(Struct, frozen=True):
    """What was found at an address. `media_type` has no parameters and is in lower case; "" where nobody said."""

    media_type: str
    data: bytes


class Downloads(Protocol):
    """Fetches what clients name by address, and goes nowhere that the owner has not opened."""

    @property
    def most_bytes(self) -> int:
        """How much may be fetched for one request, all in all."""
        ...

    async def fetch(self, url: str) -> Downloaded | str:
        """What is there; or, in a few words that name no host, why it could not be had."""
        ...
