"""JSON by the line, read incrementally (https://github.com/ndjson/ndjson-spec, 2026-11).

Law: the lines are the same however the bytes were cut.
"""

from __future__ import annotations

from typing import Final

from antiphon.errors import UpstreamBroke
from antiphon.wire.texts import mended

MAX_LINE_BYTES: Final = 64 * 1024 * 1024


class LineSplitter:
    """Cuts a byte stream into lines without their ends; blank ones are dropped, and what is no UTF-8 is replaced."""

    __slots__ = ("_pieces", "_size")

    def __init__(self) -> None:
        """Starts at the beginning of a stream."""
        self._pieces: list[bytes] = []
        self._size = 0

    @property
    def waiting(self) -> bool:
        """Whether the beginning of a line waits for its rest."""
        return bool(self._pieces)

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes. Raises UpstreamBroke for a line without end."""
        *lines, rest = data.split(b"\n")
        if lines and self._pieces:
            lines[0] = b"".join((*self._pieces, lines[0]))
            self._pieces.clear()
            self._size = 0
        if rest:
            self._pieces.append(rest)
            self._size += len(rest)
            if self._size > MAX_LINE_BYTES:
                raise UpstreamBroke("The provider sent a line that does not end.")
        return [mended(line) for line in map(bytes.strip, lines) if line]

    def finish(self) -> list[bytes]:
        """The line that waits at the end of the stream, if there is one."""
        return self.feed(b"\n")
