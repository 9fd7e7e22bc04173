"""uvicorn's HTTP protocol with one system call less per answer.

uvicorn writes the head of an answer and its body apart; ASGI sends them apart, but the body nearly always follows at
once. Here the head waits for it, at most until the event loop turns.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_HEAD: Final = b"HTTP/1.1 "


class HeadJoiningTransport(asyncio.Transport):
    """A transport whose writer may write a head and a body apart, and pay for one write."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        """`transport` is where everything really happens."""
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._head = b""

    @override
    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Holds a head, and sends it with whatever comes next."""
        if self._head:
            data, self._head = self._head + data, b""
        elif data[:9] == _HEAD:
            self._head = bytes(data)
            self._loop.call_soon(self._flush)
            return
        self._transport.write(data)

    def _flush(self) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head)

    @override
    def close(self) -> None:
        """Closes when everything is written."""
        self._flush()
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
    """uvicorn's protocol over a `HeadJoiningTransport`."""

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:
        """The client has connected."""
        super().connection_made(HeadJoiningTransport(transport, self.loop))
