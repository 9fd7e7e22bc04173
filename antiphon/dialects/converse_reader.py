"""A Converse stream, read frame by frame and told as Responses events.

Law: the events are the same however the bytes were cut.
"""

from __future__ import annotations

from typing import Final

from antiphon.dialects.answering import given
from antiphon.dialects.converse_answer import ConverseAnswer
from antiphon.dialects.converse_refusals import frame_refusal
from antiphon.dialects.converse_shapes import BlockDelta, BlockStart, BlockStop, Metadata, Stop, decoder, read
from antiphon.errors import UpstreamBroke, UpstreamError
from antiphon.protocols import Sealer, Target, Turn
from antiphon.wire.aws_frames import Message, MessageSplitter
from antiphon.wire.events import Chunk, Outcome

_start: Final = decoder(BlockStart)
_delta: Final = decoder(BlockDelta)
_stop: Final = decoder(BlockStop)
_end: Final = decoder(Stop)
_metadata: Final = decoder(Metadata)

_FAILURES: Final = ("exception", "error")


class ConverseReader:
    """Implements `protocols.Reader`."""

    __slots__ = ("_answer", "_messages", "failure", "outcome")

    def __init__(self, turn: Turn, target: Target, sealer: Sealer) -> None:
        """Reads one answer of `target` to `turn`."""
        self.outcome: Outcome | None = None
        self.failure: UpstreamError | None = None
        self._answer = ConverseAnswer(turn, target, sealer)
        self._messages = MessageSplitter()

    def feed(self, data: bytes) -> Chunk:
        """The events that `data` completes. A failure is raised once all events before it have been given."""
        if self.failure is not None:
            raise self.failure
        try:
            for message in self._messages.feed(data):
                self._read(message)
                if self.outcome is not None:
                    break
        except UpstreamError as error:
            self.failure = error
        return given(self._answer.writer, self.failure)

    def quick(self, data: bytes, number: int) -> bytes | None:
        """What stands for one frame that brings nothing but more text."""
        if self.failure is not None or self.outcome is not None:
            return None
        message = self._messages.only(data)
        if message is None or message.headers.get(":event-type") != "contentBlockDelta":
            return None
        try:
            text = read(_delta, message.payload).delta.text
        except UpstreamBroke:
            return None
        return self._answer.said_on(text, number) if text else None

    def close(self) -> Chunk:
        """The last events. A stream that never said why it ended was cut."""
        if self.failure is not None:
            raise self.failure
        if self.outcome is None:
            if not self._answer.ended:
                raise UpstreamBroke("The provider ended the stream before the answer was complete.")
            self.outcome = self._answer.finish()
        return given(self._answer.writer, self.failure)

    def _read(self, message: Message) -> None:
        answer, payload = self._answer, message.payload
        if message.headers.get(":message-type") in _FAILURES:
            raise frame_refusal(message)
        match message.headers.get(":event-type"):
            case "contentBlockDelta":
                answer.delta(read(_delta, payload))
            case "contentBlockStart":
                answer.start(read(_start, payload))
            case "contentBlockStop":
                answer.stop(read(_stop, payload).content_block_index)
            case "messageStart":
                answer.writer.open()
            case "messageStop":
                answer.end(read(_end, payload))
            case "metadata":
                answer.note(read(_metadata, payload))
            case _:
                return
        if answer.ended and answer.noted:
            self.outcome = answer.finish()
