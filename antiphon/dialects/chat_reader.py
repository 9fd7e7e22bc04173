"""A chat completions stream, read chunk by chunk and told as Responses events.

Law: the events are the same however the bytes were cut.
"""

from __future__ import annotations

from typing import Final

from antiphon.dialects.answering import given
from antiphon.dialects.chat_answer import ChatAnswer
from antiphon.dialects.chat_shapes import completion
from antiphon.dialects.chat_template import Template, template_of
from antiphon.dialects.failures import failure_of
from antiphon.errors import UpstreamBroke, UpstreamError
from antiphon.protocols import Sealer, Target, Turn
from antiphon.wire.events import Chunk, Outcome
from antiphon.wire.sse import Frame, FrameSplitter

_DONE: Final = b"[DONE]"
_LESSONS: Final = 3
"""How many templates are tried: the chunks of some providers differ in more than their text."""


class ChatReader:
    """Implements `protocols.Reader`."""

    __slots__ = ("_answer", "_fitting", "_frames", "_lessons", "_said", "_template", "failure", "outcome")

    def __init__(self, turn: Turn, target: Target, sealer: Sealer) -> None:
        """Reads one answer of `target` to `turn`."""
        self.outcome: Outcome | None = None
        self._answer = ChatAnswer(turn, target, sealer)
        self._frames = FrameSplitter()
        self.failure: UpstreamError | None = None
        self._said = False
        self._template: Template | None = None
        self._fitting: Template | None = None  # the same, while a chunk that fits it brings nothing but its text
        self._lessons = _LESSONS

    def feed(self, data: bytes) -> Chunk:
        """The events that `data` completes. A failure is raised once all events before it have been given."""
        if self.failure is not None:
            raise self.failure
        whole = not self._frames.waiting
        try:
            for frame in self._frames.feed(data):
                if self.outcome is not None:
                    break
                self._read(frame)
        except UpstreamError as error:
            self.failure = error
        if whole and self._lessons and self._answer.speaks:
            self._learn(data)
        over = self.failure is not None or self.outcome is not None
        self._fitting = None if over or self._frames.waiting or not self._answer.speaks else self._template
        return given(self._answer.writer, self.failure)

    def quick(self, data: bytes, number: int) -> bytes | None:
        """What stands for a chunk that differs from an earlier one in nothing but its text."""
        text = None if self._fitting is None else self._fitting.text(data)
        return self._answer.writer.said_on(text, number) if text else None

    def close(self) -> Chunk:
        """The last events. A stream that never said why it ended was cut."""
        if self.failure is not None:
            raise self.failure
        if self.outcome is None:
            self._read_last()
        if self.outcome is None:
            if not self._answer.ended:
                raise _cut()
            self.outcome = self._answer.finish()
        return given(self._answer.writer, self.failure)

    def _read_last(self) -> None:
        """A frame without its end. Behind the reason to end, one that was cut inside takes nothing from the answer."""
        try:
            for frame in self._frames.finish():
                self._read(frame)
        except UpstreamBroke:
            if not self._answer.ended:
                raise

    def _learn(self, data: bytes) -> None:
        template = template_of(data)
        if template is not None:
            self._template = template
            self._lessons -= 1

    def _read(self, frame: Frame) -> None:
        data = frame.data
        if data == _DONE:
            self._finish()
            return
        if frame.event == "error":
            raise failure_of(data)
        if not data:
            return
        said = completion(data)
        if said is not None:
            self._said = self._said or bool(said.choices)
            self._answer.take_in(said, data)

    def _finish(self) -> None:
        """The provider says that it is done. Some say so without having said why (recorded: Snowflake, OpenRouter).

        Then only an answer that is not visibly cut is believed.
        """
        if not self._answer.ended and (not self._said or self._answer.cut):
            raise _cut()
        self.outcome = self._answer.finish()


def _cut() -> UpstreamBroke:
    return UpstreamBroke("The provider ended the stream before the answer was complete.")
