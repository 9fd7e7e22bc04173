"""Bedrock's Converse, which all its models that hold conversations speak: requests out, answers back as events."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct

from antiphon.dialects.converse_reader import ConverseReader
from antiphon.dialects.converse_refusals import bedrock_refusal
from antiphon.dialects.converse_request import build_converse
from antiphon.dialects.converse_whole import whole
from antiphon.errors import UpstreamError
from antiphon.protocols import Built, Media, Sealer, Target, Turn
from antiphon.wire.events import Outcome, narrowed
from antiphon.wire.faults import UNDECODABLE

_COUNTED: Final = ("messages", "system", "toolConfig", "additionalModelRequestFields")
_EVERYTHING: Final[frozenset[Media]] = frozenset({"image", "file", "video"})


class _Count(Struct, frozen=True):
    input_tokens: int = msgspec.field(name="inputTokens")


_count: Final = msgspec.json.Decoder(_Count).decode


class CountTokens:
    """Implements `protocols.Counting`.

    https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html, read 2026-11.
    """

    def body(self, built: bytes, target: Target) -> bytes:
        request: dict[str, Any] = {"converse": msgspec.Raw(narrowed(built, _COUNTED))}
        return msgspec.json.encode({"input": request})

    def tokens(self, answer: bytes) -> int | None:
        try:
            return max(_count(answer).input_tokens, 0)
        except UNDECODABLE:
            return None


class ConverseUpstream:
    """Implements `protocols.UpstreamDialect`."""

    name = "converse"
    counting = CountTokens()

    def __init__(self, sealer: Sealer) -> None:
        """`sealer` hides what models want back."""
        self._sealer = sealer

    def build(self, turn: Turn, target: Target) -> Built:
        return build_converse(turn, target, self._sealer)

    def reader(self, turn: Turn, target: Target) -> ConverseReader:
        return ConverseReader(turn, target, self._sealer)

    def whole(self, turn: Turn, target: Target, body: bytes) -> Outcome:
        return whole(turn, target, body, self._sealer)

    def unreachable(self, target: Target) -> frozenset[Media]:
        """Bedrock fetches nothing from the web."""
        return _EVERYTHING

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        return bedrock_refusal(status, body, retry_after)
