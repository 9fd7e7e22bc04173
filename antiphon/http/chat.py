"""`POST /v1/chat/completions` for providers that speak it: relayed byte for byte."""

from __future__ import annotations

import asyncio
from typing import Final

from antiphon.errors import AntiphonError
from antiphon.gateway.relay import Relay
from antiphon.http.call import Call, Header, header_text
from antiphon.http.errors import envelope
from antiphon.http.streams import STREAM_HEADERS
from antiphon.http.watch import ClientWatch
from antiphon.protocols import Target

_JSON: Final[Header] = (b"content-type", b"application/json")


class ChatEndpoint:
    """The handler."""

    def __init__(self, relay: Relay, group: asyncio.TaskGroup, max_body_bytes: int) -> None:
        """`group` owns tasks that watch for clients that leave."""
        self._relay = relay
        self._group = group
        self._max_body_bytes = max_body_bytes

    async def create(self, call: Call) -> None:
        """Relays one request."""
        body = await call.body(self._max_body_bytes)
        client = _ChatClient(call)
        with ClientWatch(call, self._group):
            try:
                await self._relay.chat(body, client)
            except AntiphonError as error:
                if not call.started:
                    raise
                await client.pass_on(b"data: %b\n\n" % envelope(error))
            await client.close()


class _ChatClient:
    """Implements `relay.Client`."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._streams = False

    async def answer(self, target: Target, body: bytes) -> None:
        await self._call.reply(200, body, [_JSON, _answered_by(target)])

    async def open(self, target: Target) -> None:
        self._streams = True
        await self._call.start(200, [*STREAM_HEADERS, _answered_by(target)])

    async def pass_on(self, data: bytes) -> None:
        await self._call.send({"type": "http.response.body", "body": data, "more_body": True})

    async def close(self) -> None:
        if self._streams:
            await self._call.send({"type": "http.response.body", "body": b""})


def _answered_by(target: Target) -> Header:
    return b"antiphon-target", header_text(target.name)
