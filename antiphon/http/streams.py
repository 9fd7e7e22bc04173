"""Chunks as Server-Sent Events to one client, and the comments that keep a silent stream alive."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final, Protocol

from antiphon.http.call import Call, DirectWriter, Header
from antiphon.metrics import STREAMS_OPEN
from antiphon.wire.assembly import events_of
from antiphon.wire.events import TERMINAL, Chunk, Event, render, text_delta

STREAM_HEADERS: Final[tuple[Header, ...]] = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
)
_DONE: Final = b"data: [DONE]\n\n"
_COMMENT: Final = b": keep-alive\n\n"


class Teller(Protocol):
    """Puts one streamed answer in the words of a client that speaks another dialect."""

    def frames(self, events: Iterable[Event]) -> bytes:
        """What is to be sent for these events. Raises UpstreamBroke for one that cannot be told."""
        ...

    def text(self, data: bytes) -> bytes:
        """As `frames`, for the data of one delta of text, which nearly all events are."""
        ...


def _tell_directly(writer: DirectWriter, teller: Teller, wire: bytes) -> bool:
    """Who tells remembers what was told: so it is asked only when the words can leave."""
    if not writer.takes():
        return False
    text = text_delta(wire)
    words = teller.frames(events_of(wire)) if text is None else teller.text(text)
    if words:
        writer.direct_write(words)
    return True


async def nowhere(_: Chunk) -> None:
    """The sink of an answer that is returned whole."""


class Heartbeat:
    """Sends a comment on every stream that has been silent for `silence_seconds`."""

    def __init__(self, silence_seconds: float, group: asyncio.TaskGroup) -> None:
        """`group` owns the sending tasks, and those that watch for clients that leave."""
        self.streams: set[EventStream] = set()
        self._silence = silence_seconds
        self.group = group

    async def run(self) -> None:
        """Looks at every open stream from time to time, until cancelled."""
        loop = asyncio.get_running_loop()
        with STREAMS_OPEN.counts(lambda: len(self.streams)):
            while True:
                await asyncio.sleep(min(1.0, self._silence / 2))
                for stream in tuple(self.streams):
                    if stream.silent_since(loop.time() - self._silence):
                        self.group.create_task(stream.comment())


class EventStream:
    """A sink that writes chunks to a client; the headers go out with the first of them."""

    __slots__ = (
        *("_call", "_done", "_headers", "_heartbeat", "_last", "_loop", "_send", "_sending", "_silence", "_teller"),
        *("_writer", "direct"),
    )

    def __init__(
        self,
        call: Call,
        heartbeat: Heartbeat,
        *,
        done_marker: bool,
        teller: Teller | None = None,
        silence: bytes = _COMMENT,
        headers: Sequence[Header] = STREAM_HEADERS,
    ) -> None:
        """`done_marker`: whether `[DONE]` follows the terminal event; `teller` puts events in a client's own words.

        `silence` is sent while there is nothing to tell; every client passes over it. `headers` are the answer's.
        """
        self._call = call
        self._send = call.send
        self._writer = writer = call.direct_writer
        self.direct: Callable[[bytes], bool] | None = None
        if writer is not None:
            self.direct = writer.direct_write if teller is None else partial(_tell_directly, writer, teller)
        self._teller = teller
        self._silence = silence
        self._headers = headers
        self._heartbeat = heartbeat
        self._loop = asyncio.get_running_loop()
        self._done = _DONE if done_marker else b""
        self._last = 0.0
        self._sending = False

    async def __call__(self, chunk: Chunk) -> None:
        """Writes a chunk; the one with the terminal event ends the answer."""
        if not self._call.started:
            await self.open()
        data = chunk.verbatim if self._teller is None else self._teller.frames(chunk.events)
        if data is None:
            data = render(chunk)
        if chunk.events[-1].type in TERMINAL:
            await self.finish(data)
            return
        self._last = self._loop.time()
        self._sending = True
        await self._send({"type": "http.response.body", "body": data, "more_body": True})
        self._sending = False

    async def open(self) -> None:
        """Sends the headers."""
        await self._call.start(200, self._headers)
        self._heartbeat.streams.add(self)

    async def finish(self, data: bytes = b"") -> None:
        """Writes the last bytes and ends the answer."""
        self._heartbeat.streams.discard(self)
        await self._write(data + self._done, more=False)

    def close(self) -> None:
        """Forgets the stream, however it ended."""
        self._heartbeat.streams.discard(self)

    def silent_since(self, moment: float) -> bool:
        """Whether nothing has been written since `moment` of the loop's clock, nor is being written."""
        writer = self._writer
        if writer is not None and writer.wrote:
            writer.wrote = False
            self._last = self._loop.time()
        return not self._sending and self._last < moment

    async def comment(self) -> None:
        """Writes what every client passes over."""
        if self in self._heartbeat.streams:
            await self._write(self._silence, more=True)

    async def _write(self, data: bytes, *, more: bool) -> None:
        self._last = self._loop.time()
        self._sending = True
        await self._send({"type": "http.response.body", "body": data, "more_body": more})
        self._sending = False
