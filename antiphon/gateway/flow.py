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

from antiphon.errors import AntiphonError, BadRequest, GatewayError, NotFound, ShuttingDown
from antiphon.gateway.asking import ask
from antiphon.gateway.attempt import Attempt
from antiphon.gateway.delivery import Delivery
from antiphon.gateway.history import Lineage, lineage_of, new_items, not_found
from antiphon.gateway.live import LiveAnswers
from antiphon.gateway.prompts import PromptLibrary, unknown_prompt
from antiphon.gateway.references import resolve
from antiphon.gateway.retries import RetryPolicy
from antiphon.kept import StoredItems
from antiphon.protocols import Caller, Clock, Responses, Router, Sink, StoredTurn, Target, Turn
from antiphon.wire.events import Chunk, Outcome
from antiphon.wire.ids import NewId
from antiphon.wire.requests import Item, PromptRef, Request

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


class Kept(Struct, frozen=True):
    """What requests may name beside responses. What is None is not there, so that nothing of it is found."""

    prompts: PromptLibrary | None = None
    items: StoredItems | None = None


class Gateway:
    """Answers turns. Knows no provider, no SQL and no HTTP."""

    def __init__(
        self,
        router: Router,
        responses: Responses,
        policy: Policy,
        surroundings: Surroundings,
        kept: Kept | None = None,
    ) -> None:
        """Opens nothing: everything it needs is handed in."""
        self.router = router
        self._responses = responses
        self.policy = policy
        self.surroundings = surroundings
        self._kept = kept or Kept()
        self.live = LiveAnswers()

    async def open(self, request: Request, caller: Caller, response_id: str | None = None) -> Turn:
        """The turn that a request asks for, its history resolved. Raises BadRequest or NotFound.

        `response_id` is what the answer is to be called, if that was decided before.
        """
        surroundings = self.surroundings
        if request.prompt is not None:
            request = await self._rendered(request, request.prompt, caller)
        _check_supported(request)
        lineage = None
        if request.previous_response_id is not None:
            lineage = await self._lineage(caller, request.previous_response_id)
        references: list[Item] = []
        turn = Turn(
            id=response_id or surroundings.new_id("resp"),
            created_at=int(surroundings.clock()),
            caller=caller,
            request=request,
            input=new_items(request, surroundings.new_id, references),
            new_id=surroundings.new_id,
            clock=surroundings.clock,
            history=[] if lineage is None else lineage.items,
            origins={} if lineage is None else lineage.origins,
            conversation=self._conversation(request, lineage),
            strict=self.policy.strict if request.strict is None else request.strict,
        )
        if references:
            await resolve(turn, references, self._kept.items)
        return turn

    async def answer(self, turn: Turn, sink: Sink) -> Outcome:
        """Answers the turn into `sink`, or, where the client does not stream, by what it returns.

        Raises AntiphonError only while nothing has been sent; later the sink gets `error` and `response.failed`.
        """
        delivery = Delivery(turn, sink)
        task = self.live.begin(turn, delivery)
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

    async def _ask(self, turn: Turn, delivery: Delivery) -> Outcome:
        async def attempt(target: Target) -> Outcome:
            delivery.forget()
            keep = partial(self._keep, turn, target, delivery)
            return await Attempt(turn, target, delivery, keep, self.policy.hold_seconds).run()

        targets = await self.router.targets(turn.request.model or "", turn.request.wanted_provider)
        return await ask(targets, attempt, self.policy.retries, self.surroundings.random, lambda: delivery.output)

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
        await self._responses.save(
            StoredTurn(
                id=turn.id,
                tenant=turn.caller.tenant,
                parent_id=request.previous_response_id,
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
            )
        )

    async def _rendered(self, request: Request, prompt: PromptRef, caller: Caller) -> Request:
        prompts = self._kept.prompts
        if prompts is None:
            raise unknown_prompt(prompt.id, "prompt")
        return await prompts.render(request, prompt, caller.tenant)

    async def _lineage(self, caller: Caller, response_id: str) -> Lineage:
        ancestors = await self._responses.lineage(caller.tenant, response_id)
        if not ancestors:
            raise not_found(response_id)
        return lineage_of(ancestors)

    def _conversation(self, request: Request, lineage: Lineage | None) -> str | None:
        """The conversation of the turn: its chain's, or a new one where every stored response shall have one."""
        inherited = None if lineage is None else lineage.conversation_id
        asked = request.conversation
        if asked is not None:
            asked_id = asked if isinstance(asked, str) else asked.id
            if lineage is None:
                raise NotFound(f"Conversation with id '{asked_id}' not found.", param="conversation")
            if asked_id != inherited:
                message = "Mutually exclusive parameters: 'conversation' and 'previous_response_id'."
                raise BadRequest(message, param="conversation", code="mutually_exclusive_parameters")
        if not request.stored:
            return inherited
        if inherited is None and self.policy.implicit_conversation:
            return self.surroundings.new_id("conv")
        return inherited


def _check_supported(request: Request) -> None:
    if request.background:
        if not request.stored:
            raise BadRequest("Background mode requires store=true.", param="background", code="unsupported_parameter")
        message = "Background mode is not available here; leave 'background' out and stream instead."
        raise BadRequest(message, param="background", code="unsupported_parameter")
