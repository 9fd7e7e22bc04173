"""Chat completions, as most providers speak them: requests out, answers back as Responses events."""

from __future__ import annotations

from antiphon.dialects.chat_answer import whole
from antiphon.dialects.chat_reader import ChatReader
from antiphon.dialects.chat_request import build_chat
from antiphon.dialects.one_call import OneCallReader, with_one_call
from antiphon.dialects.refusals import refusal
from antiphon.errors import UpstreamError
from antiphon.protocols import Built, Reader, Target, Turn
from antiphon.wire.events import Outcome


class ChatUpstream:
    """Implements `protocols.UpstreamDialect`."""

    name = "chat"

    def build(self, turn: Turn, target: Target) -> Built:
        return build_chat(turn, target)

    def reader(self, turn: Turn, target: Target) -> Reader:
        reader = ChatReader(turn, target)
        return reader if turn.request.parallel_tool_calls is not False else OneCallReader(reader)

    def whole(self, turn: Turn, target: Target, body: bytes) -> Outcome:
        outcome = whole(turn, target, body)
        return outcome if turn.request.parallel_tool_calls is not False else with_one_call(outcome)

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        return refusal(status, body, retry_after)
