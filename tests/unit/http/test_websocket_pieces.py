"""Messages that clients of a WebSocket cut into pieces."""

from __future__ import annotations

import asyncio
import base64

from typing_extensions import override
from uvicorn import Config
from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode

from antiphon.http.websocket_transport import LeanWebSocketProtocol, Offer
from tests.wires import Wire

KEY = base64.b64encode(bytes(16))


class Handed(Wire):
    """A connection whose protocol changes hands."""

    @override
    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        assert isinstance(protocol, LeanWebSocketProtocol)


async def app(scope: object, receive: object, send: object) -> None:
    raise AssertionError("nobody is asked")


async def test_pieces_of_nothing_leave_nothing() -> None:
    protocol = LeanWebSocketProtocol(Config(app, ws_max_size=1_000), ServerState(), {})
    protocol.accept_offer(Offer(b"/v1/responses", [], KEY, "/v1/responses"), Handed())
    protocol.handle_text(Frame(Opcode.TEXT, b"{", fin=False))
    for data in [b""] * 1_000 + [b" ", b"}"]:
        protocol.handle_cont(Frame(Opcode.CONT, data, fin=False))
    assert protocol.frames == [b"{"]
    protocol.handle_cont(Frame(Opcode.CONT, b"", fin=True))
    assert protocol.queue.get_nowait() == {"type": "websocket.connect"}
    assert protocol.queue.get_nowait() == {"type": "websocket.receive", "text": "{ }"}
