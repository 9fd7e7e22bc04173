"""Ollama's own chat API: requests out, answers back as Responses events (docs/decisions/0016-ollamas-own-chat.md)."""

from __future__ import annotations

from typing import Final

from antiphon.dialects.ollama_answer import OllamaAnswer, whole
from antiphon.dialects.ollama_request import build_ollama
from antiphon.dialects.refusals import refusal
from antiphon.dialects.stream_reader import StreamReader
from antiphon.errors import UpstreamError
from antiphon.protocols import Built, Media, Sealer, Target, Turn
from antiphon.wire.events import Outcome
from antiphon.wire.ndjson import LineSplitter

_UNREACHABLE: Final[frozenset[Media]] = frozenset({"image", "file"})


class OllamaUpstream:
    """Implements `protocols.UpstreamDialect`."""

    name = "ollama"
    counting = None

    def __init__(self, sealer: Sealer) -> None:
        """`sealer` hides what Ollama wants back."""
        self._sealer = sealer

    def build(self, turn: Turn, target: Target) -> Built:
        return build_ollama(turn, target, self._sealer)

    def reader(self, turn: Turn, target: Target) -> StreamReader[bytes]:
        return StreamReader(OllamaAnswer(turn, target, self._sealer), LineSplitter())

    def whole(self, turn: Turn, target: Target, body: bytes) -> Outcome:
        return whole(turn, target, body, self._sealer)

    def unreachable(self, target: Target) -> frozenset[Media]:
        """Everything: Ollama takes bytes alone."""
        return _UNREACHABLE

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        return refusal(status, body, retry_after)
