"""What a provider answers, as its consumer reads it."""

from __future__ import annotations

from collections.abc import Callable

from antiphon.errors import Retry
from antiphon.providers.connection import Connection
from antiphon.providers.foreign import broken
from antiphon.providers.inflate import Inflate


class UpstreamReply:
    """An answer whose head has arrived. Whoever holds it must `release` it, whatever happens.

    `headers` has lower-cased names, in the order they came in, repeated as they were; blanks may trail.
    """

    __slots__ = ("_by_name", "_connection", "_inflate", "headers", "status")

    def __init__(self, connection: Connection, *, raw: bool = False) -> None:
        """A `raw` one leaves the body encoded as it came.

        Raises UpstreamBroke, with the connection released, when the body is encoded in an unknown way.
        """
        self._connection: Connection | None = connection
        self.status = connection.answer.status
        self.headers = connection.answer.headers
        self._by_name = dict(connection.answer.headers)
        self._inflate: Inflate | None = None
        encoding = self.header(b"content-encoding")
        if encoding is not None and encoding != b"identity" and not raw:
            try:
                self._inflate = Inflate(encoding)
            finally:
                if self._inflate is None:
                    self.release()

    def header(self, *names: bytes) -> bytes | None:
        """The last value of the first of these headers that says something, without blanks around it."""
        by_name = self._by_name
        for name in names:
            if value := by_name.get(name, b"").strip():
                return value
        return None

    async def chunk(self, wait: float | None = None) -> bytes | None:
        """Everything that has arrived; b"" at the end; None when `wait` seconds brought nothing, and that is no error.

        What arrived before a failure is given before the failure is raised.
        Raises UpstreamBroke when the answer was cut short, UpstreamTimeout when a deadline passed.
        """
        connection, inflate = self._connection, self._inflate
        if connection is None:
            raise broken("the provider's answer has been released")
        while True:
            if inflate is not None and (plain := inflate.take()):
                return plain
            data = connection.take()
            if data is None:
                if not await connection.more(wait):
                    return None
            elif inflate is None:
                return data
            elif data:
                inflate.feed(data)
            else:
                inflate.finish()
                return b""

    async def pump(self, consume: Callable[[bytes], bool]) -> None:
        """Gives `consume` what arrives, as it arrives and outside of any task, until it says no or the end is near.

        Never fails: `chunk` tells afterwards how things stand. `consume` must not raise. Returns at once where bytes
        wait already, or have to be unpacked first.
        """
        connection = self._connection
        if connection is None or self._inflate is not None or connection.closed:
            return
        if not connection.answer.body and not connection.answer.done:
            await connection.more(None, consume)

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises UpstreamBroke when it is longer than `limit` bytes, and as `chunk` does."""
        parts: list[bytes] = []
        size = 0
        while data := await self.chunk():
            parts.append(data)
            size += len(data)
            if size > limit:
                too_large = broken(f"the provider's answer is larger than {limit} bytes")
                too_large.retry = Retry.ELSEWHERE
                raise too_large
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def end(self) -> None:
        """There is no body behind this head, whatever it says: so it is with answers to HEAD."""
        if self._connection is not None:
            self._connection.answer.done = True
            self._connection.answer.reusable = False

    def release(self, *, linger: bool = False) -> None:
        """Give the connection back if its answer is complete, else close it at once, so that the provider stops.

        `linger` is for whoever has read all it wants and knows that only the end is still on the way: the connection
        waits a moment for it, by itself. Nothing can be read afterwards. May be called twice, and in a `finally` under
        cancellation.
        """
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.release(linger=linger)
