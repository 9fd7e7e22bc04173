"""`background: true` and cancel: the HTTP of answers that outlive their connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Final

from antiphon.gateway.background import Background
from antiphon.http.call import Call, Header
from antiphon.http.queries import response_id
from antiphon.http.records import noting_failure
from antiphon.http.streams import EventStream, Heartbeat
from antiphon.http.watch import ClientWatch
from antiphon.protocols import Sink, StoredResponse, Turn
from antiphon.wire.visibility import shown

POLL: Final[tuple[Header, ...]] = (
    (b"content-type", b"application/json"),
    (b"openai-poll-after-ms", b"1000"),
)
"""Headers of an answer that is not over: the SDK of OpenAI reads when to ask again."""


class BackgroundEndpoints:
    """What the handlers of `/v1/responses` leave to this."""

    def __init__(
        self, background: Background, heartbeat: Heartbeat, group: asyncio.TaskGroup, *, done_marker: bool
    ) -> None:
        """`group` owns tasks that watch for clients that leave."""
        self._background = background
        self._heartbeat = heartbeat
        self._group = group
        self._done_marker = done_marker

    async def create(self, call: Call, turn: Turn) -> None:
        """Answers once the job is stored; a stream that is dropped changes nothing for the job."""
        body = await self._background.add(turn)
        if turn.request.stream:
            await self.follow(call, turn.id, -1)
        else:
            await call.reply(200, body, POLL)

    async def show(self, call: Call, stored: StoredResponse, include: Collection[str]) -> None:
        """An answer that was queued or in progress a moment ago."""
        body, is_running = await self._background.shown(call.tenant, stored)
        await call.reply(200, shown(body, include), POLL if is_running else POLL[:1])

    async def follow(
        self, call: Call, identifier: str, after: int, through: Callable[[Sink], Sink] | None = None
    ) -> None:
        """Its events, to the end."""
        stream = EventStream(call, self._heartbeat, done_marker=self._done_marker)
        try:
            with ClientWatch(call, self._group):
                await stream.open()
                sink = noting_failure(call, stream if through is None else through(stream))
                if not await self._background.follow(call.tenant, identifier, after, sink):
                    await stream.finish()
        finally:
            stream.close()

    async def cancel(self, call: Call) -> None:
        """`POST /v1/responses/{id}/cancel`, whatever its body is."""
        identifier = response_id(call)
        await call.reply(200, shown(await self._background.cancel(call.tenant, identifier), ()))
