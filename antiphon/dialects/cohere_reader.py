"""A stream of Cohere's chat API, event by event."""

from __future__ import annotations

import re
from typing import Final

from typing_extensions import override

from antiphon.dialects.chat_template import Template
from antiphon.dialects.cohere_answer import CohereAnswer
from antiphon.dialects.stream_reader import StreamReader
from antiphon.protocols import Sealer, Target, Turn
from antiphon.wire.events import Chunk
from antiphon.wire.sse import Frame, FrameSplitter

_PLAIN: Final = re.compile(
    rb'(?P<before>event: content-delta\ndata: \{"type":"content-delta","index":\d+,'
    rb'"delta":\{"message":\{"content":\{"text":)"(?:[^"\\]|\\.)*"(?P<after>\}\}\}\}\n\n)'
)
"""An event that brings nothing but text, as it is recorded."""


class CohereReader(StreamReader[Frame]):
    """Implements `protocols.Reader`."""

    __slots__ = ("_said", "_splitter", "_template")

    def __init__(self, turn: Turn, target: Target, sealer: Sealer) -> None:
        """Reads one answer of `target` to `turn`."""
        self._said = CohereAnswer(turn, target, sealer)
        self._splitter = FrameSplitter()
        super().__init__(self._said, self._splitter)
        self._template: Template | None = None

    @override
    def feed(self, data: bytes) -> Chunk:
        if self._template is None and not self._splitter.waiting:
            found = _PLAIN.fullmatch(data)
            self._template = None if found is None else Template(found["before"], found["after"])
        return super().feed(data)

    @override
    def quick(self, data: bytes, number: int) -> bytes | None:
        """What stands for an event that differs from an earlier one in nothing but its text."""
        if self._template is None or self._splitter.waiting or self.failure is not None or self.outcome is not None:
            return None
        text = self._template.text(data)
        return self._said.said_on(text, number) if text else None
