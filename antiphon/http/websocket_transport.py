"""uvicorn's WebSocket protocol with answers of ours to broken frames, events written together, and a drain at the end.

The handshake was checked by the HTTP protocol (`transport`), so here it cannot fail.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import urllib.parse
from collections.abc import Iterable, Sequence
from typing import Any, Final

import httptools
from typing_extensions import override
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.protocol import State

from antiphon.http.call import FRAME_WRITE, Header
from antiphon.http.routes import WEBSOCKET_PATH, canonical
from antiphon.settings import Settings

DRAIN: Final = "antiphon.drain"
"""The type of the message that tells the application that the server is stopping: not a part of ASGI."""

_CLOSE_SECONDS: Final = 2.0
"""How long the client may take to answer a close, or to stop sending what is not read."""

_PINGS_MISSED: Final = 3
"""A client that reads only while it waits for an answer is silent for a while and not gone."""

_KEY_BYTES: Final = 16
_INVALID_TEXT: Final = 1007


def websocket_options(settings: Settings) -> dict[str, Any]:
    """What uvicorn is told about WebSockets. Frames are not compressed: it costs more than the network saves."""
    websocket = settings.websocket
    return {
        "ws": LeanWebSocketProtocol,
        "ws_max_size": websocket.max_frame_bytes,
        "ws_ping_interval": websocket.ping_seconds,
        "ws_ping_timeout": websocket.ping_seconds * _PINGS_MISSED,
        "ws_per_message_deflate": False,
    }


class Offer:
    """A WebSocket that a client asks for, with everything that RFC 6455 (section 4.2.1) demands of it."""

    def __init__(self, url: bytes, headers: Sequence[Header], key: bytes, path: str) -> None:
        """`path` is decoded."""
        self.url = url
        self.headers = headers
        self.key = key
        self.path = path

    @property
    def head(self) -> bytes:
        """As much of the request as the handshake is made of."""
        lines = (
            b"GET / HTTP/1.1",
            b"Upgrade: websocket",
            b"Connection: Upgrade",
            b"Sec-WebSocket-Version: 13",
            b"Sec-WebSocket-Key: %b" % self.key,
        )
        return b"\r\n".join(lines) + b"\r\n\r\n"

    @property
    def subprotocols(self) -> list[str]:
        """What the client wants to speak, best first."""
        values = [value for name, value in self.headers if name == b"sec-websocket-protocol"]
        return [token.strip() for value in values for token in value.decode("latin-1").split(",")]


def offered(url: bytes, headers: Sequence[Header]) -> Offer | None:
    """The WebSocket that a GET asks for; None when it cannot be had as it is asked for."""
    if _only(headers, b"upgrade").lower() != b"websocket" or _only(headers, b"sec-websocket-version") != b"13":
        return None
    if any(name in (b"content-length", b"transfer-encoding") for name, _ in headers):
        return None
    key = _only(headers, b"sec-websocket-key")
    try:
        well_formed = len(base64.b64decode(key, validate=True)) == _KEY_BYTES
        path = urllib.parse.unquote(httptools.parse_url(url).path.decode("ascii"))
    except (binascii.Error, httptools.HttpParserError, UnicodeDecodeError):
        return None
    if not well_formed or canonical(path) != WEBSOCKET_PATH:
        return None
    return Offer(url, headers, key, path)


def _only(headers: Sequence[Header], name: bytes) -> bytes:
    """The value of a header that is there once, else nothing."""
    values = [value for each, value in headers if each == name]
    return values[0].strip() if len(values) == 1 else b""


class LeanWebSocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, begun by `accept_offer` instead of by the bytes of a request."""

    _offer: Offer
    _asked = False
    """Whether the application decides, until the handshake is complete."""

    _early = b""
    """What the client sent before it knew that there is a WebSocket."""

    _failed = False

    _rest: bytearray
    """What has come of a message behind its first piece."""

    def accept_offer(self, offer: Offer, transport: asyncio.Transport) -> None:
        """Asks the application about a WebSocket on this connection, which speaks it from here on."""
        self.close_timeout = _CLOSE_SECONDS
        self._rest = bytearray()
        self.connection_made(transport)
        transport.set_protocol(self)
        self._offer = offer
        self.data_received(offer.head)
        self._asked = True
        scope: Any = self.scope
        scope["headers"] = offer.headers
        scope["path"] = offer.path
        parsed = httptools.parse_url(offer.url)
        scope["raw_path"] = parsed.path
        scope["query_string"] = parsed.query or b""
        scope["subprotocols"] = offer.subprotocols
        scope[FRAME_WRITE] = self.write_texts

    def write_texts(self, texts: Iterable[bytes]) -> bool:
        """Writes text frames together. False, with nothing written, where ASGI's `send` has to see to it."""
        if self.conn.state is not State.OPEN or self.close_sent or not self.writable.is_set():
            return False
        for text in texts:
            self.conn.send_text(text)
        self.transport.write(b"".join(self.conn.data_to_send()))
        return True

    @override
    def data_received(self, data: bytes) -> None:
        """Takes frames, until one is broken.

        A client has to wait for the end of the handshake (RFC 6455, 4.1); what one sends that does not, waits for it.
        """
        if self._asked and not self.handshake_complete:
            self._early += data
            self.transport.pause_reading()
        elif not self._failed:
            super().data_received(data)

    @override
    def handle_cont(self, event: Frame) -> None:
        """Puts a piece behind the others: one of no bytes, of which a message may have any number, leaves nothing."""
        self._rest += event.data
        if event.fin:
            self.frames.append(bytes(self._rest))
            self._rest.clear()
            self.send_receive_event_to_app()

    @override
    def send_receive_event_to_app(self) -> None:
        """A message is whole. Text that is none breaks the connection, as the standard has it (RFC 6455, 8.1)."""
        data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
        self.frames = []
        if self.close_sent:
            return
        if self.curr_msg_data_type == "text":
            try:
                self.queue.put_nowait({"type": "websocket.receive", "text": data.decode()})
            except UnicodeDecodeError:
                self.conn.fail(_INVALID_TEXT, "invalid UTF-8")
                self.handle_parser_exception()
                return
        else:
            self.queue.put_nowait({"type": "websocket.receive", "bytes": data})
        if not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    @override
    def handle_ping(self) -> None:
        """Answers, unless an earlier frame has broken the connection."""
        if not self._failed:
            super().handle_ping()

    @override
    def handle_parser_exception(self) -> None:
        """Says why the connection ends, and lets the client read it though it may still be sending."""
        close = self.conn.close_sent
        self._failed = True
        self.close_sent = True
        self.stop_keepalive()
        code = 1006 if close is None else close.code
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": close and close.reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.transport.resume_reading()
        self.close_timer = self.loop.call_later(_CLOSE_SECONDS, self.transport.close)

    @override
    def shutdown(self) -> None:
        """The server is stopping: the application lets running answers end, and closes."""
        if self.close_sent or not self.handshake_complete:
            super().shutdown()
            return
        message: Any = {"type": DRAIN}
        self.queue.put_nowait(message)

    @override
    async def send(self, message: ASGISendEvent) -> None:
        """As uvicorn's, but that a client which is gone is told as that, whoever closed first."""
        await self.writable.wait()
        if not self.handshake_complete and self.transport.is_closing():
            self.handshake_complete = True  # with nobody: uvicorn would answer, and fail at it
            raise ClientDisconnected
        if self.close_sent:
            raise ClientDisconnected
        await super().send(message)
        early, self._early = self._early, b""
        if early and self.handshake_complete and not self.transport.is_closing():
            self.transport.resume_reading()
            self.data_received(early)
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True  # with a refusal: uvicorn would take it for a fault of the application
