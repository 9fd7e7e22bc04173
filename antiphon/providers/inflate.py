"""Bodies that come compressed although we asked for identity, as some servers and many middle boxes do.

Law: memory stays bounded whatever the ratio: at most `PIECE` plain bytes are made per step, the rest waits compressed.
"""

from __future__ import annotations

import zlib
from typing import Final

from antiphon.errors import Retry, UpstreamBroke
from antiphon.providers.foreign import NOT_COMPRESSED, broken

PIECE: Final = 256 * 1024

_GZIP_OR_ZLIB: Final = 32 + zlib.MAX_WBITS
_BARE: Final = -zlib.MAX_WBITS
_MEMBER: Final = b"\x1f"
_KNOWN: Final = {b"gzip", b"x-gzip", b"deflate"}


class Inflate:
    """Gzip and deflate, undone as they arrive; several gzip members in a row are one body (RFC 1952, 2.2)."""

    __slots__ = ("_begun", "_more", "_stream", "_tail")

    def __init__(self, encoding: bytes) -> None:
        """Raises UpstreamBroke for an encoding that was not asked for and is not known."""
        if encoding.lower() not in _KNOWN:
            unknown = UpstreamBroke("the provider's answer is compressed in a way that was not asked for")
            unknown.retry = Retry.ELSEWHERE
            raise unknown
        self._stream = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._tail = b""
        self._begun = False
        self._more = False

    def feed(self, data: bytes) -> None:
        if not self._begun:
            self._begun = True
            if not data.startswith(_MEMBER) and data[0] & 0x0F != zlib.DEFLATED:  # nor how zlib's begins
                self._stream = zlib.decompressobj(_BARE)
        self._tail += data
        self._more = True

    def take(self) -> bytes:
        """Up to `PIECE` plain bytes; none when all that was fed has been taken. Raises UpstreamBroke."""
        while self._more:
            if self._stream.eof:
                if not self._tail.startswith(_MEMBER):  # padding, as other readers of gzip also ignore
                    self._tail = b""
                    break
                self._stream = zlib.decompressobj(_GZIP_OR_ZLIB)
            try:
                plain = self._stream.decompress(self._tail, PIECE)
            except NOT_COMPRESSED as error:
                raise broken("the provider's compressed answer cannot be read", error) from error
            self._tail = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
            self._more = bool(self._tail) or len(plain) == PIECE
            if plain:
                return plain
        self._more = False
        return b""

    def finish(self) -> None:
        """The body has ended. Raises UpstreamBroke when the compressed stream has not."""
        if self._begun and not self._stream.eof:
            raise broken("the provider's compressed answer was cut short")
