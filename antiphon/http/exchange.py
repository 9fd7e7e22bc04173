"""One request on a connection of our own server and its answer: ASGI's `receive` and `send`, and the ways past them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Final, Protocol

from antiphon.http.call import Header, Message, Scope
from antiphon.http.heads import head_of
from antiphon.http.serving import Serving

_logger: Final = logging.getLogger("antiphon.http")
_GO_ON: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_BODILESS: Final = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
_HIGH_WATER: Final = 65_536
"""Bytes of a body that wait to be asked for before the client has to wait."""


class Connection(Protocol):
    """Where an exchange takes place."""

    serving: Serving

    writable: asyncio.Event | None
    """Set when the client has kept up or has gone; None where it keeps up."""

    write: Callable[[bytes], None]
    """Writes soon."""

    def pause_reading(self) -> None:
        """Lets the client wait."""
        ...

    def resume_reading(self) -> None:
        """Takes more of what the client sends."""
        ...

    def answered(self) -> None:
        """The exchange that is running is complete, and another one may follow."""
        ...

    def close(self) -> None:
        """Closes when everything is written, and has had time to be read."""
        ...


class Exchange:
    """Implements `DirectWriter`. `hesitates` says that the client waits for a word before it sends the body."""

    __slots__ = (
        *("_bodiless", "_connection", "_left", "_news", "_parts", "_size", "_version", "_waiters"),
        *("complete", "disconnected", "hesitates", "keep_alive", "left", "more_body", "started", "streaming", "task"),
        "wrote",
    )

    def __init__(self, connection: Connection, scope: Scope, *, keep_alive: bool, hesitates: bool) -> None:
        """The head of the request has arrived, and nothing has been answered."""
        self.task: asyncio.Task[None] | None = None
        self.keep_alive = keep_alive
        self.hesitates = hesitates
        self.more_body = True
        self.disconnected = False
        self.left: Callable[[], None] | None = None
        self.started = False
        self.complete = False
        self.streaming = False
        self.wrote = False
        self._connection = connection
        self._bodiless: bool = scope["method"] == "HEAD"
        self._version: str = scope["http_version"]
        self._left: int | None = None
        self._news = False
        self._waiters: list[asyncio.Future[None]] = []
        self._parts: list[bytes] = []
        self._size = 0

    async def run(self, scope: Scope) -> None:
        """Lets the application answer, which sees to its own errors; what it leaves open is closed."""
        serving = self._connection.serving
        try:
            await serving.app(scope, self.receive, self.send)
            if not (self.started or self.disconnected):  # what is cut once it has begun, the application tells of
                _logger.error("a request was left without an answer")
        except Exception:
            _logger.exception("a request failed")
        finally:
            if self.task is not None:
                serving.tasks.discard(self.task)
                self.task = None
            if not (self.complete or self.disconnected):
                self.lose()
                self._connection.close()

    # --- the request --------------------------------------------------------------------------------------------------

    def take(self, part: bytes) -> None:
        """A bit of the body has arrived."""
        if self.complete:
            return
        self._parts.append(part)
        self._size += len(part)
        if self._size > _HIGH_WATER:
            self._connection.pause_reading()
        self._tell()

    def end(self) -> None:
        """The body has arrived."""
        self.more_body = False
        self._tell()

    def take_whole(self, body: bytes) -> None:
        """The body has arrived, together with the head."""
        self._parts = [body]
        self._size = len(body)
        self._news = True
        self.more_body = False

    def lose(self) -> None:
        """The client has gone, or is not to be read any more."""
        if not self.complete:
            self.disconnected = True
            self.streaming = False
            if self.left is not None:
                self.left()
        self._tell()

    async def receive(self) -> Message:
        """Implements ASGI's: parts of the body, then, once there is one, a disconnect."""
        connection = self._connection
        if not (self.disconnected or self.complete):
            if self.hesitates:
                self._ask_for_body()
            connection.resume_reading()
            if not self._news:
                waiter = asyncio.get_running_loop().create_future()
                self._waiters.append(waiter)
                await waiter
        if self.disconnected or self.complete:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": self._taken(), "more_body": self.more_body}

    def direct_body(self) -> bytes | None:
        """Implements `DirectWriter`."""
        if self.more_body or self.disconnected or self.hesitates:
            return None
        if self._size > _HIGH_WATER:
            self._connection.resume_reading()
        return self._taken()

    def _ask_for_body(self) -> None:
        """Unless some of it is here, because the client did not wait after all."""
        self.hesitates = False
        if not self._news:
            self._connection.write(_GO_ON)

    def _taken(self) -> bytes:
        parts = self._parts
        self._parts = []
        self._size = 0
        self._news = False
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _tell(self) -> None:
        self._news = True
        if self._waiters:
            for waiter in self._waiters:
                if not waiter.done():
                    waiter.set_result(None)
            self._waiters.clear()

    # --- the answer ---------------------------------------------------------------------------------------------------

    async def send(self, message: Message) -> None:
        """Implements ASGI's. Raises RuntimeError for what is out of order, or no header."""
        connection = self._connection
        while connection.writable is not None and not self.disconnected:
            await connection.writable.wait()
        if self.disconnected:
            return
        kind = message["type"]
        if kind == "http.response.start" and not self.started:
            self._begin(message["status"], message.get("headers", ()))
        elif kind == "http.response.body" and self.started and not self.complete:
            self._go_on(message.get("body", b""), more=message.get("more_body", False))
        else:
            state = "is complete" if self.complete else "has begun" if self.started else "has not begun"
            raise RuntimeError(f"{kind!r} cannot be sent: the answer {state}.")

    def direct_write(self, data: bytes) -> bool:
        """Implements `DirectWriter`."""
        if not self.streaming or self._connection.writable is not None:
            return False
        self.wrote = True
        self._connection.write(b"%x\r\n%b\r\n" % (len(data), data))
        return True

    def takes(self) -> bool:
        """Implements `DirectWriter`."""
        return self.streaming and self._connection.writable is None

    def direct_reply(self, status: int, headers: list[Header], body: bytes) -> bool:
        """Implements `DirectWriter`."""
        connection = self._connection
        common = connection.serving.common
        if self.started or self.disconnected or self._bodiless or connection.writable is not None:
            return False
        if common.closing or self.hesitates or not self.keep_alive:
            return False
        head = head_of(status, common, headers)
        self.started = True
        connection.write(head + body)
        self._finish()
        return True

    def _begin(self, status: int, headers: Sequence[Header]) -> None:
        connection = self._connection
        common = connection.serving.common
        said = {name.lower(): value for name, value in headers}
        length = said.get(b"content-length")
        chunked = b"chunked" in said.get(b"transfer-encoding", b"").lower()
        bodiless = self._bodiless or status in _BODILESS
        added: list[Header] = []
        if length is None and not (chunked or bodiless):
            if self._version != "1.1":  # who knows no chunks takes the end of the connection for the end
                self.keep_alive = False
            else:
                chunked = True
                added.append((b"transfer-encoding", b"chunked"))
        if self.hesitates and self.more_body:  # nobody could tell whether a body or another request comes next
            self.keep_alive = False
        if common.closing or said.get(b"connection", b"").lower() == b"close":
            self.keep_alive = False
        elif not self.keep_alive:
            added.append((b"connection", b"close"))
        head = head_of(status, common, [*headers, *added])
        self.started = True
        self.hesitates = False
        self.streaming = chunked and not bodiless
        self._bodiless = bodiless
        self._left = None if length is None else int(length)
        connection.write(head)

    def _go_on(self, body: bytes, *, more: bool) -> None:
        if self._bodiless:
            data = b""
        elif self.streaming:
            data = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            data = data if more else data + b"0\r\n\r\n"
        else:
            data = body
            self._count(len(body), more=more)
        if data:
            self._connection.write(data)
        if not more:
            self._finish()

    def _count(self, size: int, *, more: bool) -> None:
        if self._left is None:
            return
        self._left -= size
        if self._left < 0 or (self._left and not more):
            raise RuntimeError("The body is not as long as its content-length says.")

    def _finish(self) -> None:
        self.complete = True
        self.streaming = False
        self._tell()
        if self.keep_alive:
            self._connection.answered()
        else:
            self._connection.close()
