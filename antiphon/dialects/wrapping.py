"""The input of a custom tool, taken out of the ``{"input": "…"}`` that its function was called with, while it arrives.

Law: the input is the same however the arguments were cut.
"""

from __future__ import annotations

import enum
import json
import re
from typing import Final

from antiphon.wire.requests import is_item

_HEAD: Final = re.compile(r'\s*\{\s*"input"\s*:\s*"')
_HEAD_SO_FAR: Final = re.compile(r'\s*(?:\{\s*(?:"(?:i(?:n(?:p(?:u(?:t(?:"\s*(?::\s*)?)?)?)?)?)?)?)?)?')
_ESCAPED: Final = re.compile(r'(?:[^"\\]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+')
_ESCAPE_SO_FAR: Final = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?")


class _Where(enum.Enum):
    HEAD = enum.auto()
    INPUT = enum.auto()
    AFTER = enum.auto()
    ASTRAY = enum.auto()


class WrappedInput:
    """Unwraps one call's arguments. What is not the wrapper that was asked for is kept, and judged at the end."""

    __slots__ = ("_held", "_where")

    def __init__(self) -> None:
        """Starts before the arguments."""
        self._where = _Where.HEAD
        self._held = ""

    def feed(self, piece: str) -> str:
        """What `piece` adds to the input. It may hold half of a surrogate pair at its end."""
        self._held += piece
        if self._where is _Where.HEAD:
            head = _HEAD.match(self._held)
            if head is not None:
                self._held = self._held[head.end() :]
                self._where = _Where.INPUT
            elif _HEAD_SO_FAR.fullmatch(self._held) is None:
                self._where = _Where.ASTRAY
        return self._unescaped() if self._where is _Where.INPUT else ""

    def close(self) -> str:
        """The input of arguments that had another form: their text, or the `input` that stands somewhere in them."""
        held, self._held = self._held, ""
        if self._where is not _Where.ASTRAY:
            return ""
        try:
            value: object = json.loads(held, strict=False)
        except (ValueError, RecursionError):
            return held
        if is_item(value) and "input" in value:
            inner: object = value["input"]
            return inner if isinstance(inner, str) else json.dumps(inner, ensure_ascii=False)
        if isinstance(value, str):
            return value
        return held if value != {} else ""

    def _unescaped(self) -> str:
        """Decodes the string as far as it is certain, up to its closing quote."""
        text: list[str] = []
        while True:
            escaped = _ESCAPED.match(self._held)
            end = escaped.end() if escaped is not None else 0
            text.append(json.loads(f'"{self._held[:end]}"', strict=False))
            self._held = self._held[end:]
            if self._held.startswith('"'):
                self._where = _Where.AFTER
                break
            if _ESCAPE_SO_FAR.fullmatch(self._held) or not self._held:
                break
            text.append("\\")  # an escape that JSON does not know is what it looks like
            self._held = self._held[1:]
        return "".join(text)
