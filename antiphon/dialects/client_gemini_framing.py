"""A provider's events as one array of JSON, for clients that ask Google for a stream without `alt=sse`.

Law: however the bytes of the events come cut, the array has their data in its order, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterable

from antiphon.wire.sse import Frame, FrameSplitter


class ArrayFraming:
    """Frames one stream."""

    __slots__ = ("_begun", "_frames")

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._frames = FrameSplitter()
        self._begun = False

    def feed(self, data: bytes) -> bytes:
        """The members that `data` completes. Raises UpstreamBroke for an event without end."""
        return self._told(self._frames.feed(data))

    def broken(self, envelope: bytes) -> bytes:
        """The member that tells why nothing more comes. An event that was cut is left out."""
        self._frames = FrameSplitter()
        return self._framed(envelope)

    def close(self) -> bytes:
        """The end of the array."""
        rest = self._told(self._frames.finish())
        return rest + (b"]" if self._begun else b"[]")

    def _told(self, frames: Iterable[Frame]) -> bytes:
        return b"".join([self._framed(frame.data) for frame in frames])

    def _framed(self, data: bytes) -> bytes:
        begun, self._begun = self._begun, True
        return (b",\r\n%b" if begun else b"[%b") % data
