"""One attempt: one request to one target, its answer read to the end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from antiphon.errors import UpstreamBroke, UpstreamError
from antiphon.gateway.conformity import fault_of
from antiphon.gateway.delivery import Delivery
from antiphon.protocols import Built, Reader, Target, Turn, UpstreamReply, resumption_of
from antiphon.wire.assembly import events_of
from antiphon.wire.counts import counts_of, together
from antiphon.wire.events import EMPTY, Chunk, Outcome, render
from antiphon.wire.faults import UNDECODABLE
from antiphon.wire.synthesis import synthesised
from antiphon.wire.texts import mended
from antiphon.wire.visibility import streamed_outcome

MAX_ANSWER_BYTES: Final = 256 * 1024 * 1024
MAX_REFUSAL_BYTES: Final = 1024 * 1024

_MAX_PAUSES: Final = 16
"""So often an answer may be interrupted by its provider; each time means that tools have worked for a while."""

_STREAMS: Final = (b"text/event-stream", b"application/vnd.amazon.eventstream", b"application/x-ndjson")
"""What streams are made of: Server-Sent Events, Amazon's binary frames, JSON by the line."""

_REQUEST_IDS: Final = (
    b"x-request-id",
    b"request-id",
    b"x-amzn-requestid",
    b"apim-request-id",
    b"x-ms-request-id",
    b"x-debug-trace-id",
)
"""What providers call a request by, the commonest first; after it Anthropic, Amazon, Azure (two of them) and Cohere."""

_MAX_REQUEST_ID: Final = 256

Keep = Callable[[Outcome, Chunk | None], Awaitable[None]]
"""Stores the outcome; the chunk, where the answer is streamed, is the one that will bring the terminal event."""


class Attempt:
    """Asks `target` and passes on what it says. Raises UpstreamError at any point; `delivery` knows what has left."""

    __slots__ = ("_built", "_delivery", "_hold_seconds", "_keep", "_spare", "_target", "_turn")

    def __init__(self, turn: Turn, target: Target, delivery: Delivery, keep: Keep, hold_seconds: float) -> None:
        """`hold_seconds` is how long an opening may wait for the first output."""
        self._turn = turn
        self._target = target
        self._delivery = delivery
        self._keep = keep
        self._hold_seconds = hold_seconds
        self._built = Built(b"")
        self._spare: tuple[Outcome, str] | None = None

    async def run(self) -> Outcome:
        """The outcome, stored and delivered."""
        try:
            return await self._asked()
        except UpstreamError:
            if self._spare is None:
                raise
        outcome, fault = self._spare
        self._warn(fault)
        await self._keep(outcome, None)
        return outcome

    async def _asked(self) -> Outcome:
        turn, target = self._turn, self._target
        built = self._built = target.dialect.build(turn, target)
        turn.target = target
        turn.warnings, turn.transformations = turn.notes + built.warnings, built.transformations
        turn.attempts += 1
        self._delivery.provider = target.provider
        seconds = None if turn.begun is None else turn.begun.seconds
        reader: Reader | None = None
        for _ in range(_MAX_PAUSES):
            streamed = bool(turn.request.stream) if built.streamed is None else built.streamed
            turn.upstream_request_id = None
            reply = await target.post(built.body, streamed=streamed, seconds=seconds, headers=built.headers)
            turn.upstream_request_id = request_id(reply)
            whole = False
            try:
                if not 200 <= reply.status < 300:  # noqa: PLR2004 - the range of HTTP's success
                    raise await self._refused(reply)
                if not is_event_stream(reply):
                    outcome = await self._whole(reply, goes_on=reader is not None)
                else:
                    reader = reader or target.dialect.reader(turn, target)
                    outcome = await self._stream(reply, reader)
                whole = True
            finally:
                reply.release(linger=whole)
            if isinstance(outcome, Outcome):
                return outcome
            if outcome is self._built:
                reader = None
            built = outcome
        raise UpstreamBroke(f"{target.provider} interrupted its answer {_MAX_PAUSES} times.")

    async def _refused(self, reply: UpstreamReply) -> UpstreamError:
        body = await reply.read(MAX_REFUSAL_BYTES)
        return self._target.dialect.refusal(reply.status, body, retry_after(reply))

    async def _stream(self, reply: UpstreamReply, reader: Reader) -> Outcome | Built:
        """The outcome, or what to ask for the provider to go on."""
        flow = _Flow(reader, self._delivery)
        streamed = self._turn.request.stream
        while True:
            chunk = await self._next(reply, reader, flow)
            if reader.outcome is not None:
                return await self._finish(reader.outcome, chunk if streamed else None)
            if streamed:
                await self._delivery.pass_on(chunk)
            if reader.failure is not None:
                raise reader.failure
            if flow.over and (resumption := resumption_of(reader)) is not None:
                return resumption
            del chunk  # while more is waited for, which may be long, nothing need hold what has been said

    async def _next(self, reply: UpstreamReply, reader: Reader, flow: _Flow) -> Chunk:
        """The next chunk that takes more than being handed over: most are, once output has begun, without a task."""
        delivery = self._delivery
        if delivery.output:
            await reply.pump(flow.take)
            chunk = flow.left()
            if chunk is not None:
                return chunk
        data = await reply.chunk(self._hold_seconds if delivery.holding else None)
        if data is None:
            await delivery.release()
            return EMPTY
        flow.over = not data
        return reader.feed(data) if data else reader.close()

    async def _whole(self, reply: UpstreamReply, *, goes_on: bool) -> Outcome | Built:
        if goes_on:
            raise UpstreamBroke(f"{self._target.provider} went on with its stream in what is none.")
        body = mended(await reply.read(MAX_ANSWER_BYTES))
        outcome = self._target.dialect.whole(self._turn, self._target, body)
        if not self._turn.request.stream:
            return await self._finish(outcome, None)
        try:
            events = synthesised(streamed_outcome(outcome, self._turn.request))
        except UNDECODABLE:
            raise UpstreamBroke(f"{self._target.provider} answered with numbers that nobody can read.") from None
        return await self._finish(outcome, Chunk(tuple(events)))

    async def _finish(self, outcome: Outcome, last: Chunk | None) -> Outcome | Built:
        """The outcome, kept and delivered, or what to ask once more where it is not what its schema says."""
        fault = self._fault(outcome) if last is None else None
        if fault is not None and self._spare is None:
            self._spare = outcome, fault
            self._turn.attempts += 1
            return self._built
        if self._spare is not None:
            outcome = _paid_for(outcome, self._spare[0])
        if fault is not None:
            self._warn(fault)
        await self._keep(outcome, last)
        if last is not None:
            await self._delivery.end(last)
        return outcome

    def _fault(self, outcome: Outcome) -> str | None:
        schema = self._built.schema
        return None if schema is None else fault_of(outcome.body, schema)

    def _warn(self, fault: str) -> None:
        """Tells of an answer that is delivered although it is not what its schema says."""
        self._turn.warnings += (f"The answer does not conform to the JSON schema: {fault}.",)


