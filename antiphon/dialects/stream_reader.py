"""Reads a stream frame by frame and tells the answer in it as Responses events, whatever its frames are made of.

Law: the events are the same however the bytes were cut.
"""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from antiphon.dialects.answering import given
from antiphon.dialects.writer import ResponseWriter
from antiphon.errors import UpstreamBroke, UpstreamError
from antiphon.wire.events import Chunk, Outcome

_Frame = TypeVar("_Frame")
_FrameIn_contra = TypeVar("_FrameIn_contra", contravariant=True)


class Splitter(Protocol[_Frame]):
    """Cuts bytes into frames."""

    @property
    def waiting(self) -> bool:
        """Whether the beginning of a frame waits for its rest."""
        ...

    def feed(self, data: bytes) -> list[_Frame]:
        """The frames that `data` completes. Raises UpstreamBroke for one without end."""
        ...

    def finish(self) -> list[_Frame]:
        """The frame that waits at the end of the stream, if there is one."""
        ...


class Answer(Protocol[_FrameIn_contra]):
    """Takes the frames of one answer, in their order."""

    writer: ResponseWriter

    def take_in(self, frame: _FrameIn_contra) -> Outcome | None:
        """The outcome, if the frame is the last one. Raises the UpstreamError that it reports."""
        ...


class StreamReader(Generic[_Frame]):
    """Implements `protocols.Reader` for answers whose last frame says that it is the last."""

    __slots__ = ("_answer", "_frames", "failure", "outcome")

    def __init__(self, answer: Answer[_Frame], frames: Splitter[_Frame]) -> None:
        """Reads `answer` out of what `frames` cuts."""
        self.outcome: Outcome | None = None
        self.failure: UpstreamError | None = None
        self._answer = answer
        self._frames = frames

    def feed(self, data: bytes) -> Chunk:
        """The events that `data` completes. A failure is raised once all events before it have been given."""
        if self.failure is not None:
            raise self.failure
        try:
            self._take_in(self._frames.feed(data))
        except UpstreamError as error:
            self.failure = error
        return given(self._answer.writer, self.failure)

    def quick(self, data: bytes, number: int) -> bytes | None:
        """There is none."""
        return None

    def close(self) -> Chunk:
        """The last events. A stream without its last frame was cut."""
        if self.failure is not None:
            raise self.failure
        if self.outcome is None:
            self._take_in(self._frames.finish())
        if self.outcome is None:
            raise UpstreamBroke("The provider ended the stream before the answer was complete.")
        return given(self._answer.writer, self.failure)

    def _take_in(self, frames: list[_Frame]) -> None:
        for frame in frames:
            if self.outcome is not None:
                return
            self.outcome = self._answer.take_in(frame)
