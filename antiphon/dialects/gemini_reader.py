"""A stream of Google's, read chunk by chunk and told as Responses events.

Law: the events are the same however the bytes were cut.
"""

from __future__ import annotations

from typing import Final

from antiphon.dialects.answering import given
from antiphon.dialects.gemini_answer import GeminiAnswer
from antiphon.dialects.gemini_refusals import told_inside
from antiphon.dialects.gemini_shapes import NULL, Candidate, Generated, generated
from antiphon.errors import UpstreamBroke, UpstreamError
from antiphon.protocols import Sealer, Target, Turn
from antiphon.wire.events import Chunk, Outcome
from antiphon.wire.sse import Frame, FrameSplitter

_DATA: Final = b"data: "


class GeminiReader:
    """Implements `protocols.Reader`. Nothing but the end of the body tells that an answer is at its end."""

    __slots__ = ("_answer", "_frames", "failure", "outcome")

    def __init__(self, turn: Turn, target: Target, sealer: Sealer) -> None:
        """Reads one answer of `target` to `turn`."""
        self.outcome: Outcome | None = None
        self.failure: UpstreamError | None = None
        self._answer = GeminiAnswer(turn, target, sealer)
        self._frames = FrameSplitter()

    def feed(self, data: bytes) -> Chunk:
        """The events that `data` completes. A failure is raised once all events before it have been given."""
        if self.failure is not None:
            raise self.failure
        try:
            for frame in self._frames.feed(data):
                self._read(frame)
        except UpstreamError as error:
            self.failure = error
        return given(self._answer.writer, self.failure)

    def quick(self, data: bytes, number: int) -> bytes | None:
        """What stands for one chunk that brings nothing but more text."""
        if self._frames.waiting or self.failure is not None or not data.startswith(_DATA):
            return None
        line = data.rstrip(b"\r\n")
        if len(data) - len(line) not in (2, 4) or b"\n" in line or b"\r" in line:
            return None
        try:
            said = generated(line[len(_DATA) :])
        except UpstreamError:
            return None
        text = None if said is None else _only_text(said)
        return self._answer.said_on(text, said.usage_metadata, number) if said is not None and text else None

    def close(self) -> Chunk:
        """The last events. A stream that never said why it ended was cut."""
        if self.failure is not None:
            raise self.failure
        if self.outcome is None:
            for frame in self._frames.finish():
                self._read(frame)
            if not self._answer.ended:
                raise UpstreamBroke("The provider ended the stream before the answer was complete.")
            self.outcome = self._answer.finish()
        return given(self._answer.writer, self.failure)

    def _read(self, frame: Frame) -> None:
        if frame.event == "error":
            raise told_inside(frame.data)
        said = generated(frame.data) if frame.data else None
        if said is not None:
            self._answer.take_in(said, frame.data)


def _only_text(said: Generated) -> str | None:
    """The text of a chunk that holds nothing else but its usage."""
    candidates = said.candidates
    if said.error != NULL or said.prompt_feedback is not None or candidates is None or len(candidates) != 1:
        return None
    candidate = candidates[0]
    parts = None if candidate.content is None else candidate.content.parts
    if parts is None or len(parts) != 1:
        return None
    part = parts[0]
    if candidate != Candidate(index=candidate.index, content=candidate.content) or candidate.index:
        return None
    return part.text if not part.thought and part.thought_signature is None else None
