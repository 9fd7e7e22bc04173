"""A connection of our own server without sockets: what comes over it is fed, what goes over it is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from typing_extensions import override
from uvicorn.config import Config
from uvicorn.server import ServerState

from antiphon.connection_settings import ConnectionSettings
from antiphon.http.serving import App
from antiphon.http.transport import HttpProtocol, Protocols

_QUIET_TURNS = 8


class Wire(asyncio.Transport):
    """Keeps what is written, until it is closed. `unsent` is how much of it the client has no room for."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.unsent = 0
        self.closed = False
        self.aborted = False
        self.ended = False
        self.reads = True

    @override
    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        if self.ended:
            message = "Cannot call write() after write_eof()"
            raise RuntimeError(message)
        self.written += data

    @override
    def is_closing(self) -> bool:
        return self.closed

    @override
    def close(self) -> None:
        self.closed = True

    @override
    def abort(self) -> None:
        self.closed = self.aborted = True

    @override
    def can_write_eof(self) -> bool:
        return True

    @override
    def write_eof(self) -> None:
        self.ended = True

    @override
    def get_write_buffer_size(self) -> int:
        return self.unsent

    @override
    def pause_reading(self) -> None:
        self.reads = False

    @override
    def resume_reading(self) -> None:
        self.reads = True


class Link:
    """A client's connection to an application."""

    def __init__(self, app: App) -> None:
        config = Config(app, interface="asgi3", log_config=None, proxy_headers=False)
        config.load()
        self.state = ServerState()
        self.wire = Wire()
        self.protocol: HttpProtocol = Protocols(ConnectionSettings(at_once=10))(config, self.state, {})
        self.protocol.connection_made(self.wire)

    @property
    def is_open(self) -> bool:
        return not (self.wire.closed or self.wire.ended)

    async def settle(self) -> None:
        """Until everything is answered that can be, and written: nothing has happened for some turns of the loop."""
        before, quiet = (0, 0, False), 0
        while quiet < _QUIET_TURNS:
            await asyncio.sleep(0)
            now = len(self.wire.written), len(self.state.tasks), self.wire.reads
            before, quiet = now, quiet + 1 if now == before else 0

    async def send(self, *pieces: bytes) -> None:
        """Sends pieces, each when the server reads."""
        for piece in pieces:
            if not self.wire.reads:
                await self.settle()
                assert self.wire.reads, "nothing more is read"
            if not self.wire.closed:
                self.protocol.data_received(piece)

    async def answered(self, *pieces: bytes) -> bytes:
        """What is written because of these pieces."""
        before = len(self.wire.written)
        await self.send(*pieces)
        await self.settle()
        return self.wire.written[before:]

    def leave(self) -> None:
        """The client is gone."""
        self.protocol.connection_lost(None)


def in_pieces(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    """The data, cut at these places."""
    places = [0, *sorted({cut for cut in cuts if 0 < cut < len(data)}), len(data)]
    return [data[start:end] for start, end in pairwise(places)]