class _Flow:
    """Hands a stream over read by read, until something has to be waited for, or has gone wrong."""

    __slots__ = ("_delivery", "_error", "_left", "_reader", "over")

    def __init__(self, reader: Reader, delivery: Delivery) -> None:
        self.over = False
        self._reader = reader
        self._delivery = delivery
        self._left: Chunk | None = None
        self._error: Exception | None = None

    def take(self, data: bytes) -> bool:
        """Whether all is as before. Never raises: it is called where nobody could catch it."""
        reader = self._reader
        try:
            frame = reader.quick(data, self._delivery.next_number)
            if frame is not None:
                if self._delivery.offer(frame, 1):
                    return True
                chunk = Chunk(tuple(events_of(frame)), frame)
            else:
                chunk = reader.feed(data)
                if not chunk.events and reader.outcome is None and reader.failure is None:
                    return True
                if reader.outcome is None and reader.failure is None and self._offer(chunk):
                    return True
            self._left = chunk
        except Exception as error:  # noqa: BLE001 - raised again by `left`, where the answer is waited for
            self._error = error
        return False

    def _offer(self, chunk: Chunk) -> bool:
        delivery = self._delivery
        if chunk.events[0].number != delivery.next_number or not delivery.offer(render(chunk), len(chunk.events)):
            return False
        if chunk.verbatim is None:
            delivery.rendered += 1
        return True

    def left(self) -> Chunk | None:
        """What could not be handed over. Raises what went wrong."""
        chunk, self._left = self._left, None
        if self._error is not None:
            raise self._error
        return chunk


def _paid_for(outcome: Outcome, spare: Outcome) -> Outcome:
    """The outcome, counted together with the answer before it, which its provider will want money for as well."""
    first, second = (each.counts or counts_of(each.body) for each in (spare, outcome))
    if first is None or second is None:
        return outcome
    return msgspec.structs.replace(outcome, counts=together(first, second))


def is_event_stream(reply: UpstreamReply) -> bool:
    """Whether the body is a stream that a dialect's reader reads."""
    return (reply.header(b"content-type") or b"").lstrip().lower().startswith(_STREAMS)


def request_id(reply: UpstreamReply) -> str | None:
    """What the provider calls the request, as far as it says so in a header."""
    value = reply.header(*_REQUEST_IDS)
    return None if value is None else value[:_MAX_REQUEST_ID].decode("ascii", "replace")


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
