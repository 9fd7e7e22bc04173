"""The way back to a client whose request is relayed: whatever the provider says, as it says it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from antiphon.errors import AntiphonError
from antiphon.gateway.relay import Relay, Relayed
from antiphon.http.call import Call, Header, header_text
from antiphon.http.streams import STREAM_HEADERS, Heartbeat
from antiphon.http.watch import ClientWatch
from antiphon.protocols import Target

_JSON: Final[Header] = (b"content-type", b"application/json")


async def relay_to(
    call: Call, relay: Relay, asked: Relayed, heartbeat: Heartbeat, broken: Callable[[AntiphonError], bytes]
) -> None:
    """Answers the call; `broken` is the last frame of a stream that broke. Raises AntiphonError before the first."""
    client = _RelayClient(call)
    with ClientWatch(call, heartbeat.group):
        try:
            await relay.pass_on(asked, client)
        except AntiphonError as error:
            if not call.started:
                raise
            await client.pass_on(broken(error))
        await client.close()


class _RelayClient:
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
