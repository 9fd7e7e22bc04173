"""Bedrock's InvokeModel streams: the vendor's own events, each in base64 inside a frame of Amazon's.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ResponseStream.html (read 2026-11). What the events
mean is the vendor's dialect to say.

Law: the events are the same however the bytes were cut.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from antiphon.dialects.converse_refusals import frame_refusal
from antiphon.dialects.converse_shapes import decoder, read
from antiphon.errors import UpstreamBroke, UpstreamError
from antiphon.protocols import Built, Reader, resumption_of
from antiphon.wire.aws_frames import Message, MessageSplitter
from antiphon.wire.events import EMPTY, Chunk, Event, Outcome

Wrap = Callable[[bytes], bytes]
"""Makes of an event's JSON what the vendor's reader is fed with."""


class _Chunk(Struct, frozen=True, gc=False):
    bytes: str


_chunk: Final = decoder(_Chunk)
_FAILURES: Final = ("exception", "error")


def as_event(data: bytes) -> bytes:
    """An event's JSON as a Server-Sent Event, for readers of the vendor's own streams."""
    return b"data: %b\n\n" % data


class InvokeReader:
    """Implements `protocols.Reader` around the reader of a vendor's own events."""

    __slots__ = ("_messages", "_reader", "_wrap", "failure", "outcome")

    def __init__(self, reader: Reader, wrap: Wrap = as_event) -> None:
        """`reader` has read nothing yet; it is fed with what `wrap` makes of each event."""
        self.outcome: Outcome | None = None
        self.failure: UpstreamError | None = None
        self._reader = reader
        self._wrap = wrap
        self._messages = MessageSplitter()

    @property
    def resumption(self) -> Built | None:
        """What to ask for the answer to go on, where the model has paused it."""
        return resumption_of(self._reader)

    def feed(self, data: bytes) -> Chunk:
        """The events that `data` completes. A failure is raised once all events before it have been given."""
        if self.failure is not None:
            raise self.failure
        events: list[Event] = []
        try:
            for message in self._messages.feed(data):
                events += self._read(message).events
                self.outcome = self._reader.outcome
                if self.outcome is not None:
                    break
                if self._reader.failure is not None:
                    raise self._reader.failure
        except UpstreamError as error:
            self.failure = error
        if self.failure is not None and not events:
            raise self.failure
        return Chunk(tuple(events)) if events else EMPTY

    def quick(self, data: bytes, number: int) -> bytes | None:
        """What stands for one frame whose event the vendor's reader has a quick answer to."""
        message = self._messages.only(data)
        if self.failure is not None or message is None or message.headers.get(":event-type") != "chunk":
            return None
        try:
            return self._reader.quick(self._wrap(_event_of(message)), number)
        except UpstreamBroke:
            return None

    def close(self) -> Chunk:
        if self.failure is not None:
            raise self.failure
        chunk = self._reader.close()
        self.outcome = self._reader.outcome
        return chunk

    def _read(self, message: Message) -> Chunk:
        event = event_in(message)
        return EMPTY if event is None else self._reader.feed(self._wrap(event))


def event_in(message: Message) -> bytes | None:
    """The JSON of the vendor's event in a frame, None for a frame of another kind. Raises UpstreamError."""
    if message.headers.get(":message-type") in _FAILURES:
        raise frame_refusal(message)
    return _event_of(message) if message.headers.get(":event-type") == "chunk" else None


def _event_of(message: Message) -> bytes:
    """Raises UpstreamBroke for a frame that holds no event."""
    try:
        return base64.b64decode(read(_chunk, message.payload).bytes, validate=True)
    except (binascii.Error, ValueError):
        raise UpstreamBroke("The provider sent a frame without an event.") from None
