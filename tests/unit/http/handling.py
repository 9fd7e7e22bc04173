"""Handlers for tests of what is around them."""

from __future__ import annotations

from typing import Any, get_type_hints

from msgspec import Struct

from antiphon.http.routes import Handler, Handlers


def every_handler(handler: Handler, **others: Any) -> Handlers:
    """The same handler on every route, but for `others`."""
    return Handlers(**(_filled(Handlers, handler) | others))


def _filled(kind: type[Struct], handler: Handler) -> dict[str, Any]:
    """Families of routes have structs of their own."""
    return {
        name: hint(**_filled(hint, handler)) if isinstance(hint, type) and issubclass(hint, Struct) else handler
        for name, hint in get_type_hints(kind).items()
    }
