"""How many tokens a turn is: the provider's own count where it gives one, else ours (spec section 1.1, row 7)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, Literal

import msgspec
from msgspec import Struct

from antiphon.errors import UpstreamError
from antiphon.gateway.attempt import MAX_REFUSAL_BYTES
from antiphon.protocols import Target, Turn
from antiphon.wire.events import split_object
from antiphon.wire.tokens import CountText, prompt_of, prompt_tokens, text_tokens, tokens_left

Source = Literal["native", "tokenizer", "estimate"]

_FIELDS: Final = frozenset(
    {"model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "text", "reasoning"}
    | {"truncation", "personality"}
)
_OK: Final = 200

_encode: Final = msgspec.json.Encoder().encode


class Count(Struct, frozen=True):
    """So many input tokens, and who says so."""

    tokens: int
    source: Source


class _Native(Struct, frozen=True):
    input_tokens: int


_native: Final = msgspec.json.Decoder(_Native).decode


class Counter:
    """Counts. `count_text` is a vocabulary's exact count where the owner installed one."""

    def __init__(self, count_text: CountText = text_tokens) -> None:
        """Opens nothing."""
        self._count_text = count_text
        self._source: Source = "estimate" if count_text is text_tokens else "tokenizer"

    async def count(self, turn: Turn, target: Target) -> Count:
        """The count for this target. A provider that fails to count is passed over. Raises BadRequest."""
        if not turn.context and not turn.request.instructions:
            return self.counted_here(turn, target)
        built = target.dialect.build(turn, target)
        turn.target = target
        turn.warnings = turn.notes + built.warnings
        if target.post_count is not None:
            tokens = await _asked(target, narrowed(built.body, _FIELDS))
            if tokens is not None:
                return Count(tokens, "native")
        return self.counted_here(turn, target)

    def counted_here(self, turn: Turn, target: Target) -> Count:
        """Our own count."""
        prompt = prompt_of(turn.request, turn.context)
        return Count(prompt_tokens(prompt, target.model, self._count_text), self._source)

    def counts_left(self, turn: Turn, target: Target) -> list[int]:
        """Our own counts of the context without its first 0, 1, 2 and so on items."""
        return tokens_left(prompt_of(turn.request, turn.context), target.model, self._count_text)


def narrowed(body: bytes, fields: Collection[str]) -> bytes:
    """A request in the Responses format with these members alone."""
    return _encode({name: value for name, value in split_object(body).items() if name in fields})


async def _asked(target: Target, body: bytes) -> int | None:
    """The provider's count, None when it does not give one."""
    if target.post_count is None:
        return None
    try:
        reply = await target.post_count(body, streamed=False)
        whole = False
        try:
            answer = await reply.read(MAX_REFUSAL_BYTES)
            whole = True
            return _native(answer).input_tokens if reply.status == _OK else None
        finally:
            reply.release(linger=whole)
    except (UpstreamError, msgspec.DecodeError, UnicodeDecodeError):
        return None
