"""The only way to providers: HTTP/1.1 over kept connections, one timer each, no parsing of what does not vary.

Why it is our own: docs/decisions/0002-own-http-client.md.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Final, TypeVar

from antiphon.errors import ShuttingDown, UpstreamTimeout
from antiphon.providers.connection import Connection, Stale
from antiphon.providers.deadlines import Timeouts
from antiphon.providers.dial import dial
from antiphon.providers.egress import Egress
from antiphon.providers.endpoint import Endpoint, request_head
from antiphon.providers.foreign import NO_CONNECTION, broken, connect_failed
from antiphon.providers.pool import Pool
from antiphon.providers.proxy import Proxies, Proxy, Tunnel
from antiphon.providers.reply import UpstreamReply
from antiphon.providers.trust import default_trust
from antiphon.providers.uploading import Upload

P = TypeVar("P", bound=asyncio.BaseProtocol)

_WITH_BODY: Final = frozenset({b"POST", b"PUT", b"PATCH"})


class _Origin:
    """What is settled once per origin: its connections, and the proxy on the way to it."""

    __slots__ = ("pool", "proxy", "through")

    def __init__(self, pool: Pool, proxy: Proxy | None, *, plain: bool) -> None:
        self.pool = pool
        self.proxy = proxy
        self.through = proxy if plain else None  # a proxy that reads our requests, rather than a tunnel


class HttpUpstream:
    """Everything towards providers. Belongs to the event loop that first uses it."""

    def __init__(
        self,
        timeouts: Timeouts,
        *,
        max_connections_per_origin: int = 0,
        proxies: Proxies | None = None,
        trust: ssl.SSLContext | None = None,
        egress: Egress | None = None,
    ) -> None:
        """No limit of connections when it is 0; without `trust`, that of the system and of certifi.

        `egress` judges addresses that somebody else chose. Raises ValueError for it beside `proxies`, since a proxy
        resolves names by itself.
        """
        if egress is not None and proxies is not None:
            raise ValueError("nobody can judge the addresses that a proxy connects to")
        self._timeouts = timeouts
        self._patience = replace(timeouts, first_byte=timeouts.whole)
        self._limit = max_connections_per_origin
        self._proxies = proxies or Proxies()
        self._trust = trust
        self._egress = egress
        self._origins: dict[str, _Origin] = {}
        self._closed = False

    async def post(
        self,
        endpoint: Endpoint,
        headers: bytes,
        body: bytes,
        timeouts: Timeouts | None = None,
        *,
        patient: bool = False,
    ) -> UpstreamReply:
        """Send `body` and wait for the head of the answer, whatever its status. The reply must be released.

        `headers` are whole lines, as `endpoint.header_block` makes them, without Host, Content-Length, Connection and
        Accept-Encoding. `timeouts`, but for `connect` and `keep_alive`, may differ per request; a `patient` one lets
        the answer's first byte take as long as the whole answer may, as it does when nothing is streamed.

        A request on a kept connection that the server closes at once, without a byte of an answer, is sent once more on
        a new connection: servers close idle connections when they like, the two cross on the wire, and such a close
        says that nobody read the request. On a new connection, after a first byte, or later than a round trip takes,
        the same close may mean that the provider has begun to work, so it is an error and the caller decides.

        Raises ConnectFailed, AddressRefused, UpstreamTimeout, UpstreamBroke; ShuttingDown after `close`.
        """
        origin = self._origins.get(endpoint.origin) or self._new_origin(endpoint)
        line = endpoint.post_head if origin.through is None else _through_proxy(b"POST", endpoint, origin.through)
        head = b"%b%bContent-Length: %d\r\n\r\n" % (line, headers, len(body))
        return await self._exchange(
            endpoint, origin, head, body, timeouts or (self._patience if patient else self._timeouts)
        )

    async def get(self, endpoint: Endpoint, headers: bytes, timeouts: Timeouts | None = None) -> UpstreamReply:
        """As `post`, without a body."""
        origin = self._origins.get(endpoint.origin) or self._new_origin(endpoint)
        line = endpoint.get_head if origin.through is None else _through_proxy(b"GET", endpoint, origin.through)
        return await self._exchange(endpoint, origin, b"%b%b\r\n" % (line, headers), b"", timeouts or self._timeouts)

    async def put(self, endpoint: Endpoint, headers: bytes) -> UpstreamReply:
        """As `post`, with no body: how machines ask their own cloud for a session."""
        return await self._bare(b"PUT", endpoint, b"%bContent-Length: 0\r\n" % headers)

    async def delete(self, endpoint: Endpoint, headers: bytes) -> UpstreamReply:
        """As `get`."""
        return await self._bare(b"DELETE", endpoint, headers)

    async def _bare(self, method: bytes, endpoint: Endpoint, headers: bytes) -> UpstreamReply:
        """What is asked for too seldom to have its head made beforehand."""
        origin = self._origins.get(endpoint.origin) or self._new_origin(endpoint)
        head = b"%b%b\r\n" % (_head(method, endpoint, origin), headers)
        return await self._exchange(endpoint, origin, head, b"", self._timeouts)

    async def send(
        self, method: bytes, endpoint: Endpoint, headers: bytes, body: bytes, timeouts: Timeouts
    ) -> UpstreamReply:
        """As `post`, by any method; the answer stays encoded as it comes."""
        origin = self._origins.get(endpoint.origin) or self._new_origin(endpoint)
        length = b"Content-Length: %d\r\n" % len(body) if body or method in _WITH_BODY else b""
        head = b"%b%b%b\r\n" % (_head(method, endpoint, origin), headers, length)
        reply = await self._exchange(endpoint, origin, head, body, timeouts, raw=True)
        if method == b"HEAD":
            reply.end()
        return reply

    async def upload(
        self, method: bytes, endpoint: Endpoint, headers: bytes, length: int | None, timeouts: Timeouts
    ) -> Upload:
        """As `send`, for a body that is still coming, of a known length or not.

        Nobody could send it twice, so a kept connection, which may close at any time, is the last choice.
        """
        origin = self._origins.get(endpoint.origin) or self._new_origin(endpoint)
        told = b"Transfer-Encoding: chunked" if length is None else b"Content-Length: %d" % length
        connection = await self._connection(endpoint, origin)
        head = b"%b%b%b\r\n\r\n" % (_head(method, endpoint, origin), headers, told)
        return Upload(connection, connection.ask(head, None, timeouts), chunked=length is None)

    def lasting(self, seconds: float) -> Timeouts:
        """The usual timeouts, but for an answer that may take so long."""
        return replace(self._timeouts, whole=seconds)

    async def close(self) -> None:
        """Cut what is running, which then raises ShuttingDown, and return when every socket is closed."""
        self._closed = True
        for origin in self._origins.values():
            await origin.pool.close(ShuttingDown("the gateway is shutting down"))

    def _new_origin(self, endpoint: Endpoint) -> _Origin:
        if self._closed:
            raise ShuttingDown("the gateway is shutting down")
        if self._egress is not None:
            self._egress.check(endpoint)
        origin = _Origin(Pool(self._limit), self._proxies.towards(endpoint), plain=endpoint.scheme == "http")
        self._origins[endpoint.origin] = origin
        return origin

    async def _exchange(
        self, endpoint: Endpoint, origin: _Origin, head: bytes, body: bytes, timeouts: Timeouts, *, raw: bool = False
    ) -> UpstreamReply:
        connection = origin.pool.take() or await self._connection(endpoint, origin)
        try:
            await connection.ask(head, body, timeouts)
        except Stale:
            connection = await self._connection(endpoint, origin)
            await connection.ask(head, body, timeouts)
        return UpstreamReply(connection, raw=raw)

    async def _connection(self, endpoint: Endpoint, origin: _Origin) -> Connection:
        """A new one, or where there is a limit one that comes free. Raises ConnectFailed, UpstreamTimeout."""
        if self._closed:
            raise ShuttingDown("the gateway is shutting down")
        try:
            async with asyncio.timeout(self._timeouts.connect):
                while (connection := await origin.pool.reserve()) is not None:
                    if connection.ready():
                        return connection
                return await self._new_connection(endpoint, origin)
        except TimeoutError:
            limit = self._timeouts.connect
            raise UpstreamTimeout(f"no connection to the provider could be had within {limit:g} s") from None

    async def _new_connection(self, endpoint: Endpoint, origin: _Origin) -> Connection:
        connection = Connection(origin.pool, asyncio.get_running_loop(), self._timeouts)
        with ExitStack() as undo:
            undo.callback(origin.pool.forfeit)
            try:
                await self._reach(connection, endpoint, origin.proxy)
            except NO_CONNECTION as error:
                raise connect_failed(error) from error
            undo.pop_all()
        origin.pool.admit(connection)
        if connection.closed:
            raise broken("the provider closed the connection at once")
        return connection

    async def _reach(self, connection: Connection, endpoint: Endpoint, proxy: Proxy | None) -> None:
        tls = self._tls() if endpoint.scheme == "https" else None
        if proxy is None:
            await _link(lambda: connection, endpoint.host, endpoint.port, tls, self._egress)
        elif tls is None:
            await _link(lambda: connection, proxy.host, proxy.port, self._tls() if proxy.secure else None)
        else:
            transport, tunnel = await _link(Tunnel, proxy.host, proxy.port, tls if proxy.secure else None)
            with ExitStack() as undo:
                undo.callback(transport.abort)
                await tunnel.open(transport, endpoint, proxy)
                connection.connection_made(transport)
                connection.connection_made(await _secured(transport, connection, tls, endpoint.host))
                undo.pop_all()

    def _tls(self) -> ssl.SSLContext:
        if self._trust is None:
            self._trust = default_trust()
        return self._trust


async def _link(
    protocol: Callable[[], P], host: str, port: int, tls: ssl.SSLContext | None, egress: Egress | None = None
) -> tuple[asyncio.Transport, P]:
    loop = asyncio.get_running_loop()
    name = None if tls is None else host
    return await loop.create_connection(protocol, sock=await dial(host, port, egress), ssl=tls, server_hostname=name)


async def _secured(
    transport: asyncio.Transport, connection: Connection, tls: ssl.SSLContext, host: str
) -> asyncio.Transport:
    """TLS as far as the provider, inside what the proxy passes on."""
    loop = asyncio.get_running_loop()
    secured = await loop.start_tls(transport, connection, tls, server_hostname=host)
    if secured is None:
        raise ConnectionAbortedError
    return secured


def _head(method: bytes, endpoint: Endpoint, origin: _Origin) -> bytes:
    if origin.through is not None:
        return _through_proxy(method, endpoint, origin.through)
    return request_head(method, endpoint.target, endpoint.authority)


def _through_proxy(method: bytes, endpoint: Endpoint, proxy: Proxy) -> bytes:
    """A request head in absolute form, as a proxy that reads it wants it (RFC 9112, section 3.2.2)."""
    target = b"http://%b%b" % (endpoint.authority, endpoint.target)
    return request_head(method, target, endpoint.authority) + proxy.authorization
