"""The paths of chat completions, kept ones too, and of the API before them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec import Struct
from starlette.routing import Route

from antiphon.http.call import Call

Handler = Callable[[Call], Awaitable[None]]


class ChatHandlers(Struct, frozen=True):
    """One handler per route."""

    create: Handler
    list_chats: Handler
    retrieve: Handler
    update: Handler
    delete: Handler
    messages: Handler
    complete: Handler


def chat_routes(handlers: ChatHandlers, private: Callable[[str, str, Handler], Route]) -> list[Route]:
    """Their routes; `private` makes one that asks for a key."""
    return [
        private("/v1/chat/completions", "POST", handlers.create),
        private("/v1/chat/completions", "GET", handlers.list_chats),
        private("/v1/chat/completions/{id}", "GET", handlers.retrieve),
        private("/v1/chat/completions/{id}", "POST", handlers.update),
        private("/v1/chat/completions/{id}", "DELETE", handlers.delete),
        private("/v1/chat/completions/{id}/messages", "GET", handlers.messages),
        private("/v1/completions", "POST", handlers.complete),
    ]
