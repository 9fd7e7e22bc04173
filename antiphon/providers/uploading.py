"""A request whose body is still coming from somebody else: passed on piece by piece, as the provider takes it."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from antiphon.providers.connection import Connection
from antiphon.providers.reply import UpstreamReply


class Upload:
    """Implements `passing_protocols.Upload`. Pieces wait while the provider does not read."""

    __slots__ = ("_answered", "_chunked", "_connection", "_replied")

    def __init__(self, connection: Connection, answered: Coroutine[Any, Any, None], *, chunked: bool) -> None:
        """The head has been sent; `answered` waits for that of the answer.

        Of `chunked` bodies nobody has told the length (RFC 9112, 7.1).
        """
        self._connection = connection
        self._answered = answered
        self._chunked = chunked
        self._replied = False

    async def push(self, piece: bytes) -> bool:
        framed = b"%x\r\n%b\r\n" % (len(piece), piece) if self._chunked and piece else piece
        return await self._connection.push(framed)

    async def end(self) -> None:
        await self._connection.push(b"0\r\n\r\n" if self._chunked else b"", last=True)

    async def reply(self) -> UpstreamReply:
        await self._answered
        self._replied = True
        return UpstreamReply(self._connection, raw=True)

    def close(self) -> None:
        if not self._replied:
            self._answered.close()
            self._connection.abort()
