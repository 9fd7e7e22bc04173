"""The connections to one origin.

Law: there are never more than `limit`, unless it is 0, and a connection that comes free goes to whoever waits longest.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque

from antiphon.errors import AntiphonError
from antiphon.providers.connection import Connection


class Pool:
    """Idle connections are used last in, first out, so that those no longer needed can grow old and go."""

    __slots__ = ("_closed", "_emptied", "_idle", "_limit", "_members", "_opening", "_waiting")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._idle: list[Connection] = []
        self._members: set[Connection] = set()
        self._opening = 0
        self._waiting: deque[asyncio.Future[Connection | None]] = deque()
        self._closed: AntiphonError | None = None
        self._emptied = asyncio.Event()

    def take(self) -> Connection | None:
        """An idle connection that may be used now."""
        while self._idle:
            connection = self._idle.pop()
            if connection.ready():
                return connection
        return None

    async def reserve(self) -> Connection | None:
        """A connection that came free; or None and a place, to be filled by `admit` or given up by `forfeit`."""
        if not self._limit or len(self._members) + self._opening < self._limit:
            self._opening += 1
            return None
        waiter: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            self._withdraw(waiter)
            raise

    def admit(self, connection: Connection) -> None:
        """Fill a reserved place. Raises the reason of `close` when that came first."""
        self._opening -= 1
        if connection.closed:
            self._pass_on()
        else:
            self._members.add(connection)
        if self._closed is not None:
            connection.abort()
            raise self._closed

    def forfeit(self) -> None:
        self._opening -= 1
        self._pass_on()

    async def close(self, reason: AntiphonError) -> None:
        """Cut every exchange, and return when the sockets are closed."""
        self._closed = reason
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_exception(reason)
        for connection in tuple(self._members):
            connection.abort(reason)
        while self._members:
            self._emptied.clear()
            await self._emptied.wait()

    def idle(self, connection: Connection) -> None:
        """A connection comes home."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        self._idle.append(connection)

    def gone(self, connection: Connection) -> None:
        """A connection's socket is closed; one that never became a member is nobody's concern."""
        if connection not in self._members:
            return
        self._members.remove(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self._pass_on()
        if not self._members:
            self._emptied.set()

    def _pass_on(self) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                self._opening += 1
                waiter.set_result(None)
                return

    def _withdraw(self, waiter: asyncio.Future[Connection | None]) -> None:
        """Whoever waited was cancelled: what it was given meanwhile goes to the next."""
        if waiter.cancelled():
            with contextlib.suppress(ValueError):  # already passed over
                self._waiting.remove(waiter)
        elif waiter.exception() is None:
            given = waiter.result()
            if given is None:
                self.forfeit()
            elif not given.closed:
                self.idle(given)
