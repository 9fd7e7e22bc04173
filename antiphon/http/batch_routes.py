"""The paths of batches, in OpenAI's API and in Anthropic's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec import Struct
from starlette.routing import Route

from antiphon.http.call import Call

Handler = Callable[[Call], Awaitable[None]]


class BatchHandlers(Struct, frozen=True):
    """One handler per route."""

    create: Handler
    list_batches: Handler
    retrieve: Handler
    cancel: Handler
    create_messages: Handler
    list_messages: Handler
    retrieve_messages: Handler
    cancel_messages: Handler
    delete_messages: Handler
    message_results: Handler


def batch_routes(handlers: BatchHandlers, private: Callable[[str, str, Handler], Route]) -> list[Route]:
    """The part of the routing table; `private` makes a route that asks for a key."""
    return [
        private("/v1/batches", "POST", handlers.create),
        private("/v1/batches", "GET", handlers.list_batches),
        private("/v1/batches/{id}", "GET", handlers.retrieve),
        private("/v1/batches/{id}/cancel", "POST", handlers.cancel),
        private("/v1/messages/batches", "POST", handlers.create_messages),
        private("/v1/messages/batches", "GET", handlers.list_messages),
        private("/v1/messages/batches/{id}", "GET", handlers.retrieve_messages),
        private("/v1/messages/batches/{id}", "DELETE", handlers.delete_messages),
        private("/v1/messages/batches/{id}/cancel", "POST", handlers.cancel_messages),
        private("/v1/messages/batches/{id}/results", "GET", handlers.message_results),
    ]
