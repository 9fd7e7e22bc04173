"""What the client has seen of one answer, and how the answer ends when its provider does not end it.

Law: what is kept of a stream is what was sent of it, byte for byte.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Final

import msgspec

from antiphon.errors import AntiphonError, UpstreamBroke, UpstreamError
from antiphon.metrics import CHUNKS
from antiphon.protocols import Begun, Sink, Turn, direct_of
from antiphon.wire.assembly import Assembly, events_of
from antiphon.wire.events import LIFECYCLE, Chunk, Event, Outcome, failure_by, render, renumbered
from antiphon.wire.foreign_usage import counts_beside
from antiphon.wire.lifecycle import count_of
from antiphon.wire.responses import ResponseError, encoded, opened
from antiphon.wire.synthesis import error_event
from antiphon.wire.usage import NO_USAGE

MAX_STREAM_BYTES: Final = 64 * 1024 * 1024
"""A stream is kept until it ends, since its ending repeats it; so what it may take of the memory has a limit."""

FOLD_BYTES: Final = 1024 * 1024
"""Of a stream that nobody can replay, no more than this is kept beside its text."""

_VERBATIM: Final = CHUNKS.cell(("verbatim",))
_RENDERED: Final = CHUNKS.cell(("rendered",))
_CODES: Final = frozenset({"server_error", "rate_limit_exceeded", "invalid_prompt", "insufficient_quota"})
"""Codes that may stand in `response.error` (spec section 1.3)."""


class Delivery:
    """Passes an answer's chunks on, holding back its opening until there is output.

    As long as nothing but the opening is known, another target can still take over and a failure can still be an HTTP
    error: so the opening waits for the first output, or until `release` is called because the wait grew long.
    """

    __slots__ = (
        "_direct",
        "_folded",
        "_held",
        "_limit",
        "_sink",
        "_size",
        "_turn",
        "_waiting",
        "ended",
        "frames",
        "next_number",
        "output",
        "provider",
        "rendered",
    )

    def __init__(self, turn: Turn, sink: Sink) -> None:
        """Nothing has been sent yet."""
        self._turn = turn
        self._sink = sink
        self._direct = direct_of(sink) if turn.request.stream else None
        self._held: list[Chunk] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._size = 0
        self._folded: Assembly | None = None
        self._limit = MAX_STREAM_BYTES if turn.request.stored else FOLD_BYTES
        self.frames: list[bytes] = []
        self.next_number = 0
        self.provider = ""
        self.rendered = 0
        self.output = False
        self.ended = False
        if turn.begun is not None:
            self._go_on_from(turn.begun)

    @property
    def opened(self) -> bool:
        """Whether anything has left: from then on a failure is told as an event."""
        return self.next_number > 0

    @property
    def holding(self) -> bool:
        """Whether an opening waits to be sent."""
        return bool(self._held)

    def forget(self) -> None:
        """Drops what was held: another target starts afresh."""
        self._held.clear()

    async def pass_on(self, chunk: Chunk) -> None:
        """Sends a chunk, or holds it while the answer has only opened."""
        if not self.output:
            if all(event.type in LIFECYCLE for event in chunk.events):
                if chunk.events:
                    self._held.append(chunk)
                return
            self._begin_output()
            await self.release()
        if chunk.events:
            await self._send(chunk)

    def offer(self, wire: bytes, events: int) -> bool:
        """Sends so many events of output, next in number, at once if nothing stands in the way."""
        direct = self._direct
        if direct is None or self._size > self._limit or not direct(wire):
            return False
        self.next_number += events
        self.frames.append(wire)
        self._size += len(wire)
        if self._waiting:
            self._wake()
        return True

    async def release(self) -> None:
        """Sends what is held."""
        while self._held:
            await self._send(self._held.pop(0))

    async def end(self, chunk: Chunk) -> None:
        """Sends the chunk that brings the terminal event."""
        if not self.output:
            self._begin_output()
        await self.release()
        self.ended = True
        await self._send(chunk)

    def abandon(self) -> None:
        """Tells those who follow that nothing more will come."""
        self.ended = True
        self._wake()

    def count(self) -> None:
        """Counts the pieces that have left since the last time, by kind; `rendered` of them were not the provider's."""
        if not self.frames:
            return
        _VERBATIM[0] += len(self.frames) - self.rendered
        _RENDERED[0] += self.rendered
        self.rendered = 0

    def record(self, last: Chunk) -> list[bytes]:
        """The whole stream as it will have been sent once `last` is."""
        numbered = [*self._held, last]
        frames = list(self.frames)
        number = self.next_number
        for chunk in numbered:
            chunk, number = _continued(chunk, number)  # noqa: PLW2901 - the chunk as it will be sent
            frames.append(render(chunk))
        return frames

    async def changed(self) -> None:
        """Returns after more has been sent, or at the end."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        await waiter

    async def _send(self, chunk: Chunk) -> None:
        if chunk.events[0].number == self.next_number:
            self.next_number += len(chunk.events)
        else:
            chunk, self.next_number = _continued(chunk, self.next_number)
            if not chunk.events:
                return
        wire = chunk.verbatim
        if wire is None:
            wire = render(chunk)
            self.rendered += 1
            chunk = Chunk(chunk.events, wire)
        self._note(wire)
        if self._size > self._limit and not self.ended:
            self._make_room()
        await self._sink(chunk)

    def _begin_output(self) -> None:
        self.output = True
        self._turn.output_at = perf_counter()

    def _go_on_from(self, begun: Begun) -> None:
        """What was told already counts as sent; nothing of it was output that a provider could contradict."""
        self.provider = begun.provider
        for frames in begun.told:
            self._note(frames)
            self.rendered += 1
            self.next_number += count_of(frames)

    def _note(self, wire: bytes) -> None:
        self.frames.append(wire)
        self._size += len(wire)
        if self._waiting:
            self._wake()

    def _make_room(self) -> None:
        """Folds a long answer that nobody will replay into its text. Raises UpstreamBroke when it grows too long."""
        if self._size > MAX_STREAM_BYTES:
            raise UpstreamBroke(f"The answer is longer than the {MAX_STREAM_BYTES} bytes that are passed on.")
        if self._folded is None:
            self._folded = Assembly()
        for event in events_of(b"".join(self.frames)):
            self._folded.follow(event)
        self.count()
        self.frames.clear()
        self._limit += FOLD_BYTES

    def _wake(self) -> None:
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)
        self._waiting.clear()

    def failure(self, error: AntiphonError) -> tuple[Chunk, Outcome]:
        """The end of an answer that has begun and cannot go on: open items closed, `error`, `response.failed`."""
        turn = self._turn
        assembly = self._folded or Assembly()
        for event in events_of(b"".join([*self.frames, *map(render, self._held)])):
            assembly.follow(event)
        number = self.next_number + sum(len(chunk.events) for chunk in self._held)
        events = assembly.close(number)
        code = error.code if error.code in _CODES else "server_error"
        events.append(error_event(number + len(events), {"type": error.type, "code": code, "message": error.message}))
        opening = opened(
            turn.request,
            id=turn.id,
            created_at=turn.created_at,
            provider=self.provider,
            conversation=turn.conversation,
            transformations=turn.transformations,
        )
        response = msgspec.structs.replace(
            opening,
            status="failed",
            error=ResponseError(code, error.message, error.type),
            output=assembly.output,
            service_tier=turn.request.service_tier or "default",
            usage=NO_USAGE,
        )
        body = encoded(response)
        number += len(events)
        data = b'{"type":"response.failed","sequence_number":%d,"response":%b}' % (number, body)
        events.append(Event("response.failed", number, data))
        counts = counts_beside(error.told) if isinstance(error, UpstreamError) else None
        return Chunk(tuple(events)), Outcome("failed", body, counts=counts, failure=failure_by(error))


def _continued(chunk: Chunk, number: int) -> tuple[Chunk, int]:
    """The chunk as the stream goes on from `number`: an opening is told once, numbers have no gaps."""
    if chunk.events[0].number == number:
        return chunk, number + len(chunk.events)
    events = [event for event in chunk.events if number == 0 or event.type not in LIFECYCLE]
    events = [renumbered(event, number + place) for place, event in enumerate(events)]
    return Chunk(tuple(events)), number + len(events)
