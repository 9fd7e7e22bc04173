"""The writer of an answer, at its beginning."""

from __future__ import annotations

from antiphon.dialects.writer import ResponseWriter
from antiphon.dialects.writer_items import Keeper
from antiphon.protocols import Target, Turn
from antiphon.wire.responses import opened


def writer_for(turn: Turn, target: Target, keeper: Keeper | None, *, silent: bool) -> ResponseWriter:
    """Writes the answer of `target` to `turn`; `silent` where it comes whole, so that nobody reads events."""
    opening = opened(
        turn.request,
        id=turn.id,
        created_at=turn.created_at,
        provider=target.provider,
        conversation=turn.conversation,
        transformations=turn.transformations,
    )
    obfuscate = turn.request.obfuscated
    return ResponseWriter(opening, turn.new_id, turn.clock, obfuscate=obfuscate, silent=silent, keeper=keeper)
