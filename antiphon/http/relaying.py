"""The way back to a client whose request is relayed: whatever the provider says, as it says it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from antiphon.errors import AntiphonError
from antiphon.gateway.errands import Errand
from antiphon.gateway.relay import Client, Relay, Relayed
from antiphon.http.call import Call
from antiphon.http.records import note_counts
from antiphon.http.streams import STREAM_HEADERS, Heartbeat
from antiphon.http.watch import ClientWatch
from antiphon.protocols import Target
from antiphon.wire.counts import Counts
from antiphon.wire.events import failure_by
from antiphon.wire.foreign_usage import UsageWatch


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
    errand = call.errand = Errand(model=asked.model, streamed=asked.streamed)
    taker = client or RelayClient(call)
    watched = _Watched(taker)
    with ClientWatch(call, heartbeat.group):
        try:
            await relay.pass_on(asked, watched, errand)
            await taker.close()
        except AntiphonError as error:
            if not call.started:
                raise
            call.failure = failure_by(error)
            await taker.broke(broken(error))
        finally:
            note_counts(call, errand, watched.counts)


class _Watched:
    """Implements `relay.Client` between a provider and `client`: sees what the answer cost as it passes."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._watch = UsageWatch(b"", encoded=False)

    @property
    def counts(self) -> Counts | None:
        """What the provider has told of."""
        return self._watch.counts

    async def answer(self, target: Target, body: bytes) -> None:
        watch = self._watch = UsageWatch(b"application/json", encoded=False)
        watch.feed(body)
        watch.close()
        await self._client.answer(target, body)

    async def open(self, target: Target) -> None:
        self._watch = UsageWatch(b"text/event-stream", encoded=False, model=target.model)
        await self._client.open(target)

    def take(self, data: bytes) -> bool:
        if not self._client.take(data):
            return False
        self._watch.feed(data)
        return True

    async def pass_on(self, data: bytes) -> None:
        self._watch.feed(data)
        await self._client.pass_on(data)


class RelayClient:
    """Implements `Ending` for the one who called."""

    def __init__(self, call: Call) -> None:
        """Nothing has been sent yet."""
        self._call = call
        self._writer = call.direct_writer
        self._streams = False

    async def answer(self, target: Target, body: bytes) -> None:
        await self._call.reply(200, body)

    async def open(self, target: Target) -> None:
        self._streams = True
        await self._call.start(200, STREAM_HEADERS)

    def take(self, data: bytes) -> bool:
        return self._writer is not None and self._writer.direct_write(data)

    async def pass_on(self, data: bytes) -> None:
        await self._call.send({"type": "http.response.body", "body": data, "more_body": True})

    async def close(self) -> None:
        if self._streams:
            await self._call.send({"type": "http.response.body", "body": b""})

    async def broke(self, last: bytes) -> None:
        await self.pass_on(last)
        await self.close()
