"""`generate: false` over a WebSocket: a turn that is checked, answered with nothing and gone on from (spec 1.7)."""

from __future__ import annotations

import msgspec

from antiphon.protocols import Target, Turn
from antiphon.wire.events import Chunk, Outcome
from antiphon.wire.responses import encoded, opened
from antiphon.wire.synthesis import synthesised
from antiphon.wire.usage import NO_USAGE


def warmed_up(turn: Turn, target: Target) -> tuple[Outcome, Chunk]:
    """The empty answer and its events. Raises BadRequest when the target could not be asked this."""
    if turn.context:
        turn.warnings = target.dialect.build(turn, target).warnings
    turn.target = target
    request = turn.request
    opening = opened(
        request,
        id=turn.id,
        created_at=turn.created_at,
        provider=target.provider,
        conversation=turn.conversation,
    )
    response = msgspec.structs.replace(
        opening,
        status="completed",
        completed_at=int(turn.clock()),
        service_tier=request.service_tier or "default",
        usage=NO_USAGE,
    )
    body = encoded(response)
    return Outcome("completed", body), Chunk(tuple(synthesised(body)))
