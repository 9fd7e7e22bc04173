"""Heads that have come before: a client says nearly the same with each request on a connection.

Law: what is recognised here is what llhttp would make of the same bytes. That is certain only of one whole request that
comes by itself, whose head is, but for the digits of its body's length, one that llhttp has read.
"""

from __future__ import annotations

import re
from typing import Final

from antiphon.http.call import FIRST_HEADERS, Header, Scope

_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length"
_LENGTH_LINE: Final = re.compile(rb"\r\ncontent-length: ?([0-9]+)\r\n", re.IGNORECASE)
"""There is one at most: llhttp refuses a second (RFC 9112, 6.3)."""

_MOST_DIGITS: Final = 6
"""Of a length that can come in one piece together with its head."""


class KnownHead:
    """A head but for its body's length, and what it was read as."""

    __slots__ = ("_before", "_behind", "_length", "_scope", "_start")

    def __init__(self, before: bytes, behind: bytes, scope: Scope) -> None:
        """`before` and `behind` are around the digits of the length; `scope` is the head's."""
        self._before = before
        self._start = len(before)
        self._behind = behind
        self._scope = scope
        self._length: bytes = scope[FIRST_HEADERS][_LENGTH]

    def request(self, data: bytes) -> tuple[Scope, bytes] | None:
        """The scope and the body, if the data is one whole request with this head."""
        start = self._start
        if not data.startswith(self._before):
            return None
        end = data.find(b"\r", start, start + _MOST_DIGITS + 1)
        length = data[start:end]
        behind = self._behind
        if not (length.isdigit() and data.startswith(behind, end)):
            return None
        body = data[end + len(behind) :]
        if len(body) != int(length):
            return None
        scope = {**self._scope}
        if length != self._length:
            self._tell_length(scope, length)
        return scope, body

    def _tell_length(self, scope: Scope, length: bytes) -> None:
        headers: list[Header] = scope["headers"]
        first: dict[bytes, bytes] = scope[FIRST_HEADERS]
        scope["headers"] = [(name, length if name == _LENGTH else value) for name, value in headers]
        scope[FIRST_HEADERS] = {**first, _LENGTH: length}


def known_head(data: bytes, scope: Scope) -> KnownHead | None:
    """The head that the data begins with, if that and its body, whose length it names, are all of the data.

    `scope` is that of the last request in the data, of which nobody else may write into it.
    """
    first: dict[bytes, bytes] = scope[FIRST_HEADERS]
    length = first.get(_LENGTH)
    if length is None or len(length) > _MOST_DIGITS or b"transfer-encoding" in first:
        return None
    end = data.find(_END) + len(_END)
    if end != len(data) - int(length):  # so the last head is also the first
        return None
    line = _LENGTH_LINE.search(data, 0, end)
    return None if line is None else KnownHead(data[: line.start(1)], data[line.end(1) : end], scope)
