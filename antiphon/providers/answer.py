"""What has been understood of an answer so far: httptools' callbacks, and nothing that knows a socket.

Law: the same bytes, however they are cut, give the same answer (RFC 9112).
"""

from __future__ import annotations

from functools import cache, partial

from httptools import HttpResponseParser

_FINAL = 200
_BEGAN, _ENDED = True, False

_CRLF = b"\r\n"
_MOST_DIGITS = 3
_LARGEST = 16**_MOST_DIGITS + _MOST_DIGITS + 2 * len(_CRLF)


def whole_chunk(data: bytes) -> bytes | None:
    """What a read brings that is exactly one chunk, of a size with two or three digits; None for any other read.

    Only between chunks is a read that looks like one certain to be one.
    """
    line = _size_line(len(data)) if len(data) < _LARGEST else None
    if line is None or not (data.startswith(line) and data.endswith(_CRLF)):
        return None
    return data[len(line) : -2]


@cache
def _size_line(size: int) -> bytes | None:
    """The first line of a chunk that is so long with all its lines; None where none is."""
    for digits in (2, _MOST_DIGITS):
        line = b"%x\r\n" % max(0, size - digits - 2 * len(_CRLF))
        if len(line) == digits + len(_CRLF):
            return line
    return None


class _UnaskedError(Exception):
    """A second answer where one was asked for. It stops the parser, which wraps it in an error of its own."""


class Answer:
    """One after the other, the answers of one connection.

    `status` is 0 until the head is complete; `headers` have lower-cased names; whoever reads `body` also empties it.
    """

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body: list[bytes] = []
        self.on_body = self.body.append  # the parser calls the list itself: no frame of ours per chunk
        self.done = False
        self.reusable = True
        self.chunks: list[bool] = []
        self.on_chunk_header = partial(self.chunks.append, _BEGAN)
        self.on_chunk_complete = partial(self.chunks.append, _ENDED)
        self._fields: list[tuple[bytes, bytes]] = []
        self._parser = parser = HttpResponseParser(self)
        # What old servers send and no reader can misunderstand: bare line feeds, and blanks after a chunk's size.
        parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True)
        self.feed = parser.feed_data

    def expect(self) -> None:
        """Another request has been sent."""
        self.status = 0
        self.done = False

    def between_chunks(self, data: bytes) -> bool:
        """Whether `data`, which was just fed, ended together with a chunk of the body. To be asked after each read."""
        chunks = self.chunks
        between = bool(chunks) and not chunks[-1] and data.endswith(b"\r\n")
        chunks.clear()
        return between

    def ends_by_close(self) -> bool:
        """Whether the answer's length is not told, so that only the end of the connection ends it (RFC 9112, 6.3)."""
        told = (
            name == b"content-length" or (name == b"transfer-encoding" and value.lower().rstrip().endswith(b"chunked"))
            for name, value in self.headers
        )
        return self.status > 0 and not any(told)

    def head_size(self) -> int:
        return sum(len(name) + len(value) + len(b": \r\n") for name, value in self.headers)

    def on_message_begin(self) -> None:
        if self.status:
            raise _UnaskedError
        self._fields = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """An interim answer is passed over, but for 101, at which the parser stops by itself.

        Headers that come after the final answer's are trailers, which nobody reads.
        """
        status = self._parser.get_status_code()
        if status >= _FINAL:
            self.status = status
            self.headers, self._fields = self._fields, []
            self.reusable = self._parser.should_keep_alive()

    def on_message_complete(self) -> None:
        self.done = self.status > 0
