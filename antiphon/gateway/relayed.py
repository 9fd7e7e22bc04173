"""What is passed on byte for byte is looked at so far that its client is told when it is none, or ends too soon.

Law: events are passed on whole or not at all, so that whatever follows them, the reason why nothing more comes above
all, is read as an event of its own.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec
from msgspec import Raw, Struct, field

from antiphon.errors import UpstreamBroke, UpstreamError
from antiphon.protocols import Format, UpstreamDialect
from antiphon.wire.faults import UNDECODABLE
from antiphon.wire.texts import mended, paired

MAX_EVENT_BYTES: Final = 64 * 1024 * 1024

_TAIL_BYTES: Final = 4096
"""Of a stream that has ended, in so many of its last bytes something has to say that it was meant to."""


_BLANKS: Final = (b"\n\n", b"\r\n\r\n", b"\r\r")
_ENDS: Final = _BLANKS[:2]
_AFTER_BLANK: Final = re.compile(rb"(?<=\n\n)|(?<=\r\n\r\n)|(?<=\r\r)")
_ENDINGS: Final[dict[Format, re.Pattern[bytes]]] = {
    "chat": re.compile(rb'\[DONE\]|"finish_reason"\s*:\s*"'),
    "completions": re.compile(rb'\[DONE\]|"finish_reason"\s*:\s*"'),
    "messages": re.compile(rb'"message_stop"'),
    "gemini": re.compile(rb'"(?:finishReason|blockReason)"'),
}
_ERROR: Final = b'"error"'
_FAILED: Final = 502


class _Said(Struct, frozen=True):
    error: Raw = Raw(b"null")


class _Whole(_Said, frozen=True):
    """The members of whole answers by which clients know them, of all formats."""

    choices: list[Raw] | None = None
    content: list[Raw] | None = None
    candidates: list[Raw] | None = None
    feedback: dict[str, Raw] | None = field(default=None, name="promptFeedback")
    usage: dict[str, Raw] | None = field(default=None, name="usageMetadata")


_said: Final = msgspec.json.Decoder(_Said).decode
_whole: Final = msgspec.json.Decoder(_Whole).decode
_NOTHING: Final = (b"null", b"{}", b'""', b"false")
_MEMBERS: Final[dict[Format, tuple[str, ...]]] = {
    "chat": ("choices",),
    "completions": ("choices",),
    "messages": ("content",),
    "gemini": ("candidates", "feedback", "usage"),
}
"""One of these is in every answer of a format; Google leaves out candidates where it has none to give."""


def checked(body: bytes, format: Format, dialect: UpstreamDialect) -> bytes:
    """A whole answer, as text. Raises UpstreamError for one that is none, and for an error told as if it were one."""
    body = paired(mended(body))
    try:
        said = _whole(body)
    except UNDECODABLE:
        said = _error_in(body)
    if bytes(said.error) not in _NOTHING:
        raise dialect.refusal(_FAILED, body, None)
    if all(getattr(said, member, None) is None for member in _MEMBERS[format]):
        raise UpstreamBroke("The provider answered with something that is no answer to this request.")
    return body


def _error_in(body: bytes) -> _Said:
    """What is told of an error in what is no answer. Raises UpstreamBroke where it is no object either."""
    try:
        return _said(body)
    except UNDECODABLE:
        raise UpstreamBroke("The provider's answer is no JSON object.") from None


class RelayedStream:
    """One stream. What `feed` and `close` give is to be passed on."""

    __slots__ = ("_dialect", "_ending", "_failure", "_held", "_tail")

    def __init__(self, format: Format, dialect: UpstreamDialect) -> None:
        """`dialect` knows what errors mean."""
        self._ending = _ENDINGS[format]
        self._dialect = dialect
        self._held = bytearray()
        self._tail = b""
        self._failure: UpstreamError | None = None

    def feed(self, data: bytes) -> bytes:
        """The events that are whole with `data`. Raises UpstreamError for an error among them, at the latest next."""
        if self._failure is not None:
            raise self._failure
        if self._held or not data.endswith(_ENDS):
            data = self._whole(data)
        return self._noted(data)

    def close(self) -> bytes:
        """What came after the last event. Raises UpstreamError for a stream that was cut."""
        rest = b"" if self._failure is not None else self._noted(bytes(self._held))
        if self._failure is not None:
            raise self._failure
        if self._ending.search(self._tail) is None:
            raise UpstreamBroke("The provider's stream ended before its answer did.")
        return rest

    def _noted(self, data: bytes) -> bytes:
        if data.find(_ERROR) >= 0:
            data = self._before_error(data)
        self._tail = data if len(data) >= _TAIL_BYTES else (self._tail + data)[-_TAIL_BYTES:]
        return data

    def _whole(self, data: bytes) -> bytes:
        """What ends with an empty line; the rest waits for its own."""
        held = self._held
        start = max(0, len(held) - 3)
        held += data
        end = max(at + len(blank) if (at := held.rfind(blank, start)) >= 0 else 0 for blank in _BLANKS)
        if len(held) - end > MAX_EVENT_BYTES:
            raise UpstreamBroke("The provider sent a stream event that does not end.")
        whole = bytes(held[:end])
        del held[:end]
        return whole

    def _before_error(self, data: bytes) -> bytes:
        """The events before the first that tells of an error, which is kept as the stream's failure."""
        passed: list[bytes] = []
        for event in _AFTER_BLANK.split(data):
            told = b"".join(line[5:].strip() for line in event.splitlines() if line.startswith(b"data:"))
            if _tells_error(told):
                self._failure = self._dialect.refusal(_FAILED, told, None)
                break
            passed.append(event)
        if self._failure is not None and not passed:
            raise self._failure
        return b"".join(passed)


def _tells_error(told: bytes) -> bool:
    try:
        return bytes(_said(told).error) not in _NOTHING
    except UNDECODABLE:
        return False
