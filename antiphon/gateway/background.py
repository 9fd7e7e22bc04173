"""Answers in the background, as clients see them: asked for, looked at, followed, cancelled.

Law: a connection is never the owner of such an answer; whoever leaves may come back, to any process.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from antiphon.errors import BadRequest, NotFound, RateLimited
from antiphon.gateway.bells import heard
from antiphon.gateway.desk import Desk
from antiphon.gateway.leases import fenced
from antiphon.gateway.worker import Worker
from antiphon.jobs import IN_FLIGHT, Page, Queued
from antiphon.protocols import Sink, StoredResponse, StoredTurn, Turn
from antiphon.wire.assembly import events_of
from antiphon.wire.events import TERMINAL, Chunk
from antiphon.wire.lifecycle import is_background, queued, so_far
from antiphon.wire.responses import opened
from antiphon.wire.synthesis import error_event

_encode: Final = msgspec.json.Encoder().encode
_RETRY_SECONDS: Final = 5.0
_AT_HOME_SECONDS: Final = 5.0
"""A follower in the process that gives the answer is woken; it looks by itself only in case that fails."""

_PAGE_EVENTS: Final = 256

_STOPPING: Final = {
    "type": "server_error",
    "code": "server_error",
    "message": "The gateway is shutting down; follow the answer again.",
}


class Background:
    """The client's side. `worker` is the process's own, which is told what it would else find out by itself."""

    def __init__(self, desk: Desk, worker: Worker) -> None:
        """Opens nothing."""
        self._desk = desk
        self._worker = worker

    async def add(self, turn: Turn) -> bytes:
        """Stores the turn to be answered later: the response as it is then.

        Raises what would be an HTTP error if the answer were waited for, as far as that can be known; RateLimited.
        """
        try:
            return await self._add(turn)
        except BaseException:
            if turn.hold is not None:
                await turn.hold.leave()
            raise

    async def shown(self, tenant: str, stored: StoredResponse) -> tuple[bytes, bool]:
        """The response object of an answer that was queued or in progress, as it is now, and whether it still is.

        Finished items are in it.
        """
        frames: list[bytes] = []
        after = -1
        while (page := await self._desk.journal.page(tenant, stored.id, after)) is not None:
            if page.status not in IN_FLIGHT:
                ended = await self._desk.responses.get(tenant, stored.id)
                return (stored if ended is None else ended).body, False
            frames += page.frames
            if not page.more:
                return so_far(stored.body, page.status, frames), True
            after = _last(page)
        return stored.body, False

    async def cancel(self, tenant: str, response_id: str) -> bytes:
        """The response, cancelled now or before. Raises NotFound, and BadRequest for what cannot be cancelled."""
        desk = self._desk
        clears = desk.policy.cancel_clears_output
        response = await desk.jobs.cancel(tenant, response_id, clears_output=clears)
        if response is None:
            raise NotFound(f"Response with id '{response_id}' not found.", code="response_not_found")
        if response.status != "cancelled":
            if not is_background(response.body):
                raise BadRequest("Cannot cancel a synchronous response.")
            raise BadRequest(f"Cannot cancel a {response.status} response.")
        desk.bells.ring_off(response_id)
        return response.body

    async def follow(self, tenant: str, response_id: str, after: int, sink: Sink) -> bool:
        """Sends every event numbered above `after`, those to come too. Whether the terminal one was among them.

        Where this process stops before the answer ends, which goes on elsewhere, an `error` says so. It has the number
        of the event before it: whoever counts goes on behind that one.
        """
        desk = self._desk
        with desk.bells.listening(response_id) as bell:
            while True:
                bell.clear()
                page = await desk.journal.page(tenant, response_id, after)
                if page is None:
                    return False
                if page.status not in IN_FLIGHT:
                    frames = await desk.responses.frames(tenant, response_id) or []
                    return await _send(frames, after, sink) in TERMINAL
                await _send(page.frames, after, sink)
                after = max(after, _last(page))
                if page.more:
                    continue
                at_home = desk.gateway.live.find(tenant, response_id) is not None
                if self._worker.stopping and not at_home:
                    await sink(Chunk((error_event(after, _STOPPING),)))
                    return False
                await heard(bell, _AT_HOME_SECONDS if at_home else desk.policy.follow_seconds)

    async def _add(self, turn: Turn) -> bytes:
        desk, request = self._desk, turn.request
        targets = await desk.gateway.router.targets(request.model or "", request.wanted_provider)
        turn.target = targets[0]
        built = turn.target.dialect.build(turn, turn.target)
        turn.warnings, turn.transformations = built.warnings, built.transformations
        opening = opened(
            request,
            id=turn.id,
            created_at=turn.created_at,
            provider=turn.target.provider,
            conversation=turn.conversation,
            transformations=turn.transformations,
        )
        body, frames = queued(opening)
        stored = StoredTurn(
            id=turn.id,
            tenant=turn.caller.tenant,
            parent_id=request.previous_response_id if turn.hold is None else turn.hold.view.reference,
            conversation_id=turn.conversation,
            created_at=turn.created_at,
            expires_at=desk.gateway.expiry(turn),
            status="queued",
            model=turn.target.name,
            provider=turn.target.provider,
            upstream_id=None,
            input=_encode(turn.own),
            body=body,
            frames=frames,
            along=turn.fence if turn.hold is None else fenced(turn, turn.hold.lasting()),
        )
        job = Queued(turn=stored, key_name=turn.caller.key_name, request=request.body)
        if not await desk.jobs.add(job, desk.policy.queued_per_tenant):
            most = desk.policy.queued_per_tenant
            message = f"You have {most} answers waiting in the background, the most that may. Wait until some are done."
            raise RateLimited(message, code="background_queue_full", retry_after=_RETRY_SECONDS)
        self._worker.nudge()
        if not self._worker.has_room:
            desk.bells.call()
        return body


def _last(page: Page) -> int:
    return events_of(page.frames[-1])[-1].number if page.frames else -1


async def _send(frames: Sequence[bytes], after: int, sink: Sink) -> str:
    """The type of the last event that was sent."""
    events = [event for event in events_of(b"".join(frames)) if event.number > after]
    for start in range(0, len(events), _PAGE_EVENTS):
        await sink(Chunk(tuple(events[start : start + _PAGE_EVENTS])))
    return events[-1].type if events else ""
