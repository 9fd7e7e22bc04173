"""Server-Sent Events, read incrementally (https://html.spec.whatwg.org/multipage/server-sent-events.html, 2026-11).

Law: the frames are the same however the bytes were cut.
"""

from __future__ import annotations

import msgspec

from antiphon.errors import UpstreamBroke
from antiphon.wire.texts import mended

MAX_FRAME_BYTES = 64 * 1024 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CR = 0x0D


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One dispatched event. `raw` is its exact text when the frame stood in canonical form, else empty."""

    event: str
    data: bytes
    raw: bytes = b""


class FrameSplitter:
    """Cuts a byte stream into frames.

    Comments, ids and retry fields are dropped, and what is no UTF-8 is replaced, as the standard tells a client to.

    A frame at the very end without its blank line is dispatched by `finish` alone: some servers leave the line out, and
    one that was cut inside does not decode.
    """

    __slots__ = ("_crlf", "_pieces", "_size")

    def __init__(self) -> None:
        """Starts at the beginning of a stream."""
        self._pieces: list[bytes] = []
        self._size = 0
        self._crlf = False

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes. Raises UpstreamBroke for a frame without end."""
        if self._crlf or _CR in data:
            data = self._unify_line_ends(data)
        if not self._pieces and data.endswith(b"\n\n") and data.find(b"\n\n") == len(data) - 2:
            data = mended(data)
            frame = _canonical(data) or _parse(data)  # one event, one read: what a paced stream is made of
            return [] if frame is None else [frame]
        if self._pieces:
            meets = self._pieces[-1].endswith(b"\n") and data.startswith(b"\n")
            if not meets and data.find(b"\n\n") < 0:
                self._keep(data)
                return []
            self._pieces.append(data)
            data = b"".join(self._pieces)
            self._pieces.clear()
            self._size = 0
        frames: list[Frame] = []
        start = 0
        while (end := data.find(b"\n\n", start)) >= 0:
            block = mended(data[start : end + 2])
            frame = _canonical(block) or _parse(block)
            if frame is not None:
                frames.append(frame)
            start = end + 2
        self._keep(data[start:])
        return frames

    @property
    def waiting(self) -> bool:
        """Whether the beginning of a frame, or half a line end, waits for its rest."""
        return self._crlf or bool(self._pieces)

    def finish(self) -> list[Frame]:
        """The frame that waits at the end of the stream, if there is one."""
        return self.feed(b"\n\n") if any(piece.strip() for piece in self._pieces) else []

    def _keep(self, piece: bytes) -> None:
        if piece:
            self._pieces.append(piece)
            self._size += len(piece)
            if self._size > MAX_FRAME_BYTES:
                message = "The provider sent a stream event that does not end."
                raise UpstreamBroke(message)

    def _unify_line_ends(self, data: bytes) -> bytes:
        """CR LF and lone CR become LF; a CR at the very end waits for what follows it."""
        if self._crlf:
            data = b"\r" + data
        self._crlf = data.endswith(b"\r")
        if self._crlf:
            data = data[:-1]
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _canonical(block: bytes) -> Frame | None:
    """The frame if it is one ``data:`` line, after ``event: T`` or alone: nearly every frame of nearly every stream."""
    if block.startswith(b"data: ") and block.find(b"\n") == len(block) - 2:
        return Frame("", block[6:-2])  # what chat completions streams are made of
    if not block.startswith(b"event: "):
        return None
    line_end = block.find(b"\n", 7)
    data_at = line_end + 7
    if block[line_end + 1 : data_at] != b"data: " or block.find(b"\n", data_at) != len(block) - 2:
        return None
    try:
        name = block[7:line_end].decode()
    except UnicodeDecodeError:
        return None
    return Frame(name, block[data_at:-2], block)


def _parse(block: bytes) -> Frame | None:
    """Any other frame, by the standard's rules, or the first one, which may have a mark before it.

    None where there is nothing to dispatch.
    """
    event = ""
    data: list[bytes] = []
    for line in block.removeprefix(_BYTE_ORDER_MARK).split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            event = value.decode(errors="replace")
    return Frame(event, b"\n".join(data)) if data else None
