"""Stored answers, told once more as the streams that they were, or might have been."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from antiphon.protocols import Responses, Sink, StoredResponse
from antiphon.wire.assembly import events_of
from antiphon.wire.events import Chunk, Event
from antiphon.wire.synthesis import synthesised
from antiphon.wire.visibility import shown

_PAGE_EVENTS: Final = 64


async def told_before(
    responses: Responses, tenant: str, stored: StoredResponse, include: Collection[str]
) -> list[Event]:
    """The events of a stored answer: those that were sent or, where none were, those that it would have been told by.

    `include` is for the latter alone: what was sent is repeated as it was.
    """
    frames = await responses.frames(tenant, stored.id)
    if frames is None:
        return synthesised(shown(stored.body, include))
    return [event for frame in frames for event in events_of(frame)]


async def tell_again(events: Sequence[Event], sink: Sink) -> None:
    """Sends the events, some at a time, so that a slow reader is waited for."""
    for start in range(0, len(events), _PAGE_EVENTS):
        await sink(Chunk(tuple(events[start : start + _PAGE_EVENTS])))
