"""One attempt: one request to one target, its answer read to the end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from antiphon.errors import UpstreamError
from antiphon.gateway.delivery import Delivery
from antiphon.protocols import Target, Turn, UpstreamReply
from antiphon.wire.events import Chunk, Outcome
from antiphon.wire.synthesis import synthesised

MAX_ANSWER_BYTES: Final = 256 * 1024 * 1024
MAX_REFUSAL_BYTES: Final = 1024 * 1024

Keep = Callable[[Outcome, Chunk | None], Awaitable[None]]
"""Stores the outcome; the chunk, where the answer is streamed, is the one that will bring the terminal event."""


class Attempt:
    """Asks `target` and passes on what it says. Raises UpstreamError at any point; `delivery` knows what has left."""

    __slots__ = ("_delivery", "_hold_seconds", "_keep", "_target", "_turn")

    def __init__(self, turn: Turn, target: Target, delivery: Delivery, keep: Keep, hold_seconds: float) -> None:
        """`hold_seconds` is how long an opening may wait for the first output."""
        self._turn = turn
        self._target = target
        self._delivery = delivery
        self._keep = keep
        self._hold_seconds = hold_seconds

    async def run(self) -> Outcome:
        """The outcome, stored and delivered."""
        turn, target = self._turn, self._target
        built = target.dialect.build(turn, target)
        turn.target = target
        turn.warnings = built.warnings
        turn.attempts += 1
        self._delivery.provider = target.provider
        reply = await target.post(built.body, streamed=turn.request.streamed)
        whole = False
        try:
            if not 200 <= reply.status < 300:  # noqa: PLR2004 - the range of HTTP's success
                raise await self._refused(reply)
            outcome = await (self._stream(reply) if is_event_stream(reply) else self._whole(reply))
            whole = True
            return outcome
        finally:
            reply.release(linger=whole)

    async def _refused(self, reply: UpstreamReply) -> UpstreamError:
        body = await reply.read(MAX_REFUSAL_BYTES)
        return self._target.dialect.refusal(reply.status, body, retry_after(reply))

    async def _stream(self, reply: UpstreamReply) -> Outcome:
        reader = self._target.dialect.reader(self._turn, self._target)
        delivery = self._delivery
        streamed = self._turn.request.streamed
        while True:
            data = await reply.chunk(self._hold_seconds if delivery.holding else None)
            if data is None:
                await delivery.release()
                continue
            chunk = reader.feed(data) if data else reader.close()
            if reader.outcome is not None:
                return await self._finish(reader.outcome, chunk if streamed else None)
            if streamed:
                await delivery.pass_on(chunk)
            if reader.failure is not None:
                raise reader.failure

    async def _whole(self, reply: UpstreamReply) -> Outcome:
        body = await reply.read(MAX_ANSWER_BYTES)
        outcome = self._target.dialect.whole(self._turn, self._target, body)
        if not self._turn.request.streamed:
            return await self._finish(outcome, None)
        return await self._finish(outcome, Chunk(tuple(synthesised(outcome.body))))

    async def _finish(self, outcome: Outcome, last: Chunk | None) -> Outcome:
        await self._keep(outcome, last)
        if last is not None:
            await self._delivery.end(last)
        return outcome


def is_event_stream(reply: UpstreamReply) -> bool:
    """Whether the body is Server-Sent Events."""
    return (reply.header(b"content-type") or b"").lstrip().lower().startswith(b"text/event-stream")


def retry_after(reply: UpstreamReply) -> float | None:
    """Seconds, from `retry-after-ms` or `retry-after`; a date, which no provider sends, is passed over."""
    for name, scale in ((b"retry-after-ms", 0.001), (b"retry-after", 1.0)):
        try:
            seconds = float(reply.header(name) or b"") * scale
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    return None
