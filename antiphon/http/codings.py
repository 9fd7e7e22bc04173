"""Compressed request bodies: what `Content-Encoding` says, undone (RFC 9110, 8.4).

Law: no more plain bytes are ever made than the limit and one, whatever the body claims.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from antiphon.errors import BadRequest, BodyTooLarge, UnsupportedMediaType

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ACCEPTED: Final = b"zstd, gzip, deflate"
"""As `Accept-Encoding` says it to a client whose coding is not known."""

_MOST_CODINGS: Final = 4
_MOST_MEMBERS: Final = 64
_PADDING: Final = b"\0"
_UNDONE: Final = (zlib.error, zstd.ZstdError)
_ZSTD_WINDOW: Final[dict[int, int]] = {zstd.DecompressionParameter.window_log_max: 23}
"""Eight megabytes, the most that a client may ask of a server (RFC 9659)."""


class _Unpacker(Protocol):
    """What zlib and zstd have in common. `eof` tells that a member is complete, `unused_data` what comes behind it."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def decoded(data: bytes, lines: Sequence[bytes], limit: int) -> bytes:
    """The plain body. `lines` are the values of the headers, which name the codings in the order they were applied in.

    Raises UnsupportedMediaType, BodyTooLarge, BadRequest.
    """
    codings = [coding.strip().lower() for line in lines for coding in line.split(b",")]
    codings = [coding for coding in codings if coding not in (b"", b"identity")]
    if len(codings) > _MOST_CODINGS or not all(coding in _OPENERS for coding in codings):
        message = "This content encoding is not accepted; send the body as zstd, gzip, deflate, or plain."
        raise UnsupportedMediaType(message, code="unsupported_content_encoding")
    for coding in reversed(codings):
        data = _unpacked(data, coding, limit)
    return data


def too_large(limit: int) -> BodyTooLarge:
    """The body has more bytes than that."""
    return BodyTooLarge(f"The request body is larger than the {limit} bytes that are accepted here.")


def _unpacked(data: bytes, coding: bytes, limit: int) -> bytes:
    """Several members in a row are one body (RFC 1952, 2.2; RFC 8878, 3). What is behind them is padding or damage."""
    parts: list[bytes] = []
    room = limit + 1
    for _ in range(_MOST_MEMBERS):
        unpacker = _OPENERS[coding](data)
        try:
            part = unpacker.decompress(data, room)
        except _UNDONE:
            raise _damaged() from None
        room -= len(part)
        if not room:
            raise too_large(limit)
        if not unpacker.eof:
            raise _damaged()
        parts.append(part)
        data = unpacker.unused_data
        if not data.strip(_PADDING):
            return parts[0] if len(parts) == 1 else b"".join(parts)
    raise _damaged()


def _damaged() -> BadRequest:
    message = "The body is not what its Content-Encoding says, or it was cut short."
    return BadRequest(message, code="invalid_value")


def _gzip(_data: bytes) -> _Unpacker:
    return zlib.decompressobj(16 + zlib.MAX_WBITS)


def _deflate(data: bytes) -> _Unpacker:
    """Without zlib's frame too, as some clients understand the word."""
    framed = data[:1] and data[0] & 0x0F == zlib.DEFLATED
    return zlib.decompressobj(zlib.MAX_WBITS if framed else -zlib.MAX_WBITS)


def _zstd(_data: bytes) -> _Unpacker:
    return zstd.ZstdDecompressor(options=_ZSTD_WINDOW)


_OPENERS: Final[dict[bytes, Callable[[bytes], _Unpacker]]] = {
    b"zstd": _zstd,
    b"gzip": _gzip,
    b"x-gzip": _gzip,
    b"deflate": _deflate,
}
