"""A turn's whole life on one page: open, ask, deliver, keep.

Before the first event has left, failures are exceptions and another attempt may take over; after it they are events.
What is acknowledged is stored: the terminal event, or the whole answer, leaves only once it is safe on disk.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from antiphon.downloads import Downloads
from antiphon.errors import AntiphonError, BadRequest, GatewayError, JobLost, UpstreamRefused
from antiphon.gateway.asking import ask
from antiphon.gateway.attachments import Attachments
from antiphon.gateway.attempt import Attempt
from antiphon.gateway.compact import Compactor, unfolded
from antiphon.gateway.conversations import ConversationDesk
from antiphon.gateway.counting import Counter
from antiphon.gateway.delivery import Delivery
from antiphon.gateway.history import Lineage, lineage_of, new_items, not_found, output_of
from antiphon.gateway.leases import fenced
from antiphon.gateway.live import LiveAnswers
from antiphon.gateway.materials import Materials
from antiphon.gateway.prompts import PromptLibrary, unknown_prompt
from antiphon.gateway.references import resolve
from antiphon.gateway.retries import RetryPolicy
from antiphon.gateway.warm_up import warmed_up
from antiphon.kept import StoredItems
from antiphon.protocols import Ancestry, Caller, Clock, Responses, Router, Sealer, Sink, StoredTurn, Target, Turn
from antiphon.wire.events import Chunk, Outcome
from antiphon.wire.ids import NewId, named_after
from antiphon.wire.requests import Item, PromptRef, Request
from antiphon.wire.synthesis import synthesised

_logger: Final = logging.getLogger("antiphon.gateway")
_SECONDS_PER_DAY: Final = 86_400
T = TypeVar("T")
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


class Means(Struct, frozen=True):
    """What some requests need beside providers and responses. What is None is not there: nothing of it is found."""

    prompts: PromptLibrary | None = None
    items: StoredItems | None = None
    sealer: Sealer | None = None
    compactor: Compactor | None = None
    downloads: Downloads | None = None
    attachments: Attachments | None = None


class Gateway:
    """Answers turns. Knows no provider, no SQL and no HTTP."""

    def __init__(
        self,
        router: Router,
        responses: Responses,
        policy: Policy,
        surroundings: Surroundings,
        conversations: ConversationDesk,
        means: Means | None = None,
    ) -> None:
        """Opens nothing: everything it needs is handed in."""
        self.router = router
        self._responses = responses
        self._conversations = conversations
        self.policy = policy
        self.surroundings = surroundings
        self._means = means or Means()
        self._materials = Materials(self._means.downloads)
        self.live = LiveAnswers()
        self.compactor = self._means.compactor or Compactor(self._means.sealer, Counter(), None)

    async def open(
        self, request: Request, caller: Caller, ancestry: Ancestry | None = None, response_id: str | None = None
    ) -> Turn:
        """The turn that a request asks for, its history resolved, its conversation held. Raises BadRequest or NotFound.

        `ancestry` is asked for the chain in place of the store; `response_id` is what the answer is to be called, if
        that was decided before. A turn that was opened must be answered: that lets go of its conversation.
        """
        surroundings = self.surroundings
        if request.prompt is not None:
            request = await self._rendered(request, request.prompt, caller)
        _check_supported(request)
        references: list[Item] = []
        turn = Turn(
            id=response_id or surroundings.new_id("resp"),
            created_at=int(surroundings.clock()),
            caller=caller,
            request=request,
            input=new_items(request, surroundings.new_id, references),
            new_id=surroundings.new_id,
            clock=surroundings.clock,
            strict=self.is_strict(request),
        )
        try:
            if request.previous_response_id is not None or request.conversation is not None:
                await self._precede(turn, ancestry)
            else:
                self._name_conversation(turn)
            if references:
                await resolve(turn, references, self._means.items)
            unfolded(turn, self._means.sealer)
        except BaseException:
            await _leave(turn)
            raise
        return turn

    async def resolve(self, turn: Turn) -> None:
        """Gives a turn that was made again what it had when it was opened. Raises as `open`."""
        await self._precede(turn, None)
        unfolded(turn, self._means.sealer)

    async def _precede(self, turn: Turn, ancestry: Ancestry | None) -> None:
        """Gives a turn everything that was said before it, and the conversation that it names."""
        request = turn.request
        lineage = None
        if request.previous_response_id is not None:
            lineage = await self._lineage(turn.caller, request.previous_response_id, ancestry)
            turn.history, turn.origins = lineage.items, lineage.origins
            turn.conversation = None if lineage.leaves else lineage.conversation_id
        if request.conversation is not None:
            named = request.conversation
            await self._conversations.enter(turn, named if isinstance(named, str) else named.id, lineage)
        self._name_conversation(turn)

    async def context_before(self, tenant: str, parent_id: str) -> list[Item]:
        """Everything that a response which goes on from `parent_id` read before its own input, as far as it is kept."""
        return await self._conversations.before(tenant, parent_id)

    async def answer(self, turn: Turn, sink: Sink) -> Outcome:
        """Answers the turn into `sink`, or, where the client does not stream, by what it returns.

        Raises AntiphonError only while nothing has been sent; later the sink gets `error` and `response.failed`.
        """
        delivery = Delivery(turn, sink)
        task = self.live.begin(turn, delivery)
        try:
            if turn.hold is not None and turn.begun is None:
                turn.hold.begin()
            return await self._ask(turn, delivery)
        except JobLost:
            raise
        except AntiphonError as error:
            return await self._fail(turn, delivery, error)
        except asyncio.CancelledError:
            reason = self.live.reason(task)
            if reason is None or task is None:
                raise
            task.uncancel()
            return await self._fail(turn, delivery, reason)
        except Exception:  # whoever has begun to read an answer gets its end, whatever broke
            if not delivery.opened:
                raise
            _logger.exception("response %s broke", turn.id)
            message = "The gateway failed while it passed the answer on. Its operator finds the cause in the log."
            return await self._fail(turn, delivery, GatewayError(message))
        finally:
            self.live.end(turn, task)
            delivery.count()
            if turn.hold is not None:
                await _leave(turn)

    async def give_up(self, turn: Turn, sink: Sink, error: AntiphonError) -> Outcome:
        """Ends an answer that has begun already and cannot be gone on with."""
        return await self._fail(turn, Delivery(turn, sink), error)

    def is_strict(self, request: Request) -> bool:
        """Whether what a target cannot express is refused."""
        return self.policy.strict if request.strict is None else request.strict

    async def warm_up(self, turn: Turn, sink: Sink) -> Outcome:
        """Answers the turn with nothing, and asks nobody: its input can be gone on from. Raises AntiphonError."""
        try:
            target = (await self.router.targets(turn.request.model or "", turn.request.wanted_provider))[0]
            outcome, chunk = warmed_up(turn, target)
            delivery = Delivery(turn, sink)
            await self._keep(turn, target, delivery, outcome, chunk)
        finally:
            await _leave(turn)
        await delivery.end(chunk)
        return outcome

    async def _ask(self, turn: Turn, delivery: Delivery) -> Outcome:
        request, history, given = turn.request, turn.history, turn.input
        attachments = self._means.attachments

        async def attempt(target: Target) -> Outcome:
            delivery.forget()
            if request.truncation == "auto":
                await self.compactor.trim(turn, target, history, given)
            if attachments is not None and attachments.concern(turn):  # here, so that others need not wait for it
                await attachments.bring(turn, target)
            await self._materials.bring(turn, target)
            keep = partial(self._keep, turn, target, delivery)
            try:
                return await Attempt(turn, target, delivery, keep, self.policy.hold_seconds).run()
            except UpstreamRefused as error:
                if delivery.output or not await self._missed(turn, target, error):
                    raise
            delivery.forget()
            await self.bring_files(turn, target)
            return await Attempt(turn, target, delivery, keep, self.policy.hold_seconds).run()

        targets = await self.router.targets(request.model or "", request.wanted_provider)
        if turn.compacts:
            return await self._compact(turn, targets, delivery)
        if request.context_management is not None:
            targets = await self.compactor.ahead(turn, targets, self.ask_quietly)
            history, given = turn.history, turn.input
        return await ask(targets, attempt, self.policy.retries, self.surroundings.random, lambda: delivery.output)

    async def bring_files(self, turn: Turn, target: Target) -> None:
        """Puts what the target reads in place of the names of files."""
        attachments = self._means.attachments
        if attachments is not None and attachments.concern(turn):
            await attachments.bring(turn, target)

    async def _missed(self, turn: Turn, target: Target, error: UpstreamRefused) -> bool:
        """Whether a provider may have refused since it lost a file, which can be brought there again."""
        attachments = self._means.attachments
        return turn.lent is not None and attachments is not None and await attachments.missed(turn, target, error)

    async def ask_quietly(self, targets: Sequence[Target], attempt: Callable[[Target], Awaitable[T]]) -> T:
        """What the first target to succeed gives, where nothing of it is sent before it is whole."""
        return await ask(targets, attempt, self.policy.retries, self.surroundings.random, lambda: False)

    async def _compact(self, turn: Turn, targets: Sequence[Target], delivery: Delivery) -> Outcome:
        """The answer to `compaction_trigger`."""
        target, outcome = await self.compactor.whole(turn, targets, self.ask_quietly)
        delivery.provider = target.provider
        last = Chunk(tuple(synthesised(outcome.body))) if turn.request.stream else None
        await self._keep(turn, target, delivery, outcome, last)
        if last is not None:
            await delivery.end(last)
        return outcome

    async def _fail(self, turn: Turn, delivery: Delivery, error: AntiphonError) -> Outcome:
        """Ends an answer that has begun; one that has not is left to its caller."""
        if not delivery.opened:
            raise error
        last, outcome = delivery.failure(error)
        if (turn.target is not None or turn.begun is not None) and error.code != "store_unavailable":
            try:
                await self._keep(turn, turn.target, delivery, outcome, last)
            except GatewayError as lost:
                last, outcome = delivery.failure(lost)
        await delivery.end(last)
        return outcome

    async def _keep(
        self, turn: Turn, target: Target | None, delivery: Delivery, outcome: Outcome, last: Chunk | None
    ) -> None:
        request = turn.request
        if not request.stored:
            return
        save = self._responses.save if turn.begun is None else turn.begun.save
        hold = turn.hold
        provider = delivery.provider if target is None else target.provider
        await save(
            StoredTurn(
                id=turn.id,
                tenant=turn.caller.tenant,
                parent_id=request.previous_response_id if hold is None else hold.view.reference,
                conversation_id=turn.conversation,
                created_at=turn.created_at,
                expires_at=self.expiry(turn),
                status=outcome.status,
                model=(request.model or "") if target is None else target.name,
                provider=provider,
                upstream_id=outcome.upstream_id,
                input=_encode(turn.own),
                body=outcome.body,
                frames=None if last is None else delivery.record(last),
                along=turn.fence if hold is None else fenced(turn, hold.ending(turn.own, _said(outcome), provider)),
            )
        )
        if hold is not None:
            hold.kept()

    def expiry(self, turn: Turn) -> int | None:
        """From which second in Unix time on what is kept of the turn no longer exists."""
        retention = self.policy.retention_days
        return None if retention is None else turn.created_at + retention * _SECONDS_PER_DAY

    async def _rendered(self, request: Request, prompt: PromptRef, caller: Caller) -> Request:
        prompts = self._means.prompts
        if prompts is None:
            raise unknown_prompt(prompt.id, "prompt")
        return await prompts.render(request, prompt, caller.tenant)

    async def _lineage(self, caller: Caller, response_id: str, ancestry: Ancestry | None) -> Lineage:
        ancestors = await (ancestry or self._responses.lineage)(caller.tenant, response_id)
        if not ancestors:
            raise not_found(response_id)
        lineage = lineage_of(ancestors)
        if ancestors[0].view is not None:
            return await self._conversations.rooted(caller.tenant, lineage, ancestors[0].view)
        return lineage

    def _name_conversation(self, turn: Turn) -> None:
        """A turn without a conversation begins one, which is named after it."""
        if turn.conversation is None and turn.request.stored and self.policy.implicit_conversation:
            turn.conversation = named_after(turn.id, "conv")


async def _leave(turn: Turn) -> None:
    """Lets go of the turn's conversation. One that is answered in the background is let go when its job ends."""
    if turn.hold is not None and turn.begun is None:
        await turn.hold.leave()


def _said(outcome: Outcome) -> list[Item] | None:
    """What a turn adds to its conversation beside its input; None where it has not ended well, and adds nothing."""
    return output_of(outcome.body) if outcome.status in ("completed", "incomplete") else None


def _check_supported(request: Request) -> None:
    if request.background and not request.stored:
        raise BadRequest("Background mode requires store=true.", param="background", code="unsupported_parameter")
