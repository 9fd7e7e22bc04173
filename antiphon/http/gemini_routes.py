"""The paths of Google's API, as `gemini_paths` brings them into one form."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from msgspec import Struct
from starlette.routing import Route

from antiphon.http.call import Call

Handler = Callable[[Call], Awaitable[None]]

_MODEL: Final = "/v1beta/models/{model:path}"


class GeminiHandlers(Struct, frozen=True):
    """One handler per method."""

    generate: Handler
    stream: Handler
    count: Handler
    embed: Handler
    embed_batch: Handler
    predict: Handler


def gemini_routes(handlers: GeminiHandlers, private: Callable[[str, str, Handler], Route]) -> list[Route]:
    """The routes; `private` makes one that asks for a key."""
    return [
        private(f"{_MODEL}:generateContent", "POST", handlers.generate),
        private(f"{_MODEL}:streamGenerateContent", "POST", handlers.stream),
        private(f"{_MODEL}:countTokens", "POST", handlers.count),
        private(f"{_MODEL}:embedContent", "POST", handlers.embed),
        private(f"{_MODEL}:batchEmbedContents", "POST", handlers.embed_batch),
        private(f"{_MODEL}:predict", "POST", handlers.predict),
    ]
