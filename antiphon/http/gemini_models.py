"""The list of models as Google's clients read it.

https://ai.google.dev/api/models and, for Vertex AI's, where models have a publisher,
https://docs.cloud.google.com/vertex-ai/docs/reference/rest/v1beta1/publishers.models (read 2026-11).
"""

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
_VERSION: Final = "001"


def named(model: str, publisher: str | None) -> str:
    """The name of a publisher's model here: a publisher other than Google is a provider."""
    return model if publisher in (None, "google") else f"{publisher}/{model}"


def google_page(cards: Sequence[Card], values: Values, publisher: str | None = None) -> Json:
    """One page of the list; all of it for who does not ask for less. A page's token is the last name before it."""
    size = number(values, "pageSize", max(len(cards), 1), 1)
    after = values.get("pageToken", [""])[-1]
    first = next((place + 1 for place, card in enumerate(cards) if card.id == after), 0)
    shown = cards[first : first + size]
    listed = "models" if publisher is None else "publisherModels"
    page: Json = {listed: [google_model(card, publisher) for card in shown]}
    return page | ({"nextPageToken": shown[-1].id} if first + size < len(cards) else {})


def google_model(card: Card, publisher: str | None = None) -> Json:
    """One model, by the name that it is asked for by."""
    if publisher is not None:
        name = f"publishers/google/{_PREFIX}{card.id}"
        return {"name": name, "versionId": _VERSION, "launchStage": "GA"}
    made = () if card.output_modalities is UNSET else card.output_modalities
    embeds = "embed" in card.id.lower() or any(modality.startswith("embed") for modality in made)
    sizes = {"inputTokenLimit": card.context_window, "outputTokenLimit": card.max_output_tokens}
    return {
        "name": f"{_PREFIX}{card.id}",
        "baseModelId": card.id,
        "version": _VERSION,
        "displayName": card.id,
        **{name: size for name, size in sizes.items() if size is not UNSET},
        "supportedGenerationMethods": _EMBEDS if embeds else _ANSWERS,
    }
