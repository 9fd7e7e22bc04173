"""The way to providers' own APIs, as it is routed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.routing import Route

from antiphon.http.call import Call
from antiphon.http.passing import METHODS

PATH: Final = "/p/{provider}/{path:path}"

Handler = Callable[[Call], Awaitable[None]]


def passing_routes(handler: Handler, private: Callable[[str, str, Handler], Route]) -> list[Route]:
    """One handler for every method. `private` makes a route that asks for a key."""
    return [private(PATH, method, handler) for method in METHODS]
