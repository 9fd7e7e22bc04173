"""Anthropic's Messages API, at Anthropic and where others serve its models: requests out, answers back as events."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from msgspec import Raw, Struct
from typing_extensions import override

from antiphon.dialects.converse_refusals import bedrock_refusal
from antiphon.dialects.invoke_reader import InvokeReader
from antiphon.dialects.messages_answer import MessageAnswer
from antiphon.dialects.messages_hosts import HOSTS, HostName
from antiphon.dialects.messages_models import traits_of
from antiphon.dialects.messages_reader import MessagesReader, whole_answer
from antiphon.dialects.messages_relay import unframing, wrapped
from antiphon.dialects.messages_request import answer_tool, build_messages
from antiphon.dialects.messages_tools import hosted_by
from antiphon.dialects.refusals import refusal
from antiphon.errors import UpstreamError
from antiphon.protocols import Built, Counting, Format, Media, Pseudonym, Sealer, Target, Turn
from antiphon.relays import Wrapping
from antiphon.wire.events import Outcome, narrowed
from antiphon.wire.faults import UNDECODABLE

_COUNTED: Final = frozenset(
    {"model", "messages", "system", "tools", "tool_choice", "thinking", "mcp_servers", "output_config", "speed"}
)
"""Members that `POST {base}/messages/count_tokens` takes."""

_EVERYTHING: Final[frozenset[Media]] = frozenset({"image", "file", "video"})
_FILMS: Final[frozenset[Media]] = frozenset({"video"})


class _Count(Struct, frozen=True):
    input_tokens: int


class _AmazonsCount(Struct, frozen=True, rename="camel"):
    input_tokens: int


_count: Final = msgspec.json.Decoder(_Count).decode
_amazons_count: Final = msgspec.json.Decoder(_AmazonsCount).decode


class MessageTokens:
    """Implements `protocols.Counting` for `POST {base}/messages/count_tokens`."""

    def body(self, built: bytes, target: Target) -> bytes:
        return narrowed(built, _COUNTED)

    def tokens(self, answer: bytes) -> int | None:
        try:
            return _count(answer).input_tokens
        except UNDECODABLE:
            return None


class InvocationTokens:
    """Implements `protocols.Counting` for Amazon's `POST {base}/model/{model}/count-tokens`.

    https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html (read 2026-11).
    """

    def body(self, built: bytes, target: Target) -> bytes:
        return b'{"input":{"invokeModel":{"body":"%b"}}}' % b64encode(built)

    def tokens(self, answer: bytes) -> int | None:
        try:
            return _amazons_count(answer).input_tokens
        except UNDECODABLE:
            return None


_COUNTING: Final[dict[HostName, Counting | None]] = {
    "anthropic": MessageTokens(),
    "vertex": None,
    "bedrock": InvocationTokens(),
}
"""Google counts at an address that is the same for all models; nothing here knows the name that it wants to be told."""


class MessagesUpstream(Wrapping):
    """Implements `protocols.UpstreamDialect`, and is `relays.Wrapping` for one host of the Messages API."""

    relays: Format = "messages"

    def __init__(self, sealer: Sealer, pseudonym: Pseudonym, host: HostName = "anthropic") -> None:
        """`sealer` hides what providers want back, `pseudonym` who the client's users are."""
        self._sealer = sealer
        self._pseudonym = pseudonym
        self._host = HOSTS[host]
        self.name = self._host.dialect
        self.counting = _COUNTING[host]

    def build(self, turn: Turn, target: Target) -> Built:
        return build_messages(turn, target, self._sealer, self._pseudonym, self._host)

    def reader(self, turn: Turn, target: Target) -> MessagesReader | InvokeReader:
        """An answer may be streamed for the provider's sake alone: then nobody reads events."""
        answer = self._answer(turn, target, silent=not turn.request.stream)
        reader = MessagesReader(answer, lambda: self.build(turn, target))
        return InvokeReader(reader) if self._host.in_frames else reader

    def whole(self, turn: Turn, target: Target, body: bytes) -> Outcome:
        return whole_answer(self._answer(turn, target, silent=True), body)

    def unreachable(self, target: Target) -> frozenset[Media]:
        """Only Anthropic itself fetches what has an address."""
        return _FILMS if self._host.addresses and target.quirks.image_urls else _EVERYTHING

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        refused = bedrock_refusal if self._host.in_frames else refusal
        return refused(status, body, retry_after)

    @override
    def wrapped(self, members: Mapping[str, Raw], target: Target, headers: Mapping[bytes, bytes]) -> Built:
        return wrapped(members, target, headers, self._host)

    @override
    def unwrapping(self) -> Callable[[bytes], bytes] | None:
        return unframing() if self._host.in_frames else None

    def _answer(self, turn: Turn, target: Target, *, silent: bool) -> MessageAnswer:
        hosts = hosted_by(self._host, traits_of(target.model))
        tool = answer_tool(turn.request, target)
        return MessageAnswer(turn, target, self._sealer, hosts, tool, silent=silent)
