"""Cohere's own chat API, version 2: requests out, answers back as Responses events."""

from __future__ import annotations

from typing import Final

from antiphon.dialects.cohere_answer import whole
from antiphon.dialects.cohere_reader import CohereReader
from antiphon.dialects.cohere_request import build_cohere
from antiphon.dialects.refusals import refusal
from antiphon.errors import UpstreamError
from antiphon.protocols import Built, Media, Sealer, Target, Turn
from antiphon.wire.events import Outcome

_STATUS: Final = {498: 400, 499: 504}
"""Cohere's own: words on a list of what is not to be said, and a request that it gave up on
(https://docs.cohere.com/reference/errors, read 2026-11)."""

_UNREACHABLE: Final[frozenset[Media]] = frozenset({"file"})


class CohereUpstream:
    """Implements `protocols.UpstreamDialect`."""

    name = "cohere"
    counting = None

    def __init__(self, sealer: Sealer) -> None:
        """`sealer` hides what Cohere wants back."""
        self._sealer = sealer

    def build(self, turn: Turn, target: Target) -> Built:
        return build_cohere(turn, target, self._sealer)

    def reader(self, turn: Turn, target: Target) -> CohereReader:
        return CohereReader(turn, target, self._sealer)

    def whole(self, turn: Turn, target: Target, body: bytes) -> Outcome:
        return whole(turn, target, body, self._sealer)

    def unreachable(self, target: Target) -> frozenset[Media]:
        """Files: their text is read here."""
        return _UNREACHABLE

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        return refusal(_STATUS.get(status, status), body, retry_after)
