"""httpx over the gateway in this process: what a socket would carry goes from task to task."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import suppress
from typing import Any, Final, TypeVar
from urllib.parse import unquote

from typing_extensions import override

from antiphon.embedded.exchange import Exchange, Request
from antiphon.embedded.room import CLOSED, Room
from antiphon.embedded.web import httpx

T = TypeVar("T")

_PATIENCE: Final = httpx.Timeout(600.0)
"""As OpenAI's clients have it: answers may be thought over."""

ROOT: Final = "http://antiphon"
"""A host that is never looked up."""


def http_client(room: Room, key: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=Transport(room), base_url=ROOT, headers=_authorised(key), timeout=_PATIENCE)


def sync_http_client(room: Room, key: str) -> httpx.Client:
    return httpx.Client(transport=SyncTransport(room), base_url=ROOT, headers=_authorised(key), timeout=_PATIENCE)


class Transport(httpx.AsyncBaseTransport):
    """For clients on the gateway's own event loop."""

    def __init__(self, room: Room) -> None:
        """Asks nothing yet."""
        self._room = room

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer as soon as its head is there. Raises httpx.ConnectError, ReadTimeout, RemoteProtocolError."""
        assert isinstance(request.stream, httpx.AsyncByteStream)  # noqa: S101 - an asynchronous client makes no other
        exchange = begun(self._room, request, request.stream)
        limit = read_limit(request)
        status, headers = await head_of(exchange, limit)
        return httpx.Response(status, headers=headers, stream=_Body(exchange, limit))


class SyncTransport(httpx.BaseTransport):
    """For clients in other threads, which wait for the gateway's."""

    def __init__(self, room: Room) -> None:
        """Asks nothing yet."""
        self._waiting = _Waiting(room)

    @override
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """As `Transport.handle_async_request`. Raises RuntimeError in the gateway's own thread."""
        waiting, body, limit = self._waiting, request.read(), read_limit(request)

        async def ask() -> tuple[Exchange, int, list[tuple[bytes, bytes]]]:
            exchange = begun(waiting.room, request, _Whole(body))
            return exchange, *(await head_of(exchange, limit))

        exchange, status, headers = waiting.wait_for(ask())
        return httpx.Response(status, headers=headers, stream=_SyncBody(exchange, limit, waiting))


class _Waiting:
    """A thread that waits for the gateway's event loop."""

    def __init__(self, room: Room) -> None:
        self.room = room

    def wait_for(self, coroutine: Coroutine[Any, Any, T]) -> T:
        room = self.room
        try:
            room.check_elsewhere()
            future = asyncio.run_coroutine_threadsafe(coroutine, room.loop)
        except RuntimeError:
            coroutine.close()
            if room.loop.is_closed():
                raise httpx.ConnectError(CLOSED) from None
            raise
        try:
            return future.result()
        finally:
            future.cancel()

    def tell(self, said: Callable[[], None]) -> None:
        """Does not wait, and may come when the loop is closed already."""
        with suppress(RuntimeError):
            self.room.loop.call_soon_threadsafe(said)


class _Whole(httpx.AsyncByteStream):
    def __init__(self, body: bytes) -> None:
        self._body = body

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body


class _Body(httpx.AsyncByteStream):
    """An answer's, as it comes."""

    def __init__(self, exchange: Exchange, limit: float | None) -> None:
        self._exchange = exchange
        self._limit = limit

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await piece_of(self._exchange, self._limit):
            yield piece

    @override
    async def aclose(self) -> None:
        self._exchange.close()


class _SyncBody(httpx.SyncByteStream):
    """The same for another thread."""

    def __init__(self, exchange: Exchange, limit: float | None, waiting: _Waiting) -> None:
        self._exchange = exchange
        self._limit = limit
        self._waiting = waiting

    @override
    def __iter__(self) -> Iterator[bytes]:
        while piece := self._waiting.wait_for(piece_of(self._exchange, self._limit)):
            yield piece

    @override
    def close(self) -> None:
        self._waiting.tell(self._exchange.close)


def begun(room: Room, request: httpx.Request, body: httpx.AsyncByteStream) -> Exchange:
    """The request on its way. Raises httpx.ConnectError once the gateway is closed."""
    target = request.url.raw_path
    headers = [(name.lower(), value) for name, value in request.headers.raw]
    path = unquote(target.partition(b"?")[0].decode("ascii"))
    try:
        return room.ask(Request(request.method, target, path, headers, body))
    except ConnectionRefusedError as error:
        raise httpx.ConnectError(str(error), request=request) from None


async def head_of(exchange: Exchange, limit: float | None) -> tuple[int, list[tuple[bytes, bytes]]]:
    """Status and headers; the exchange is closed unless it comes to that."""
    try:
        return await _within(exchange.head(), limit)
    except BaseException:
        exchange.close()
        raise


async def piece_of(exchange: Exchange, limit: float | None) -> bytes:
    """The next of the body, b"" at its end."""
    return await _within(exchange.piece(), limit)


def read_limit(request: httpx.Request) -> float | None:
    """How long its client waits for the next piece of an answer."""
    limits: dict[str, float | None] = request.extensions.get("timeout", {})
    return limits.get("read")


async def _within(awaited: Coroutine[Any, Any, T], limit: float | None) -> T:
    try:
        async with asyncio.timeout(limit):
            return await awaited
    except TimeoutError:
        raise httpx.ReadTimeout(f"The gateway said nothing for {limit:g} s.") from None
    except ConnectionAbortedError as error:
        raise httpx.RemoteProtocolError(str(error)) from None


def _authorised(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}
