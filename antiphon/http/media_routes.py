"""The routes of pictures and sounds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec import Struct
from starlette.routing import Route

from antiphon.http.call import Call

Handler = Callable[[Call], Awaitable[None]]
Private = Callable[[str, str, Handler], Route]


class MediaHandlers(Struct, frozen=True):
    """One handler per route."""

    create_image: Handler
    edit_image: Handler
    vary_image: Handler
    speak: Handler
    transcribe: Handler
    translate: Handler


def media_routes(handlers: MediaHandlers, private: Private) -> list[Route]:
    """`private` makes a route that wants a key."""
    return [
        private("/v1/images/generations", "POST", handlers.create_image),
        private("/v1/images/edits", "POST", handlers.edit_image),
        private("/v1/images/variations", "POST", handlers.vary_image),
        private("/v1/audio/speech", "POST", handlers.speak),
        private("/v1/audio/transcriptions", "POST", handlers.transcribe),
        private("/v1/audio/translations", "POST", handlers.translate),
    ]
