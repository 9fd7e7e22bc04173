"""Reasoning that a model writes into its text, between ``<think>`` and ``</think>``, taken out of it again.

A block counts only where reasoning models put it, before the answer begins: further on, the tag is something that the
answer talks about. White space around a block and just inside it is its frame and belongs to neither side.
"""

from __future__ import annotations

import enum
from typing import Final

_OPEN: Final = "<think>"
_CLOSE: Final = "</think>"


class _Where(enum.Enum):
    BEFORE = enum.auto()
    BETWEEN = enum.auto()
    WITHIN = enum.auto()


class ThinkSplitter:
    """Splits a text that arrives in pieces. What it makes of the whole does not depend on how it was cut."""

    __slots__ = ("_answering", "_begun", "_held", "_where")

    def __init__(self) -> None:
        """Starts before the answer."""
        self._where = _Where.BEFORE
        self._answering = False
        self._begun = False
        self._held: str = ""

    def feed(self, piece: str) -> tuple[str, str]:
        """What `piece` adds to the reasoning, and what it adds to the text."""
        if self._answering:
            return "", piece
        self._held += piece
        thoughts: list[str] = []
        while self._leave(thoughts) if self._where is _Where.WITHIN else self._enter():
            pass
        return "".join(thoughts), self._answer()

    def close(self) -> tuple[str, str]:
        """What was held back because it could have become a tag, now that none follows."""
        held, self._held = self._held.rstrip(), ""
        if self._where is _Where.BETWEEN or not self._begun:
            held = held.lstrip()
        return (held, "") if self._where is _Where.WITHIN else ("", held)

    def _enter(self) -> bool:
        """Whether a block begins here. If something else does, it is the answer."""
        rest = self._held.lstrip()
        if rest.startswith(_OPEN):
            self._held = rest[len(_OPEN) :]
            self._where = _Where.WITHIN
            self._begun = False
            return True
        if not _OPEN.startswith(rest):
            self._answering = True
            if self._where is _Where.BETWEEN:
                self._held = rest
        return False

    def _leave(self, thoughts: list[str]) -> bool:
        """Whether the block ends here. Adds to `thoughts` what is certain to be one."""
        held = self._held if self._begun else self._held.lstrip()
        end = held.find(_CLOSE)
        certain = held[: end if end >= 0 else len(held) - _overlap(held)].rstrip()
        if certain:
            thoughts.append(certain)
            self._begun = True
        if end < 0:
            self._held = held[len(certain) :]
            return False
        self._held = held[end + len(_CLOSE) :]
        self._where = _Where.BETWEEN
        return True

    def _answer(self) -> str:
        if not self._answering:
            return ""
        text, self._held = self._held, ""
        return text


def _overlap(text: str) -> int:
    """How many characters at the end of `text` may be the beginning of a closing tag."""
    for size in range(min(len(_CLOSE) - 1, len(text)), 0, -1):
        if text.endswith(_CLOSE[:size]):
            return size
    return 0
