"""Answers that are passed on as they are: pieces of sound, and events in OpenAI's own words."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from antiphon.dialects.media_members import EVENTS, counts_told, event
from antiphon.errors import AntiphonError, UpstreamBroke
from antiphon.service_protocols import At
from antiphon.wire.counts import Counts
from antiphon.wire.responses import NULL
from antiphon.wire.sse import FrameSplitter

_DONE: Final = b"[DONE]"
_LAST: Final = ("completed", "done")
"""How the names of the events end that come last."""


class _Head(Struct, frozen=True):
    type: str = ""
    usage: Raw = NULL
    error: Raw = NULL


_head: Final = msgspec.json.Decoder(_Head).decode


def failure(error: AntiphonError) -> bytes:
    """The event by which OpenAI's clients hear that a stream has failed: they raise an error with its message."""
    told: dict[str, Any] = {"message": error.message, "type": error.type, "param": error.param, "code": error.code}
    return event({"type": "error", "error": told})


class Events:
    """Implements `media_protocols.Passing` for events that are in the client's words: byte for byte."""

    def __init__(self, at: At) -> None:
        """At the beginning of a stream."""
        self.media_type = EVENTS
        self.counts: Counts | None = None
        self._frames = FrameSplitter()
        self._ended = False
        self._provider = at.provider

    def feed(self, data: bytes) -> bytes:
        for frame in self._frames.feed(data):
            self._note(frame.data)
        return data

    def close(self) -> bytes:
        for frame in self._frames.finish():
            self._note(frame.data)
        if not self._ended:
            raise UpstreamBroke(f"{self._provider} ended its stream before the last event.")
        return b""

    def broken(self, error: AntiphonError) -> bytes:
        return failure(error)

    def _note(self, data: bytes) -> None:
        """Only the beginning of a frame is looked at, unless it is one of the last: the others hold whole pictures."""
        if data == _DONE:
            self._ended = True
            return
        if b'"usage"' not in data and not any(word.encode() in data[:200] for word in (*_LAST, "error")):
            return
        try:
            head = _head(data)
        except msgspec.DecodeError:
            return
        self.counts = counts_told(head.usage) or self.counts
        self._ended = self._ended or head.type.endswith(_LAST) or bytes(head.error) != b"null"


class Sound:
    """Implements `media_protocols.Passing` for sound that is as the client wants it."""

    def __init__(self, media_type: str, at: At) -> None:
        """`media_type` is what the client is told."""
        self.media_type = media_type
        self.counts: Counts | None = None
        self._provider = at.provider
        self._silent = True

    def feed(self, data: bytes) -> bytes:
        self._silent = False
        return data

    def close(self) -> bytes:
        if self._silent:
            raise UpstreamBroke(f"{self._provider} answered without a sound.")
        return b""

    def broken(self, error: AntiphonError) -> bytes:
        return b""
