"""`/v1/models`: what can be asked for, in the OpenAI shape with what is known of each model's size and abilities."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

import msgspec

from antiphon.errors import NotFound
from antiphon.http.call import Call

_encode: Final = msgspec.json.Encoder().encode


class Card(Protocol):
    """A model on offer: encodes to the object that `/v1/models` shows."""

    @property
    def id(self) -> str:
        """Its public name."""
        ...


Cards = Callable[[], Awaitable[Sequence[Card]]]
"""Every model on offer."""


class ModelsEndpoints:
    """`GET /v1/models` and `GET /v1/models/{id}`; ids may hold slashes."""

    def __init__(self, cards: Cards) -> None:
        """`cards` may ask providers, and then takes as long as its own deadline allows."""
        self._cards = cards

    async def list_models(self, call: Call) -> None:
        """Every model on offer."""
        await call.reply(200, _encode({"object": "list", "data": await self._cards()}))

    async def retrieve_model(self, call: Call) -> None:
        """One model by its id."""
        identifier = call.path_params["id"]
        for card in await self._cards():
            if card.id == identifier:
                await call.reply(200, _encode(card))
                return
        message = f"The model '{identifier[:300]}' does not exist, or you do not have access to it."
        raise NotFound(message, param="model", code="model_not_found")
