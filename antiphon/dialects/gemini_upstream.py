"""Google's generateContent, as AI Studio and Vertex AI speak it: requests out, answers back as Responses events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Raw
from typing_extensions import override

from antiphon.dialects.gemini_answer import whole
from antiphon.dialects.gemini_counting import GeminiCounting
from antiphon.dialects.gemini_reader import GeminiReader
from antiphon.dialects.gemini_refusals import refused
from antiphon.dialects.gemini_relay import relayed
from antiphon.dialects.gemini_request import build_gemini
from antiphon.errors import UpstreamError
from antiphon.protocols import Built, Format, Media, Sealer, Target, Turn
from antiphon.relays import Wrapping
from antiphon.wire.events import Outcome

_UNREACHABLE: Final[frozenset[Media]] = frozenset()


class GeminiUpstream(Wrapping):
    """Implements `protocols.UpstreamDialect`, and is `relays.Wrapping` for Google's own clients."""

    name = "gemini"
    relays: Format = "gemini"
    counting = GeminiCounting()

    def __init__(self, sealer: Sealer) -> None:
        """`sealer` hides what Google wants back."""
        self._sealer = sealer

    def build(self, turn: Turn, target: Target) -> Built:
        return build_gemini(turn, target, self._sealer)

    def reader(self, turn: Turn, target: Target) -> GeminiReader:
        return GeminiReader(turn, target, self._sealer)

    def whole(self, turn: Turn, target: Target, body: bytes) -> Outcome:
        return whole(turn, target, body, self._sealer)

    def unreachable(self, target: Target) -> frozenset[Media]:
        """Nothing: Google follows addresses."""
        return _UNREACHABLE

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        return refused(status, body, retry_after)

    @override
    def wrapped(self, members: Mapping[str, Raw], target: Target, headers: Mapping[bytes, bytes]) -> Built:
        return relayed(members, target, headers)

    @override
    def unwrapping(self) -> Callable[[bytes], bytes] | None:
        """None: its streams are what its clients read."""
        return None
