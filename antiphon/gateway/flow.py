"""A turn's whole life on one page: open, ask, deliver, keep.

Before the first event has left, failures are exceptions and another attempt may take over; after it they are events.
What is acknowledged is stored: the terminal event, or the whole answer, leaves only once it is safe on disk.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct

from antiphon.errors import AntiphonError, BadRequest, GatewayError, ShuttingDown
from antiphon.gateway.asking import ask
from antiphon.gateway.attempt import Attempt
from antiphon.gateway.conversations import ConversationDesk
from antiphon.gateway.delivery import Delivery
from antiphon.gateway.history import Lineage, lineage_of, new_items, not_found, output_of
from antiphon.gateway.live import LiveAnswers
from antiphon.gateway.retries import RetryPolicy
from antiphon.protocols import Caller, Clock, Responses, Router, Sink, StoredTurn, Target, Turn
from antiphon.wire.events import Chunk, Outcome
from antiphon.wire.ids import NewId, named_after
from antiphon.wire.requests import Item, Request

_logger: Final = logging.getLogger("antiphon.gateway")
_SECONDS_PER_DAY: Final = 86_400
_encode: Final = msgspec.json.Encoder().encode


class Policy(Struct, frozen=True):
    """What the owner decides about every turn. `retention_days` of None keeps responses for ever."""

    retries: RetryPolicy = RetryPolicy()
    retention_days: int | None = 30
    implicit_conversation: bool = True
    strict: bool = False
    hold_seconds: float = 0.2


class Surroundings(Struct, frozen=True):
    """Time, chance and identity, brought in so that a test can hold them still."""

    clock: Clock
    new_id: NewId
    random: Callable[[], float]


class Gateway:
    """Answers turns. Knows no provider, no SQL and no HTTP."""

    def __init__(
        self,
        router: Router,
        responses: Responses,
        policy: Policy,
        surroundings: Surroundings,
        conversations: ConversationDesk,
    ) -> None:
        """Opens nothing: everything it needs is handed in."""
        self.router = router
        self._responses = responses
        self._conversations = conversations
        self.policy = policy
        self._surroundings = surroundings
        self.live = LiveAnswers()

    async def open(self, request: Request, caller: Caller) -> Turn:
        """The turn that a request asks for, its history resolved, its conversation held. Raises BadRequest or NotFound.

        A hold lapses by itself if the turn is never answered.
        """
        surroundings = self._surroundings
        _check_supported(request)
        lineage = None
        if request.previous_response_id is not None:
            lineage = await self._lineage(caller, request.previous_response_id)
        identifier = surroundings.new_id("resp")
        turn = Turn(
            id=identifier,
            created_at=int(surroundings.clock()),
            caller=caller,
            request=request,
            input=new_items(request, surroundings.new_id),
            new_id=surroundings.new_id,
            clock=surroundings.clock,
            history=[] if lineage is None else lineage.items,
            origins={} if lineage is None else lineage.origins,
            conversation=self._conversation(request, identifier, lineage),
            strict=self.policy.strict if request.strict is None else request.strict,
        )
        if request.conversation is not None:
            named = request.conversation
            await self._conversations.enter(turn, named if isinstance(named, str) else named.id, lineage)
        return turn

    async def context_before(self, tenant: str, parent_id: str) -> list[Item]:
        """Everything that a response which goes on from `parent_id` read before its own input, as far as it is kept."""
        return await self._conversations.before(tenant, parent_id)

    async def answer(self, turn: Turn, sink: Sink) -> Outcome:
        """Answers the turn into `sink`, or, where the client does not stream, by what it returns.

        Raises AntiphonError only while nothing has been sent; later the sink gets `error` and `response.failed`.
        """
        delivery = Delivery(turn, sink)
        task = self.live.begin(turn, delivery)
        if turn.hold is not None:
            turn.hold.begin()
        try:
            return await self._ask(turn, delivery)
        except AntiphonError as error:
            return await self._fail(turn, delivery, error)
        except asyncio.CancelledError:
            if not self.live.ending or task is None:
                raise
            task.uncancel()
            return await self._fail(turn, delivery, ShuttingDown("The gateway is shutting down; please retry."))
        except Exception:  # whoever has begun to read an answer gets its end, whatever broke
            if not delivery.opened:
                raise
            _logger.exception("response %s broke", turn.id)
            message = "The gateway failed while it passed the answer on. Its operator finds the cause in the log."
            return await self._fail(turn, delivery, GatewayError(message))
        finally:
            self.live.end(turn, task)
            if turn.hold is not None:
                await turn.hold.leave()

    async def _ask(self, turn: Turn, delivery: Delivery) -> Outcome:
        async def attempt(target: Target) -> Outcome:
            delivery.forget()
            keep = partial(self._keep, turn, target, delivery)
            return await Attempt(turn, target, delivery, keep, self.policy.hold_seconds).run()

        targets = await self.router.targets(turn.request.model or "", turn.request.wanted_provider)
        return await ask(targets, attempt, self.policy.retries, self._surroundings.random, lambda: delivery.output)

    async def _fail(self, turn: Turn, delivery: Delivery, error: AntiphonError) -> Outcome:
        """Ends an answer that has begun; one that has not is left to its caller."""
        if not delivery.opened:
            raise error
        last, outcome = delivery.failure(error)
        if turn.target is not None and error.code != "store_unavailable":
            try:
                await self._keep(turn, turn.target, delivery, outcome, last)
            except GatewayError as lost:
                last, outcome = delivery.failure(lost)
        await delivery.end(last)
        return outcome

    async def _keep(self, turn: Turn, target: Target, delivery: Delivery, outcome: Outcome, last: Chunk | None) -> None:
        request = turn.request
        if not request.stored:
            return
        retention = self.policy.retention_days
        hold = turn.hold
        await self._responses.save(
            StoredTurn(
                id=turn.id,
                tenant=turn.caller.tenant,
                parent_id=request.previous_response_id if hold is None else hold.view.reference,
                conversation_id=turn.conversation,
                created_at=turn.created_at,
                expires_at=None if retention is None else turn.created_at + retention * _SECONDS_PER_DAY,
                status=outcome.status,
                model=target.name,
                provider=target.provider,
                upstream_id=outcome.upstream_id,
                input=_encode(turn.input),
                body=outcome.body,
                frames=None if last is None else delivery.record(last),
                along=None if hold is None else hold.ending(_said(outcome), target.provider),
            )
        )
        if hold is not None:
            hold.kept()

    async def _lineage(self, caller: Caller, response_id: str) -> Lineage:
        ancestors = await self._responses.lineage(caller.tenant, response_id)
        if not ancestors:
            raise not_found(response_id)
        lineage = lineage_of(ancestors)
        if ancestors[0].view is not None:
            return await self._conversations.rooted(caller.tenant, lineage, ancestors[0].view)
        return lineage

    def _conversation(self, request: Request, identifier: str, lineage: Lineage | None) -> str | None:
        """The conversation of a turn that names none: its chain's, or one that is named after the turn itself."""
        inherited = None if lineage is None or lineage.leaves else lineage.conversation_id
        if inherited is None and request.stored and self.policy.implicit_conversation:
            return named_after(identifier, "conv")
        return inherited


def _said(outcome: Outcome) -> list[Item] | None:
    """What a turn adds to its conversation beside its input; None where it has not ended well, and adds nothing."""
    return output_of(outcome.body) if outcome.status in ("completed", "incomplete") else None


def _check_supported(request: Request) -> None:
    if request.background:
        if not request.stored:
            raise BadRequest("Background mode requires store=true.", param="background", code="unsupported_parameter")
        message = "Background mode is not available here; leave 'background' out and stream instead."
        raise BadRequest(message, param="background", code="unsupported_parameter")
