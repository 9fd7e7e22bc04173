"""The paths of files and uploads: a page of their own beside `routes.py`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec import Struct
from starlette.routing import Route

from antiphon.http.call import Call

Handler = Callable[[Call], Awaitable[None]]
Private = Callable[[str, str, Handler], Route]
"""A route of a path and a method, behind the key check."""


class FileHandlers(Struct, frozen=True):
    """One handler per route."""

    create: Handler
    listed: Handler
    retrieve: Handler
    delete: Handler
    content: Handler
    create_upload: Handler
    add_part: Handler
    complete_upload: Handler
    cancel_upload: Handler


def file_routes(handlers: FileHandlers, private: Private) -> list[Route]:
    """Their part of the routing table."""
    return [
        private("/v1/files", "POST", handlers.create),
        private("/v1/files", "GET", handlers.listed),
        private("/v1/files/{id}", "GET", handlers.retrieve),
        private("/v1/files/{id}", "DELETE", handlers.delete),
        private("/v1/files/{id}/content", "GET", handlers.content),
        private("/v1/uploads", "POST", handlers.create_upload),
        private("/v1/uploads/{id}/parts", "POST", handlers.add_part),
        private("/v1/uploads/{id}/complete", "POST", handlers.complete_upload),
        private("/v1/uploads/{id}/cancel", "POST", handlers.cancel_upload),
    ]
