"""The heads of answers, as bytes."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from antiphon.http.call import Header

_STATUS_LINES: Final = {each.value: f"HTTP/1.1 {each.value} {each.phrase}\r\n".encode() for each in HTTPStatus}
_LINE_FEED: Final = 0x0A
_BROKEN: Final = bytes(
    _LINE_FEED if (byte < 0x20 or byte == 0x7F) and byte != ord("\t") else byte  # noqa: PLR2004 - ASCII's
    for byte in range(256)
)
"""Every control character made a line feed."""


class CommonHeaders:
    """Headers of every answer: the server makes a new list each second, for the date."""

    __slots__ = ("closing", "headers", "lines")

    def __init__(self, headers: list[Header]) -> None:
        """`closing` is whether they tell clients to leave."""
        self.headers = headers
        self.lines = _lines(headers)
        self.closing = (b"connection", b"close") in headers


def head_of(status: int, common: CommonHeaders, headers: Sequence[Header]) -> bytes:
    """The head of an answer. Raises RuntimeError for what would end a line before its end."""
    line = _STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status  # what a provider sends may have no name
    return b"%b%b%b\r\n" % (line, common.lines, _lines(headers))


def _lines(headers: Sequence[Header]) -> bytes:
    lines = b"".join([b"%b: %b\r\n" % header for header in headers])
    if lines.translate(_BROKEN).count(_LINE_FEED) != 2 * len(headers):
        raise RuntimeError("A header holds a control character.")
    return lines
