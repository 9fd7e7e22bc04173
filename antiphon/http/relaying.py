"""The way back to a client whose request is relayed: whatever the provider says, as it says it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from antiphon.errors import AntiphonError
from antiphon.gateway.relay import Client, Relay, Relayed
from antiphon.http.call import Call, Header, header_text
from antiphon.http.streams import STREAM_HEADERS, Heartbeat
from antiphon.http.watch import ClientWatch
from antiphon.protocols import Target

_JSON: Final[Header] = (b"content-type", b"application/json")


class Ending(Client, Protocol):
    """A client that is told when everything has been said."""

    async def close(self) -> None:
        """Ends the answer."""
        ...

    async def broke(self, last: bytes) -> None:
        """Ends the stream of an answer that will not be whole with this frame."""
        ...


async def relay_to(
    call: Call,
    relay: Relay,
    asked: Relayed,
    heartbeat: Heartbeat,
    broken: Callable[[AntiphonError], bytes],
    client: Ending | None = None,
) -> None:
    """Answers the call; `broken` is the last frame of a stream that broke. Raises AntiphonError before the first.

    `client` is who takes the answer, where that is not simply who called.
    """
    taker = client or RelayClient(call)
    with ClientWatch(call, heartbeat.group):
        try:
            await relay.pass_on(asked, taker)
            await taker.close()
        except AntiphonError as error:
            if not call.started:
                raise
            await taker.broke(broken(error))


class RelayClient:
    """Implements `Ending` for the one who called."""

    def __init__(self, call: Call) -> None:
        """Nothing has been sent yet."""
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

    async def broke(self, last: bytes) -> None:
        await self.pass_on(last)
        await self.close()


def _answered_by(target: Target) -> Header:
    return b"antiphon-target", header_text(target.name)
