"""What a connection leaves behind."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Generator
from typing import Any

import pytest
from typing_extensions import override
from uvicorn.config import Config
from uvicorn.server import ServerState

from antiphon.connection_settings import ConnectionSettings
from antiphon.http.call import Receive, Scope, Send
from antiphon.http.exchange import Exchange
from antiphon.http.parsing import Requests
from antiphon.http.transport import HttpProtocol, Protocols

REQUEST = b"POST /v1/responses HTTP/1.1\r\nHost: g\r\nContent-Length: 2\r\n\r\n{}"


class Wire(asyncio.Transport):
    """Keeps what is written, until it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    @override
    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        self.written += data

    @override
    def is_closing(self) -> bool:
        return self.closed

    @override
    def close(self) -> None:
        self.closed = True

    @override
    def pause_reading(self) -> None:
        """Nothing more comes."""

    @override
    def resume_reading(self) -> None:
        """Nothing more comes."""


async def application(_scope: Scope, receive: Receive, send: Send) -> None:
    message = await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": message["body"]})


@pytest.fixture
def _uncollected() -> Generator[None]:
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


@pytest.mark.usefixtures("_uncollected")
async def test_a_connection_that_has_ended_leaves_nothing_to_the_collector() -> None:
    config = Config(application, interface="asgi3", log_config=None, proxy_headers=False)
    config.load()
    state, wire = ServerState(), Wire()
    protocol = Protocols(ConnectionSettings())(config, state, {})
    protocol.connection_made(wire)
    protocol.data_received(REQUEST + REQUEST)
    while state.tasks:
        await asyncio.wait(set(state.tasks))
    assert wire.written.count(b"2\r\n{}\r\n") == 2
    protocol.connection_lost(None)
    del protocol
    left = [each for each in gc.get_objects() if isinstance(each, HttpProtocol | Requests | Exchange)]
    assert left == []
