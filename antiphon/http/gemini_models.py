"""The list of models as Google's clients read it (https://ai.google.dev/api/models, read 2026-11)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from msgspec import UNSET

from antiphon.http.model_cards import Card
from antiphon.http.queries import Values, number

Json = dict[str, Any]

_ANSWERS: Final = ("generateContent", "streamGenerateContent", "countTokens")
_EMBEDS: Final = ("embedContent", "batchEmbedContents")
_PREFIX: Final = "models/"


def google_page(cards: Sequence[Card], values: Values) -> Json:
    """One page of the list; all of it for who does not ask for less. A page's token is the last name before it."""
    size = number(values, "pageSize", max(len(cards), 1), 1)
    after = values.get("pageToken", [""])[-1]
    first = next((place + 1 for place, card in enumerate(cards) if card.id == after), 0)
    shown = cards[first : first + size]
    page: Json = {"models": [google_model(card) for card in shown]}
    return page | ({"nextPageToken": shown[-1].id} if first + size < len(cards) else {})


def google_model(card: Card) -> Json:
    """One model."""
    made = () if card.output_modalities is UNSET else card.output_modalities
    embeds = "embed" in card.id.lower() or any(modality.startswith("embed") for modality in made)
    sizes = {"inputTokenLimit": card.context_window, "outputTokenLimit": card.max_output_tokens}
    return {
        "name": f"{_PREFIX}{card.id}",
        "baseModelId": card.id,
        "version": "001",
        "displayName": card.id,
        **{name: size for name, size in sizes.items() if size is not UNSET},
        "supportedGenerationMethods": _EMBEDS if embeds else _ANSWERS,
    }
