"""Chat completions, as most providers speak them: requests out, answers back as Responses events."""

from __future__ import annotations

from antiphon.dialects.chat_answer import whole
from antiphon.dialects.chat_reader import ChatReader
from antiphon.dialects.chat_request import build_chat
from antiphon.dialects.refusals import refusal
from antiphon.errors import UpstreamError
from antiphon.protocols import Built, Target, Turn
from antiphon.wire.events import Outcome


class ChatUpstream:
    """Implements `protocols.UpstreamDialect`."""

    name = "chat"

    def build(self, turn: Turn, target: Target) -> Built:
        return build_chat(turn, target)

    def reader(self, turn: Turn, target: Target) -> ChatReader:
        return ChatReader(turn, target)

    def whole(self, turn: Turn, target: Target, body: bytes) -> Outcome:
        return whole(turn, target, body)

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        return refusal(status, body, retry_after)
