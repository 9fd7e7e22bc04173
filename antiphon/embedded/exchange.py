"""One request to an ASGI application in this process: the server's side of it, and the client's.

https://asgi.readthedocs.io/en/latest/specs/www.html, read 2026-11. Law: what the application says reaches the client
piece by piece as it is said, and the application waits while its client does not read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable
from typing import Final

from msgspec import Struct

from antiphon.http.call import Header, Message, Receive, Scope, Send

App = Callable[[Scope, Receive, Send], Awaitable[None]]

_AHEAD: Final = 16
_ASGI: Final = {"version": "3.0", "spec_version": "2.4"}
_CUT: Final = "The gateway's answer was cut short."


class Request(Struct, frozen=True):
    """What is asked. `target` is the path with its query, as it would stand in a request line."""

    method: str
    target: bytes
    path: str
    headers: list[Header]
    body: AsyncIterable[bytes]

    def scope(self) -> Scope:
        """As servers tell it."""
        raw_path, _, query = self.target.partition(b"?")
        return {
            "type": "http",
            "asgi": _ASGI,
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": self.path,
            "raw_path": raw_path,
            "query_string": query,
            "root_path": "",
            "headers": self.headers,
            "client": None,
            "server": None,
        }


class Exchange:
    """`head`, then `piece` until it gives b""; whoever has one must `close` it."""

    def __init__(self, request: Request) -> None:
        """Nothing is asked before `run`."""
        self._request = request
        self._body = aiter(request.body)
        self._asked_all = False
        self._head: asyncio.Future[tuple[int, list[Header]]] = asyncio.get_running_loop().create_future()
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue(_AHEAD)
        self._left = asyncio.Event()
        self._said_all = False
        self._heard_all = False

    async def run(self, app: App) -> None:
        """The application's part. Never raises but when it is cancelled."""
        try:
            await app(self._request.scope(), self._receive, self._send)
        finally:
            if not self._head.done():
                self._head.set_exception(ConnectionAbortedError(_CUT))
                self._head.exception()  # somebody may have stopped waiting for it
            if not self._said_all:
                self._cut()

    async def head(self) -> tuple[int, list[Header]]:
        """Status and headers. Raises ConnectionAbortedError."""
        return await self._head

    async def piece(self) -> bytes:
        """The next of the body. Raises ConnectionAbortedError where that is cut short."""
        if self._heard_all:
            return b""
        piece = await self._pieces.get()
        if piece is None:
            raise ConnectionAbortedError(_CUT)
        self._heard_all = not piece
        return piece

    def close(self) -> None:
        """The client listens no more. What the application makes of that is its own affair."""
        self._left.set()
        while not self._pieces.empty():
            self._pieces.get_nowait()

    async def _receive(self) -> Message:
        if not self._left.is_set():
            async for piece in self._body:
                return {"type": "http.request", "body": piece, "more_body": True}
            if not self._asked_all:
                self._asked_all = True
                return {"type": "http.request", "body": b"", "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if self._left.is_set():
            return
        if message["type"] == "http.response.start":
            if not self._head.done():
                self._head.set_result((message["status"], list(message.get("headers", ()))))
            return
        body: bytes = message.get("body", b"")
        if body:
            await self._pieces.put(body)
        if not message.get("more_body"):
            self._said_all = True
            await self._pieces.put(b"")

    def _cut(self) -> None:
        """Room is made for the bad news, which ends everything anyway."""
        if self._pieces.full():
            self._pieces.get_nowait()
        self._pieces.put_nowait(None)
