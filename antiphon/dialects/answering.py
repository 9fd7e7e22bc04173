"""The writer of an answer: how it begins, and what it has written since somebody asked."""

from __future__ import annotations

from antiphon.dialects.writer import ResponseWriter
from antiphon.dialects.writer_items import Keeper
from antiphon.errors import UpstreamError
from antiphon.protocols import Target, Turn
from antiphon.wire.events import EMPTY, Chunk
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


def given(writer: ResponseWriter, failure: UpstreamError | None) -> Chunk:
    """The events since the last time. Raises `failure`, if there is one, when all events before it have been given."""
    events = writer.take()
    if events:
        return Chunk(events)
    if failure is not None:
        raise failure
    return EMPTY
