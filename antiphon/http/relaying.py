"""The way back to a client whose request is relayed: whatever the provider says, as it says it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from antiphon.errors import AntiphonError
from antiphon.gateway.relay import Client
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


class Framing(Protocol):
    """Makes of a provider's stream what a client reads that is told streams in another way."""

    @property
    def headers(self) -> Sequence[Header]:
        """Those of the answer."""
        ...

    def feed(self, data: bytes) -> bytes:
        """What is to be sent for the next bytes of the stream."""
        ...

    def close(self) -> bytes:
        """What ends it."""
        ...


async def relay_to(
    call: Call,
    passing: Callable[[Client], Awaitable[None]],
    heartbeat: Heartbeat,
    broken: Callable[[AntiphonError], bytes],
    framing: Framing | None = None,
    through: Callable[[Ending], Ending] | None = None,
) -> None:
    """Answers the call by `passing`; `broken` is the last frame of a stream that broke.

    Raises AntiphonError before the first. `through` puts somebody between the provider and the client.
    """
    reader = _RelayClient(call, framing)
    client = reader if through is None else through(reader)
    with ClientWatch(call, heartbeat.group):
        try:
            await passing(client)
            await client.close()
        except AntiphonError as error:
            if not call.started:
                raise
            await reader.send(broken(error))
            await reader.close()


class _RelayClient:
    """Implements `Ending` for the one who called."""

    def __init__(self, call: Call, framing: Framing | None) -> None:
        self._call = call
        self._framing = framing
        self._streams = False

    async def answer(self, target: Target, body: bytes) -> None:
        await self._call.reply(200, body, [_JSON, _answered_by(target)])

    async def open(self, target: Target) -> None:
        self._streams = True
        headers = STREAM_HEADERS if self._framing is None else self._framing.headers
        await self._call.start(200, [*headers, _answered_by(target)])

    async def pass_on(self, data: bytes) -> None:
        await self.send(data if self._framing is None else self._framing.feed(data))

    async def send(self, data: bytes) -> None:
        """Bytes as the client reads them."""
        await self._call.send({"type": "http.response.body", "body": data, "more_body": True})

    async def close(self) -> None:
        if self._streams:
            end = b"" if self._framing is None else self._framing.close()
            await self._call.send({"type": "http.response.body", "body": end})


def _answered_by(target: Target) -> Header:
    return b"antiphon-target", header_text(target.name)
