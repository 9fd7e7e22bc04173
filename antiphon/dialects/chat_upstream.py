"""Chat completions, as most providers speak them: requests out, answers back as Responses events."""

from __future__ import annotations

from typing import Final

from antiphon.dialects.chat_answer import whole
from antiphon.dialects.chat_reader import ChatReader
from antiphon.dialects.chat_request import build_chat
from antiphon.dialects.refusals import refusal
from antiphon.errors import UpstreamError
from antiphon.protocols import Built, Media, Pseudonym, Sealer, Target, Turn
from antiphon.wire.events import Outcome

_UNREACHABLE: Final[dict[tuple[bool, bool], frozenset[Media]]] = {
    (False, False): frozenset(),
    (False, True): frozenset({"image"}),
    (True, False): frozenset({"file"}),
    (True, True): frozenset({"file", "image"}),
}


class ChatUpstream:
    """Implements `protocols.UpstreamDialect`."""

    name = "chat"
    counting = None

    def __init__(self, sealer: Sealer, pseudonym: Pseudonym) -> None:
        """`sealer` hides what providers want back, `pseudonym` who the client's users are."""
        self._sealer = sealer
        self._pseudonym = pseudonym

    def build(self, turn: Turn, target: Target) -> Built:
        return build_chat(turn, target, self._sealer, self._pseudonym)

    def reader(self, turn: Turn, target: Target) -> ChatReader:
        return ChatReader(turn, target, self._sealer)

    def whole(self, turn: Turn, target: Target, body: bytes) -> Outcome:
        return whole(turn, target, body, self._sealer)

    def unreachable(self, target: Target) -> frozenset[Media]:
        """Files almost everywhere: chat completions take their bytes."""
        quirks = target.quirks
        files = quirks.file_input and quirks.file_style == "file"
        return _UNREACHABLE[files, quirks.image_input and not quirks.image_urls]

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        return refusal(status, body, retry_after)
