"""`/v1/models`: what can be asked for, in the OpenAI shape with what is known of each model's size and abilities.

Anthropic's clients, who send `anthropic-version`, are told in their own shape
(https://platform.claude.com/docs/en/api/models-list, read 2026-11), and so are Google's on their own paths or with
`x-goog-api-key` (`gemini_models.py`), and Codex, which sends `client_version` (`codex_models.py`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from antiphon.errors import NotFound
from antiphon.http.cached import cached
from antiphon.http.call import Call, Tongue
from antiphon.http.codex_models import codex_models
from antiphon.http.gemini_models import google_model, google_page, named
from antiphon.http.model_cards import Card
from antiphon.http.queries import Values, number

Json = dict[str, Any]

_encode: Final = msgspec.json.Encoder().encode


Cards = Callable[[], Awaitable[Sequence[Card]]]
"""Every model on offer."""


class ModelsEndpoints:
    """`GET /v1/models` and `GET /v1/models/{id}`; ids may hold slashes."""

    def __init__(self, cards: Cards) -> None:
        """`cards` may ask providers, and then takes as long as its own deadline allows."""
        self._cards = cards

    async def list_models(self, call: Call) -> None:
        """Every model on offer. Codex asks again only when the tag has changed."""
        cards = await self._cards()
        if "client_version" in call.query():
            await cached(_encode(codex_models(cards)), b"application/json").reply(call)
            return
        if call.tongue == "anthropic":
            await call.reply(200, _encode(_page(cards, call.query())))
            return
        if call.tongue == "google":
            await call.reply(200, _encode(google_page(cards, call.query(), call.path_params.get("publisher"))))
            return
        await call.reply(200, _encode({"object": "list", "data": cards}))

    async def retrieve_model(self, call: Call) -> None:
        """One model by its id."""
        publisher = call.path_params.get("publisher")
        identifier = named(call.path_params["id"], publisher)
        for card in await self._cards():
            if card.id == identifier:
                await call.reply(200, _encode(_shaped(card, call.tongue, publisher)))
                return
        message = f"The model '{identifier[:300]}' does not exist, or you do not have access to it."
        raise NotFound(message, param="model", code="model_not_found")


def _page(cards: Sequence[Card], values: Values) -> Json:
    """One page of the list; all of it for who does not ask for less."""
    limit = number(values, "limit", max(len(cards), 1), 1)
    places = {card.id: place for place, card in enumerate(cards)}
    first, last = 0, len(cards)
    if (after := values.get("after_id")) is not None:
        first = places.get(after[-1], -1) + 1
    if (before := values.get("before_id")) is not None:
        last = places.get(before[-1], last)
        first = max(last - limit, 0)
    shown = cards[first : min(first + limit, last)]
    more = first > 0 if before is not None else first + limit < last
    ends = (shown[0].id, shown[-1].id) if shown else (None, None)
    return {"data": [_model(card) for card in shown], "has_more": more, "first_id": ends[0], "last_id": ends[1]}


def _model(card: Card) -> Json:
    created = datetime.fromtimestamp(card.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"type": "model", "id": card.id, "display_name": card.id, "created_at": created}


def _shaped(card: Card, tongue: Tongue, publisher: str | None) -> Card | Json:
    match tongue:
        case "anthropic":
            return _model(card)
        case "google":
            return google_model(card, publisher)
        case "openai":
            return card
