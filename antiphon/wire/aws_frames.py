"""AWS event stream messages, read incrementally (https://smithy.io/2.0/aws/amazon-eventstream.html, 2026-11).

A message is: its whole length and that of its headers, 4 bytes each; the CRC-32 of these 8 bytes; headers; payload; the
CRC-32 of everything before it. All numbers are big-endian.

Laws: the messages are the same however the bytes were cut; bytes that are no such messages end in UpstreamBroke.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Final
from zlib import crc32

from msgspec import Struct

from antiphon.errors import UpstreamBroke

MAX_HEADER_BYTES: Final = 128 * 1024
MAX_MESSAGE_BYTES: Final = 32 * 1024 * 1024
"""A model's picture in one message is the largest thing that is known to come; Amazon's own limit is 24 MiB."""

Headers = Mapping[str, str]
"""Text headers by name. Bedrock sends no others, and those of other types are passed over."""

_PRELUDE: Final = struct.Struct(">III")
_CRC: Final = struct.Struct(">I")
_SHORT: Final = struct.Struct(">H")
_FRAMING: Final = _PRELUDE.size + _CRC.size

_BYTES: Final = 6
_TEXT: Final = 7
_SIZES: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of a value by the number of its type: true, false, 8 to 64 bits, time, UUID."""

_MOST_KNOWN: Final = 64


class Message(Struct, frozen=True, gc=False):
    """One message. An event has ``:message-type`` ``event`` and its name in ``:event-type``."""

    headers: Headers
    payload: bytes


class MessageSplitter:
    """Cuts a byte stream into messages."""

    __slots__ = ("_kept", "_known", "_pieces", "_wanted")

    def __init__(self) -> None:
        """Starts at the beginning of a stream."""
        self._pieces: list[bytes] = []
        self._kept = 0
        self._wanted = _PRELUDE.size
        self._known: dict[bytes, Headers] = {}

    @property
    def waiting(self) -> bool:
        """Whether the beginning of a message waits for its rest."""
        return self._kept > 0

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that `data` completes. Raises UpstreamBroke, once those before the fault were given."""
        self._pieces.append(data)
        self._kept += len(data)
        if self._kept < self._wanted:
            return
        whole = data if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        start = 0
        while True:
            size = _size(whole, start)
            if size is None or len(whole) - start < size:
                break
            yield self._message(whole[start : start + size])
            start += size
        self._wanted = size or _PRELUDE.size
        self._kept = len(whole) - start
        if self._kept:
            self._pieces.append(whole[start:])

    def only(self, data: bytes) -> Message | None:
        """The message that `data` is, no more and no less; None, nothing done, for anything else. Never raises."""
        try:
            return self._message(data) if not self._kept and _size(data, 0) == len(data) else None
        except UpstreamBroke:
            return None

    def _message(self, whole: bytes) -> Message:
        end = len(whole) - _CRC.size
        if crc32(memoryview(whole)[:end]) != _CRC.unpack_from(whole, end)[0]:
            raise _broken("a message whose checksum is wrong")
        split = _PRELUDE.size + _PRELUDE.unpack_from(whole)[1]
        return Message(self._headers(whole[_PRELUDE.size : split]), whole[split:end])

    def _headers(self, block: bytes) -> Headers:
        """A stream has a few kinds of messages, whose headers are the same bytes each time."""
        headers = self._known.get(block)
        if headers is None:
            headers = dict(_parsed(block))
            if len(self._known) < _MOST_KNOWN:
                self._known[block] = headers
        return headers


def _size(data: bytes, start: int) -> int | None:
    """How long the message is that begins at `start`; None as long as that cannot be known."""
    if len(data) - start < _PRELUDE.size:
        return None
    size, header_size, checksum = _PRELUDE.unpack_from(data, start)
    if crc32(memoryview(data)[start : start + 8]) != checksum:
        raise _broken("a message whose length cannot be trusted")
    if size > MAX_MESSAGE_BYTES or header_size > MAX_HEADER_BYTES or size < header_size + _FRAMING:
        raise _broken("a message of an impossible length")
    return size


def _parsed(block: bytes) -> Iterator[tuple[str, str]]:
    place = 0
    try:
        while place < len(block):
            after = place + 1 + block[place]
            name, kind = block[place + 1 : after].decode(), block[after]
            place = after + 1
            if kind in (_BYTES, _TEXT):
                start = place + _SHORT.size
                place = start + _SHORT.unpack_from(block, place)[0]
                if kind == _TEXT:
                    yield name, block[start:place].decode()
            else:
                place += _SIZES[kind]
    except (IndexError, KeyError, UnicodeDecodeError, struct.error):
        raise _broken("a message with unreadable headers") from None
    if place != len(block):
        raise _broken("a message with unreadable headers")


def _broken(what: str) -> UpstreamBroke:
    return UpstreamBroke(f"The provider sent {what}.")
