"""How long a client may keep a connection waiting: for a request to begin, for its head to end, for more of its body.

One timer for each connection, which nobody sets anew for a request: it looks whether anything has happened since it
last looked. So a limit holds after once to twice its time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from antiphon.errors import AntiphonError, RequestTooSlow

SILENCE_SECONDS: Final = 60.0
"""A connection without a request, a head without end, and a body that does not go on are closed after this."""

_SLOW: Final = "The request did not arrive in time: the connection was silent before all of it was here."


class Waiting(Protocol):
    """A connection, as far as it matters here."""

    loop: asyncio.AbstractEventLoop

    def awaited(self) -> object | None:
        """What the client is to send, the same while it is the same; None while it is not the client's turn."""
        ...


class Patience:
    """With one connection. `heard` is set whenever there was a bit of body."""

    __slots__ = ("_awaited", "_connection", "_refuse", "_seconds", "_timer", "heard")

    def __init__(self, connection: Waiting, refuse: Callable[[AntiphonError], None], seconds: float) -> None:
        """Begins to wait. `refuse` is to end the connection."""
        self.heard = False
        self._connection = connection
        self._refuse = refuse
        self._seconds = seconds
        self._awaited: object | None = connection.awaited()
        self._timer = connection.loop.call_later(seconds, self._look)

    def end(self) -> None:
        """The connection is closed, or somebody else's."""
        self._timer.cancel()

    def _look(self) -> None:
        awaited = self._connection.awaited()
        if awaited is not None and awaited is self._awaited and not self.heard:
            self._refuse(RequestTooSlow(_SLOW))
            return
        self._awaited, self.heard = awaited, False
        self._timer = self._connection.loop.call_later(self._seconds, self._look)
