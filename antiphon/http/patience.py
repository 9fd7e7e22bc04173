"""How long clients may take over a request, and how many are served at once.

Nothing of it is paid for by requests that arrive at once: every connection is looked at from time to time, and only
those are remembered that were in the middle of a request then.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from antiphon.errors import AntiphonError, RequestTimeout, TooManyConnections

_logger: Final = logging.getLogger("antiphon.http")
_LOOKS: Final = 4
"""In the shortest time that a client has."""

_LONGEST_PAUSE: Final = 5.0
_BYTES_PER_SECOND: Final = 500
_RETRY_SECONDS: Final = 1.0
_TOLD_SECONDS: Final = 60.0
"""Between two lines of log about too many connections."""

Part = Literal["head", "body", "rest"]
"""What is owed: one of the parts of a request, or another request, which may be kept waiting for longest."""


class Arriving(Protocol):
    """A connection, as far as this concerns it."""

    received: int
    """Bytes of requests that did not come at once."""

    def arriving(self) -> tuple[Part, object] | None:
        """The part of a request that the client owes, and something that is the same for that request alone."""
        ...

    def give_up(self, error: AntiphonError | None) -> None:
        """Is closed, and told why, if there was anything to be told about."""
        ...


@dataclass(slots=True)
class _Owed:
    """A request that was not whole when it was looked at."""

    request: object
    since: float
    received: int
    """Before it was first looked at."""

    moved: float
    """When it was last seen to have brought something."""

    seen: int


@dataclass(slots=True)
class Patience:
    """Watches the connections of one event loop."""

    head_seconds: float
    stall_seconds: float
    idle_seconds: float
    at_once: int
    _owed: dict[Arriving, _Owed] = field(default_factory=dict["Arriving", _Owed])
    _connections: set[Arriving] = field(default_factory=set["Arriving"])
    _looks: asyncio.TimerHandle | None = None
    _told: float = float("-inf")

    def begin(self, connection: Arriving, loop: asyncio.AbstractEventLoop) -> None:
        """A client has connected; where there are too many, it is told so."""
        if len(self._connections) >= self.at_once:
            self._turn_away(connection, loop.time())
            return
        self._connections.add(connection)
        if self._looks is None:
            self._look_later(loop)

    def end(self, connection: Arriving) -> None:
        """The connection is closed, or no longer one of HTTP."""
        self._connections.discard(connection)

    def _look_later(self, loop: asyncio.AbstractEventLoop) -> None:
        pause = min(self.head_seconds / _LOOKS, self.stall_seconds / _LOOKS, _LONGEST_PAUSE)
        self._looks = loop.call_later(pause, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._looks = None
        now = loop.time()
        before, self._owed = self._owed, {}
        for connection in tuple(self._connections):
            found = connection.arriving()
            if found is None:
                continue
            part, request = found
            owed = before.get(connection)
            if owed is None or owed.request is not request:
                owed = _Owed(request, now, connection.received, now, connection.received)
            if owed.seen != connection.received:
                owed.moved, owed.seen = now, connection.received
            error = self._too_slow(part, owed, now)
            if error is None:
                self._owed[connection] = owed
            else:
                connection.give_up(None if request is None or part == "rest" else error)
        if self._connections:
            self._look_later(loop)

    def _too_slow(self, part: Part, owed: _Owed, now: float) -> AntiphonError | None:
        if part == "rest":
            idle = now - owed.since >= self.idle_seconds
            return RequestTimeout("No further request came.") if idle else None
        if part == "head":
            if now - owed.since < self.head_seconds:
                return None
            return RequestTimeout(f"The request's headers did not arrive within {self.head_seconds:g} s.")
        allowed = self.stall_seconds + (owed.seen - owed.received) / _BYTES_PER_SECOND
        if now - owed.moved < self.stall_seconds and now - owed.since < allowed:
            return None
        return RequestTimeout(f"The request's body brought too little for {self.stall_seconds:g} s.")

    def _turn_away(self, connection: Arriving, now: float) -> None:
        if now - self._told > _TOLD_SECONDS:
            self._told = now
            _logger.warning(
                "%d clients are connected, as many as are served at once: further ones are turned away; see"
                " connections.at_once, and the limit of open files",
                self.at_once,
            )
        message = "The gateway has as many connections as it can serve; please retry."
        connection.give_up(TooManyConnections(message, retry_after=_RETRY_SECONDS))
