"""`/v1/responses` as a WebSocket: the handshake, and the way back to the client."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

from msgspec import Struct

from antiphon.gateway.flow import Gateway
from antiphon.gateway.limits import Limiter
from antiphon.http.auth import Keyring, key_protocol
from antiphon.http.call import FRAME_WRITE, Call
from antiphon.http.chains import ChainMemory
from antiphon.http.lanes import Limits
from antiphon.protocols import Responses
from antiphon.records import Record
from antiphon.wire.client_frames import with_stream_id
from antiphon.wire.events import Chunk

SWITCHING: Final = 101


class SocketOptions(Struct, frozen=True):
    """What the owner decides about every connection."""

    limits: Limits = Limits()
    lifetime_seconds: float = 3600.0


class SocketParts(Struct, frozen=True, kw_only=True):
    """What a connection is served with."""

    gateway: Gateway
    responses: Responses
    keyring: Keyring
    memory: ChainMemory
    record: Record
    options: SocketOptions = SocketOptions()
    limiter: Limiter | None = None


class Socket:
    """The way back to a client. What is sent to one that has left is lost: its connection is about to be cleared."""

    def __init__(self, call: Call) -> None:
        """Nothing has been sent."""
        self._call = call
        self._write: Callable[[Iterable[bytes]], bool] | None = call.scope.get(FRAME_WRITE)

    async def accept(self) -> None:
        """Opens the WebSocket. A browser that names subprotocols wants one of them back: any but the key."""
        names: list[str] = self._call.scope.get("subprotocols", [])
        plain = [name for name in names if not key_protocol(name)]
        chosen = next(iter(plain or names), None)
        self._call.started = True
        self._call.status = SWITCHING
        headers = [(b"x-request-id", self._call.request_id.encode())]
        await self._send({"type": "websocket.accept", "subprotocol": chosen, "headers": headers})

    def offer(self, texts: Iterable[bytes]) -> bool:
        """Writes frames at once, if the server can."""
        return self._write is not None and self._write(texts)

    async def tell(self, *texts: bytes) -> None:
        """Writes frames; awaiting it is the back-pressure."""
        if not self.offer(texts):
            for text in texts:
                await self._send({"type": "websocket.send", "text": text.decode()})

    async def close(self, code: int, reason: str) -> None:
        """Says good-bye."""
        await self._send({"type": "websocket.close", "code": code, "reason": reason})

    async def _send(self, message: dict[str, object]) -> None:
        with suppress(OSError):  # ASGI's sign for a client that has left
            await self._call.send(message)


class SocketStream:
    """A sink: every event becomes a frame of its own, under the name of its lane."""

    def __init__(self, socket: Socket, stream_id: str | None) -> None:
        """Nothing has been sent."""
        self._socket = socket
        self._stream_id = stream_id

    async def __call__(self, chunk: Chunk) -> None:
        """Writes a chunk."""
        await self._socket.tell(*(with_stream_id(event.data, self._stream_id) for event in chunk.events))

    def direct(self, data: bytes) -> bool:
        """Writes the events in these frames of a stream at once, if the server can."""
        events = [block.partition(b"\ndata: ")[2] for block in data.split(b"\n\n")[:-1]]
        return self._socket.offer([with_stream_id(event, self._stream_id) for event in events])
