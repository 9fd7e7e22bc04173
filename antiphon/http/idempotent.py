"""`POST /v1/responses` with an `Idempotency-Key`: the client follows an answer that is not its own."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from antiphon.errors import NotFound
from antiphon.gateway.idempotency import Answering, Idempotency
from antiphon.http.background import BackgroundEndpoints
from antiphon.http.call import Call
from antiphon.http.records import note_failed, note_usage
from antiphon.http.replaying import tell_again, told_before
from antiphon.http.streams import EventStream, Heartbeat
from antiphon.http.watch import ClientWatch
from antiphon.jobs import IN_FLIGHT
from antiphon.protocols import Responses
from antiphon.wire.requests import SEALED, Request
from antiphon.wire.visibility import shown, shown_outcome

IDEMPOTENCY_KEY: Final = b"idempotency-key"


class IdempotentCreate:
    """The handler."""

    def __init__(
        self,
        idempotency: Idempotency,
        responses: Responses,
        background: BackgroundEndpoints,
        heartbeat: Heartbeat,
        *,
        done_marker: bool,
    ) -> None:
        """Opens nothing."""
        self._idempotency = idempotency
        self._responses = responses
        self._heartbeat = heartbeat
        self._background = background
        self._group = heartbeat.group
        self._done_marker = done_marker

    async def __call__(self, call: Call, request: Request) -> None:
        """Answers as the first request under the key was answered, or is being answered."""
        key = (call.header(IDEMPOTENCY_KEY) or b"").decode("latin-1")
        answering, first = self._idempotency.answer(call.known_caller, key, request)
        stream = EventStream(call, self._heartbeat, done_marker=self._done_marker)
        try:
            with ClientWatch(call, self._group):
                await answering.begun()
                call.turn = answering.turn
                if request.stream:
                    await answering.follow(stream)
                await answering.whole()
            await self._conclude(call, request, answering, stream)
        finally:
            stream.close()
        if answering.outcome is not None:
            note = note_usage if first else note_failed
            note(call, answering.outcome)

    async def _conclude(self, call: Call, request: Request, answering: Answering, stream: EventStream) -> None:
        """What is left to be told once the answer has ended."""
        if answering.error is not None:
            raise answering.error
        if answering.stored is not None:
            await self._repeat(call, request, answering.stored, stream)
        elif answering.outcome is not None and not request.stream:
            await call.reply(200, shown_outcome(answering.outcome, included_at_birth(request)))

    async def _repeat(self, call: Call, request: Request, response_id: str, stream: EventStream) -> None:
        """A stored answer as it was given: the body, or the very frames; one in the background as it is now."""
        stored = await self._responses.get(call.tenant, response_id)
        if stored is None:  # it was deleted since it was looked for
            raise NotFound(f"Response with id '{response_id}' not found.", code="response_not_found")
        running = stored.status in IN_FLIGHT
        if running and request.stream:
            await self._background.follow(call, response_id, -1)
            return
        if running:
            await self._background.show(call, stored, included_at_birth(request))
            return
        if not request.stream:
            await call.reply(200, shown(stored.body, included_at_birth(request)))
            return
        include = included_at_birth(request)
        await tell_again(await told_before(self._responses, call.tenant, stored, include), stream)


def included_at_birth(request: Request) -> Collection[str]:
    """What the create answer shows. Sealed reasoning is always shown where only the client keeps it (spec 6.5)."""
    asked: list[str] = [*(request.include or ())]
    return asked if request.stored else [*asked, SEALED]
