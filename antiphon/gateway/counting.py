"""How many tokens a turn is: the provider's own count where it gives one, else ours."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

from antiphon.errors import UpstreamError
from antiphon.gateway.attempt import MAX_REFUSAL_BYTES
from antiphon.protocols import Built, Counting, Post, Target, Turn
from antiphon.wire.tokens import CountText, prompt_of, prompt_tokens, text_tokens, tokens_left

Source = Literal["native", "tokenizer", "estimate"]

_OK: Final = 200


class Count(Struct, frozen=True):
    """So many input tokens, and who says so."""

    tokens: int
    source: Source


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
        return await self.asked(target, built) or self.counted_here(turn, target)

    async def asked(self, target: Target, built: Built) -> Count | None:
        """The provider's own count of a request that was built already; None where it gives none."""
        if target.post_count is None or target.dialect.counting is None:
            return None
        tokens = await _asked(target, target.post_count, target.dialect.counting, built)
        return None if tokens is None else Count(tokens, "native")

    def counted_here(self, turn: Turn, target: Target) -> Count:
        """Our own count."""
        prompt = prompt_of(turn.request, turn.context)
        return Count(prompt_tokens(prompt, target.model, self._count_text), self._source)

    def counts_left(self, turn: Turn, target: Target) -> list[int]:
        """Our own counts of the context without its first 0, 1, 2 and so on items."""
        return tokens_left(prompt_of(turn.request, turn.context), target.model, self._count_text)


async def _asked(target: Target, post: Post, counting: Counting, built: Built) -> int | None:
    """The provider's count, None when it does not give one."""
    try:
        reply = await post(counting.body(built.body, target), streamed=False, headers=built.headers)
        whole = False
        try:
            answer = await reply.read(MAX_REFUSAL_BYTES)
            whole = True
            return counting.tokens(answer) if reply.status == _OK else None
        finally:
            reply.release(linger=whole)
    except UpstreamError:
        return None
