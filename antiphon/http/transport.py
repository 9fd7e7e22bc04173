"""uvicorn's HTTP protocol with fewer system calls per answer, and with answers of ours to what is no request.

uvicorn writes the head of an answer and its body apart, as ASGI sends them; here what is written in one turn of the
event loop goes out together.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpRequestParser
from typing_extensions import override
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from antiphon.errors import AntiphonError, BadRequest, HeadTooLarge
from antiphon.http.call import DIRECT_WRITER, Header
from antiphon.http.errors import envelope
from antiphon.http.patience import SILENCE_SECONDS, Patience
from antiphon.http.websocket_transport import LeanWebSocketProtocol, offered
from antiphon.writes import Writes, writes_of

_logger: Final = logging.getLogger("antiphon.http")
_HEAD_LIMIT: Final = 65_536
_PIECE: Final = 32_768
_UNFINISHED_LIMIT: Final = _HEAD_LIMIT + _PIECE
"""The piece in which a head begins may hold the end of a body too, so that a whole piece more has to be allowed for."""

_LINGER_SECONDS: Final = 2.0
"""A client that is still sending would lose the answer if the connection were closed under it (RFC 9112, 9.6)."""


class GatheringTransport(asyncio.Transport):
    """A transport whose writes wait for the end of the event loop's turn, when they are joined."""

    def __init__(self, transport: asyncio.Transport, writes: Writes) -> None:
        """`transport` is where everything really happens."""
        super().__init__()
        self._transport = transport
        self._writes = writes

    @override
    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Sends it soon, with whatever else there is by then."""
        self._writes.write(self._transport, data if isinstance(data, bytes) else bytes(data))

    def bare(self) -> asyncio.Transport:
        """Where everything really happens, with nothing held back."""
        self._writes.flush()
        return self._transport

    @override
    def can_write_eof(self) -> bool:
        """Whether the peer can be told that nothing more will be written."""
        return self._transport.can_write_eof()

    @override
    def write_eof(self) -> None:
        """Tells the peer so when everything is written."""
        self._writes.flush()
        self._transport.write_eof()

    @override
    def close(self) -> None:
        """Closes when everything is written."""
        self._writes.flush()
        self._transport.close()

    @override
    def abort(self) -> None:
        """Closes at once."""
        self._transport.abort()

    @override
    def is_closing(self) -> bool:
        """Whether it is closed or closing."""
        return self._transport.is_closing()

    @override
    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What is known of the connection."""
        return self._transport.get_extra_info(name, default)

    @override
    def pause_reading(self) -> None:
        """Lets the peer wait."""
        self._transport.pause_reading()

    @override
    def resume_reading(self) -> None:
        """Takes more."""
        self._transport.resume_reading()

    @override
    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Hands the connection on."""
        self._transport.set_protocol(protocol)


class LeanHttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol over a `GatheringTransport`.

    What is no request is told so in the envelope, an offer to upgrade to anything but a WebSocket of ours is declined
    by serving the request as it is, and a head without end is cut off.
    """

    silence_seconds = SILENCE_SECONDS
    last_write = 0.0
    _patience: Patience
    _gathering: GatheringTransport
    _successor: LeanWebSocketProtocol | None = None
    _deaf = False
    _unfinished = 0
    """Bytes since a head began, or since there was a bit of body."""

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:
        """The client has connected."""
        self._wire = transport
        self._writes = writes_of(self.loop)
        self._gathering = GatheringTransport(transport, self._writes)
        super().connection_made(self._gathering)
        self._patience = Patience(self, self._give_up, self.silence_seconds)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is waited for any more."""
        self._patience.end()
        super().connection_lost(exc)

    def awaited(self) -> object | None:
        """Implements `Waiting`: the connection before its first request, then a head or a body on its way."""
        scope = self.scope
        if not scope:
            return self
        if "method" not in scope:
            return scope
        cycle = self.cycle
        return cycle if cycle.more_body and not (self.flow.read_paused or cycle.waiting_for_100_continue) else None

    @override
    def data_received(self, data: bytes) -> None:
        """Takes it in pieces, because a head is measured in pieces."""
        if len(data) > _PIECE:
            for start in range(0, len(data), _PIECE):
                (self._successor or self).data_received(data[start : start + _PIECE])
            return
        self._unset_keepalive_if_required()
        while data and not self._deaf:
            try:
                self.parser.feed_data(data)
            except HttpParserUpgrade as offer:
                data = data[offer.args[0] :]
                if self._upgrades(data):
                    return
                self._decline()
            except HttpParserError as error:
                self._refuse(_invalid(error))
            else:
                scope = self.scope
                if scope and ("method" not in scope or self.cycle.more_body):
                    self._count(len(data))
                else:
                    self._unfinished = 0
                return

    @override
    def on_message_begin(self) -> None:
        """A request begins: its application may write without waiting."""
        super().on_message_begin()
        self.scope[DIRECT_WRITER] = self  # pyright: ignore[reportGeneralTypeIssues] - an extension of ours

    def direct_write(self, data: bytes) -> bool:
        """Implements `DirectWriter`."""
        cycle = self.cycle
        if self.flow.write_paused or cycle.disconnected or not cycle.chunked_encoding or cycle.response_complete:
            return False
        self.last_write = self.loop.time()
        self._writes.write(self._wire, b"%x\r\n%b\r\n" % (len(data), data))
        return True

    # With requests in the pipeline the cycle is that of the last of them, and not of the one that is being answered.

    def direct_reply(self, status: int, headers: list[Header], body: bytes) -> bool:
        """Implements `DirectWriter`."""
        cycle = self.cycle
        if self.pipeline or self.flow.write_paused or cycle.disconnected or cycle.response_started:
            return False
        every = self.server_state.default_headers + headers
        lines = b"".join([b"%b: %b\r\n" % header for header in every])
        smuggled = not lines.count(b"\n") == lines.count(b"\r") == len(every)
        if smuggled or not cycle.keep_alive or cycle.scope["method"] == "HEAD":
            return False
        cycle.response_started = cycle.response_complete = True
        self._writes.write(self._wire, b"%b%b\r\n%b" % (STATUS_LINE[status], lines, body))
        cycle.message_event.set()
        cycle.on_response()
        return True

    def direct_body(self) -> bytes | None:
        """Implements `DirectWriter`."""
        cycle = self.cycle
        if self.pipeline or cycle.more_body or cycle.disconnected or cycle.waiting_for_100_continue:
            return None
        body, cycle.body = bytes(cycle.body), bytearray()
        self.flow.resume_reading()
        cycle.message_event.clear()
        return body

    @override
    def on_body(self, body: bytes) -> None:
        """A bit of the body has been read."""
        self._unfinished = 0
        self._patience.heard = True
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    @override
    def _should_upgrade(self) -> bool:
        """Asked once the parser has stopped at an offer to upgrade: lets uvicorn drop what has been read of it."""
        return True

    def _upgrades(self, rest: bytes) -> bool:
        """Whether the connection, with the bytes that came behind the head, has become a WebSocket."""
        kind = self.ws_protocol_class
        if kind is None or not issubclass(kind, LeanWebSocketProtocol) or self.scope["method"] != "GET":
            return False
        idle = self.cycle is None or self.cycle.response_complete  # pyright: ignore[reportUnnecessaryComparison] - typed by what it will be
        offer = offered(self.url, self.headers) if idle else None
        if offer is None:
            return False
        self._deaf = True
        self._patience.end()
        self.connections.discard(self)
        self._successor = protocol = kind(self.config, self.server_state, self.app_state)
        protocol.accept_offer(offer, self._gathering.bare())
        if rest:
            protocol.data_received(rest)
        return True

    def _decline(self) -> None:
        """Reads the head again, without the offer: a server may ignore it (RFC 9110, 7.8), the parser does not."""
        scope = self.scope
        if scope["method"] == "CONNECT":
            self._refuse(BadRequest("This server is no proxy: it has nothing to CONNECT to.", code="invalid_http"))
            return
        lines = [b"%b %b HTTP/%b" % (scope["method"].encode(), self.url, scope["http_version"].encode())]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        try:
            self.parser.feed_data(b"\r\n".join(lines) + b"\r\n\r\n")
        except HttpParserError as error:
            self._refuse(_invalid(error))

    def _count(self, size: int) -> None:
        self._unfinished += size
        if self._unfinished > _UNFINISHED_LIMIT:
            message = f"The path and the headers are longer than the {_HEAD_LIMIT} bytes that are accepted here."
            self._refuse(HeadTooLarge(message))

    def _give_up(self, error: AntiphonError) -> None:
        """The client has kept the connection waiting. One that asks for nothing, or was answered, is told nothing."""
        scope = self.scope
        if not scope or ("method" in scope and self.cycle.response_complete):
            self.transport.close()
        elif not self._deaf:
            self._refuse(error)

    def _refuse(self, error: AntiphonError) -> None:
        """Reads no more of this connection, and says why unless the answer to an earlier request would be garbled."""
        self._deaf = True
        _logger.info("refused what is no request: %s", error.message)
        cycle = self.cycle
        if cycle and not cycle.response_complete:
            if not cycle.more_body:
                cycle.keep_alive = False
                return
            cycle.disconnected = True
            cycle.message_event.set()
            if self.pipeline or cycle.response_started:
                self.transport.close()
                return
        self._say(error)

    def _say(self, error: AntiphonError) -> None:
        body = envelope(error)
        headers = [
            *self.server_state.default_headers,
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        ]
        lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        self.transport.write(STATUS_LINE[error.status] + lines + b"\r\n" + body)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(_LINGER_SECONDS, self.transport.close)


def _invalid(error: HttpParserError) -> BadRequest:
    """What the parser says of the bytes; what it says of us, which is that the URL made no sense, is put plainly."""
    reason = "the URL cannot be read" if isinstance(error, HttpParserCallbackError) else str(error)
    return BadRequest(f"This is not a valid HTTP/1.1 request: {reason}.", code="invalid_http")
