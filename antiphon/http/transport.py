"""HTTP/1.1 on one connection: llhttp reads requests, `Exchange` answers them, what is no request is told so.

An offer to upgrade to anything but a WebSocket of ours is declined by serving the request as it is, and a head without
end is cut off. What is written in one turn of the event loop goes out together.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Any, Final

from httptools import HttpParserError, HttpParserUpgrade
from typing_extensions import override
from uvicorn.config import Config
from uvicorn.server import ServerState

from antiphon.connection_settings import ConnectionSettings
from antiphon.descriptors import connections_at_once
from antiphon.errors import AntiphonError, BadRequest
from antiphon.http.call import DIRECT_WRITER, Scope
from antiphon.http.errors import advice, envelope
from antiphon.http.exchange import Exchange
from antiphon.http.heads import head_of
from antiphon.http.parsing import HEAD_LIMIT, Requests, head_too_large, no_request
from antiphon.http.patience import Part, Patience
from antiphon.http.serving import Serving
from antiphon.http.websocket_transport import LeanWebSocketProtocol, offered

_logger: Final = logging.getLogger("antiphon.http")
_PIECE: Final = 32_768
_UNFINISHED_LIMIT: Final = HEAD_LIMIT + _PIECE
"""The piece in which a head begins may hold the end of a body too, so that a whole piece more has to be allowed for."""

_MOST_WAITING: Final = 8
"""Requests that are parsed behind one that is running, and those that come with the last of them in one piece."""

_MOST_HELD: Final = 65_536
"""Bytes behind those requests. With more, nothing is read, and so nobody sees a client leave."""

_LINGER_SECONDS: Final = 2.0
"""A client that is still sending would lose the answer if the connection were closed under it (RFC 9112, 9.6)."""

_HALF_CLOSED_SECONDS: Final = 0.5
"""A client that will send no more has mostly left, and its provider is to be let go; some only say that they are done,
and get what is ready by then."""


class HttpProtocol(asyncio.Protocol):
    """One connection. While one exchange runs, those whose requests have come meanwhile wait for their turn."""

    __slots__ = (
        *("_deaf", "_held", "_reading_paused", "_requests", "_running", "_successor", "_transport", "_unfinished"),
        *("_unsent", "_waiting", "received", "serving", "writable", "write"),
    )

    def __init__(self, serving: Serving) -> None:
        """Nobody has connected yet."""
        self.serving = serving
        self.writable: asyncio.Event | None = None
        self.received = 0
        self._running: Exchange | None = None
        self._waiting: list[tuple[Exchange, Scope]] = []
        self._held: bytes | None = None  # what came behind those that wait, once they are many
        self._reading_paused = False
        self._successor: LeanWebSocketProtocol | None = None
        self._deaf = False
        self._unfinished = 0  # bytes since a head began, or since there was a bit of body
        self._unsent = 0  # bytes that the client had not made room for when it was last looked at

    # --- what asyncio calls -------------------------------------------------------------------------------------------

    @override
    def connection_made(  # pyright: ignore[reportIncompatibleMethodOverride] - a stream's transport is never less
        self, transport: asyncio.Transport
    ) -> None:
        """The client has connected."""
        serving = self.serving
        scheme = "http" if transport.get_extra_info("sslcontext") is None else "https"
        self._transport = transport
        self._requests = Requests(scheme, transport.get_extra_info("peername"), self._begin)
        self.write = partial(serving.writes.write, transport)
        serving.state.connections.add(self)  # pyright: ignore[reportArgumentType] - of which `shutdown` is asked
        serving.patience.begin(self, serving.loop)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone, or was let go."""
        serving = self.serving
        serving.patience.end(self)
        serving.state.connections.discard(self)
        for exchange in (self._running, self._requests.exchange, *(exchange for exchange, _ in self._waiting)):
            if exchange is not None:
                exchange.lose()
        self._waiting.clear()
        self._held = None
        self._running = None
        self._requests.end()
        self.resume_writing()
        if exc is None:
            self._transport.close()

    @override
    def pause_writing(self) -> None:
        """The client does not keep up."""
        self.writable = asyncio.Event()

    @override
    def resume_writing(self) -> None:
        """The client has kept up."""
        if self.writable is not None:
            self.writable.set()
            self.writable = None

    @override
    def data_received(self, data: bytes) -> None:
        """Takes it in pieces, because a head is measured in pieces."""
        if len(data) > _PIECE or self._held is not None:
            self._receive_in_pieces(data)
            return
        requests = self._requests
        while data and not self._deaf:
            try:
                requests.feed(data)
            except HttpParserUpgrade as offer:
                data = data[offer.args[0] :]
                if self._upgrades(data):
                    return
                self._decline()
            except HttpParserError as error:
                self._refuse(no_request(error))
            else:
                if requests.heading or (requests.exchange is not None and requests.exchange.more_body):
                    self._count(len(data))
                else:
                    self._unfinished = 0
                return

    def _receive_in_pieces(self, data: bytes) -> None:
        for start in range(0, len(data), _PIECE):
            if self._held is not None:
                self._held += data[start:]
                if len(self._held) > _MOST_HELD:
                    self.pause_reading()
                return
            (self._successor or self).data_received(data[start : start + _PIECE])

    @override
    def eof_received(self) -> bool:
        """The client sends no more. Whether the connection stays open for what is yet to be answered."""
        if not (self._answers_to_come() and self._transport.can_write_eof()):
            self.serving.writes.flush()  # asyncio closes
            return False
        self.serving.loop.call_later(_HALF_CLOSED_SECONDS, self._forsake)
        return True

    def _forsake(self) -> None:
        if self._running is not None and not self._running.complete:
            self._transport.abort()

    # --- what the server, `Connection` and `Arriving` ask for --------------------------------------------------------

    def shutdown(self) -> None:
        """The server is stopping: the answer that is on the way is the last."""
        newest = self._requests.exchange
        if newest is None or newest.complete:
            self.close()
        else:
            newest.keep_alive = False

    def pause_reading(self) -> None:
        """Implements `Connection`."""
        if not self._reading_paused:
            self._reading_paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Implements `Connection`."""
        if self._reading_paused and (self._held is None or len(self._held) <= _MOST_HELD):
            self._reading_paused = False
            self._transport.resume_reading()

    def answered(self) -> None:
        """Implements `Connection`."""
        if self._waiting or self._reading_paused:
            self._go_on()

    def close(self) -> None:
        """Implements `Connection`."""
        newest = self._requests.exchange
        sending = self._deaf or (newest is not None and newest.more_body)
        self._deaf = True
        self.serving.writes.flush()
        if sending:
            self._linger()
        else:
            self._transport.close()

    def arriving(self) -> tuple[Part, object] | None:
        """Implements `Arriving`. A client that takes nothing of what is written owes that it does."""
        unsent = self._transport.get_write_buffer_size()
        if unsent != self._unsent:
            self._unsent = unsent
        if unsent:
            return "rest", self._unsent  # the same object for as long as it is the same number
        if self._deaf:
            return None if self._answers_to_come() else ("rest", self)
        requests = self._requests
        newest = requests.exchange
        running = newest is not None and not newest.complete
        if requests.heading and not (running and self._reading_paused):
            return "head", requests.headers
        if newest is None:
            return "head", None
        if newest.complete:
            return "rest", newest
        return ("body", newest) if newest.more_body and not (newest.hesitates or self._reading_paused) else None

    def give_up(self, error: AntiphonError | None) -> None:
        """Implements `Arriving`."""
        if error is not None:
            self._end(error)
        elif self._unsent or self._transport.is_closing():
            self._transport.abort()  # to close it would be to wait for the client
        else:
            self.close()

    # --- exchanges ----------------------------------------------------------------------------------------------------

    def _begin(self, scope: Scope, keep_alive: bool, hesitates: bool) -> Exchange:  # noqa: FBT001 - as it is called back
        before = self._requests.exchange
        self._unfinished = 0
        scope[DIRECT_WRITER] = exchange = Exchange(self, scope, keep_alive=keep_alive, hesitates=hesitates)
        if before is None or before.complete:
            self._run(exchange, scope)
        else:
            self._waiting.append((exchange, scope))
            if len(self._waiting) == _MOST_WAITING:
                self._held = b""
        return exchange

    def _go_on(self) -> None:
        """Runs the next exchange, and reads what came behind those that wait."""
        if self._transport.is_closing():
            return
        if self._waiting:
            self._run(*self._waiting.pop(0))
        if len(self._waiting) < _MOST_WAITING:
            held, self._held = self._held, None
            if held:
                self.data_received(held)
        if not self._waiting:
            self.resume_reading()

    def _run(self, exchange: Exchange, scope: Scope) -> None:
        self._running = exchange
        exchange.task = self.serving.begin(exchange.run(scope))

    # --- what is no request of ours -----------------------------------------------------------------------------------

    def _upgrades(self, rest: bytes) -> bool:
        """Whether the connection, with the bytes that came behind the head, has become a WebSocket."""
        serving, requests = self.serving, self._requests
        kind = serving.config.ws_protocol_class
        if kind is None or not issubclass(kind, LeanWebSocketProtocol) or requests.method != b"GET":
            return False
        if requests.version != "1.1":  # an older client cannot know what it offers (RFC 9110, 7.8)
            return False
        idle = requests.exchange is None or requests.exchange.complete
        offer = offered(requests.url, requests.headers) if idle else None
        if offer is None:
            return False
        self._deaf = True
        serving.state.connections.discard(self)
        serving.patience.end(self)
        self._successor = protocol = kind(serving.config, serving.state, serving.app_state)
        serving.writes.flush()
        protocol.accept_offer(offer, self._transport)
        if rest:
            protocol.data_received(rest)
        return True

    def _decline(self) -> None:
        """Serves the request without the offer: a server may ignore it (RFC 9110, 7.8), the parser does not."""
        if self._requests.method == b"CONNECT":
            self._refuse(BadRequest("This server is no proxy: it has nothing to CONNECT to.", code="invalid_http"))
            return
        try:
            self._requests.feed_without_offer()
        except HttpParserError as error:
            self._refuse(no_request(error))

    def _count(self, size: int) -> None:
        self.received += size
        self._unfinished = size if self._requests.brought_body else self._unfinished + size
        self._requests.brought_body = False
        if self._unfinished > _UNFINISHED_LIMIT:
            self._refuse(head_too_large())

    def _refuse(self, error: AntiphonError) -> None:
        _logger.info("refused what is no request: %s", error.message)
        self._end(error)

    def _end(self, error: AntiphonError) -> None:
        """Says why nothing more is read, unless the answer to an earlier request would be garbled."""
        if self._answers_to_come():
            return
        newest = self._requests.exchange
        if newest is not None and newest.started and not newest.complete:
            self.close()
        else:
            self._say(error)

    def _answers_to_come(self) -> bool:
        """Reads no further. Whether a request that is whole is being answered, which ends the connection then."""
        if not self._deaf:
            self._deaf = True
            last = self._last_whole()
            if last is not None:
                last.keep_alive = False
        running = self._running
        return running is not None and not (running.complete or running.disconnected)

    def _last_whole(self) -> Exchange | None:
        """The newest exchange whose request is whole, and may be complete; one that is behind it is lost."""
        newest = self._requests.exchange
        if newest is None or newest.complete or not newest.more_body:
            return newest
        newest.lose()
        if not self._waiting:
            return None
        self._waiting.pop()
        return self._waiting[-1][0] if self._waiting else self._running

    def _say(self, error: AntiphonError) -> None:
        body = envelope(error)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
            *advice(error),
        ]
        self.write(head_of(error.status, self.serving.common, headers) + body)
        self.serving.writes.flush()
        self._linger()

    def _linger(self) -> None:
        """Closes once a client that is still sending has had time to read why it should not."""
        transport = self._transport
        if transport.is_closing():
            return
        if transport.can_write_eof():
            transport.write_eof()
        self.resume_reading()
        self.serving.loop.call_later(_LINGER_SECONDS, transport.close)


class Protocols:
    """Makes the protocol of each connection, in whichever process it is called: what uvicorn takes for its class."""

    def __init__(self, settings: ConnectionSettings) -> None:
        """Asks for nothing yet: the process that serves may have other limits than the one that starts it."""
        self._settings = settings
        self._serving: Serving | None = None

    def __call__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> HttpProtocol:
        """The protocol of one connection."""
        if self._serving is None:
            said = self._settings
            at_once = connections_at_once() if said.at_once is None else said.at_once
            patience = Patience(said.head_seconds, said.stall_seconds, config.timeout_keep_alive, at_once)
            self._serving = Serving(config, server_state, app_state, patience)
        return HttpProtocol(self._serving)
