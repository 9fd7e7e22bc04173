"""Whether the arguments of a call, which come in pieces, are a whole JSON object already.

Law: however often it is asked, each piece is looked at once, and the whole is decoded once at most.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

_decode: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode

_TOKEN: Final = re.compile(r'\\.?|["{}]', re.DOTALL)


class ObjectInPieces:
    """Counts braces that stand in no string: what is closed before its end is no object, whatever follows."""

    __slots__ = ("_begun", "_closed", "_depth", "_escape", "_quoted", "_read", "_whole")

    def __init__(self) -> None:
        """Nothing has come."""
        self._read = 0
        self._depth = 0
        self._begun = False
        self._quoted = False
        self._escape = ""
        self._closed = False
        self._whole = False

    def is_whole(self, pieces: Sequence[str]) -> bool:
        """Of all pieces so far: those that were asked about before, and perhaps more."""
        new = "".join(pieces[self._read :])
        self._read = len(pieces)
        if self._closed:
            self._whole = self._whole and not new.strip()
            return self._whole
        for mark in _TOKEN.findall(self._escape + new):
            self._take(mark)
        if self._begun and self._depth <= 0 and not self._quoted:
            self._closed = True
            self._whole = _is_object("".join(pieces))
        return self._whole

    def _take(self, mark: str) -> None:
        self._escape = mark if mark == "\\" else ""
        if mark == '"':
            self._quoted = not self._quoted
        elif not self._quoted and mark in "{}":
            self._begun = True
            self._depth += 1 if mark == "{" else -1


def _is_object(text: str) -> bool:
    try:
        _decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return False
    return True
