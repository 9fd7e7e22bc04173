"""Compaction: a conversation's past made short, on every provider.

Where the provider compacts itself, its item is wrapped in a blob of ours; elsewhere the model is asked for a summary.
What a client gets is always one opaque item, and the way back is `unfolded`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from antiphon.errors import BadRequest, GatewayError, UpstreamBroke
from antiphon.gateway.attempt import MAX_ANSWER_BYTES, MAX_REFUSAL_BYTES, Attempt, retry_after
from antiphon.gateway.continued import Continued
from antiphon.gateway.counting import Counter
from antiphon.gateway.delivery import Delivery
from antiphon.protocols import Sealer, Target, Turn, Windows
from antiphon.wire.compactions import (
    MARK,
    TRIGGER,
    opened_item,
    since_newest,
    summary_payload,
    user_messages,
    wrapped_payload,
)
from antiphon.wire.envelope import unverified
from antiphon.wire.events import Chunk, Outcome, narrowed
from antiphon.wire.requests import Item, Request, parse_request
from antiphon.wire.responses import encoded, opened
from antiphon.wire.trimming import groups_of, trimmed, unanswered
from antiphon.wire.usage import Usage, completed_usage

_FIELDS: Final = frozenset(
    {"model", "input", "instructions", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options"}
    | {"service_tier", "image"}
)
_SAME: Final = ("model", "instructions", "service_tier", "prompt_cache_key", "prompt_cache_retention")
"""What a request for a summary has from the request that it is made for."""

_OURS: Final = ("compaction", TRIGGER)
"""Items that no model reads as they are."""

_OK: Final = 200
_NOT_THERE: Final = frozenset({404, 405, 501})
"""What a provider answers that has no such endpoint after all."""

_PROMPT: Final = (
    "Write a summary of the conversation above, for a model that will carry it on without seeing it. Tell, as far as "
    "they came up: what the user wants, in the user's own words where they matter; constraints and preferences; what "
    "was decided, done and found out, with the exact names, numbers, paths and code that are needed again; what "
    "failed; what remains to be done, and the very next step. Answer with the summary alone: no tools, no introduction."
)
_LATEST: Final = "\n\nThe user's latest message, word for word:\n"

_encode: Final = msgspec.json.Encoder().encode
_usage: Final = msgspec.json.Decoder(Usage).decode


class Compacted(Struct, frozen=True):
    """A past made short: the one item it became, the whole window as its maker gives it, and what that cost."""

    item: Item
    window: list[Item]
    usage: Usage
    target: Target
    native: bool


class _Answer(Struct, frozen=True):
    output: list[Item]
    usage: Raw


_answer: Final = msgspec.json.Decoder(_Answer).decode

Bring = Callable[[Turn, Target], Awaitable[None]]
Ask = Callable[[Sequence[Target], Callable[[Target], Awaitable[Compacted]]], Awaitable[Compacted]]
"""Asks one target after the other, as the owner's policy of retries has it."""


def unfolded(turn: Turn, sealer: Sealer | None) -> None:
    """Makes the turn's context what the model is to read: everything since the newest compaction, that one opened.

    Raises BadRequest for a blob that cannot be opened.
    """
    history = turn.history
    if turn.request.body.find(MARK) < 0 and not (history and any(item.get("type") in _OURS for item in history)):
        return
    start, before = since_newest(turn.context), len(history)
    turn.compacts = any(item.get("type") == TRIGGER for item in turn.input)
    turn.kept = turn.input

    def read(chosen: list[Item]) -> list[Item]:
        return [_opened(item, turn, sealer) for item in chosen if item.get("type") != TRIGGER]

    turn.input = read(turn.input[max(0, start - before) :])
    turn.history = read(history[start:])


def _opened(item: Item, turn: Turn, sealer: Sealer | None) -> Item:
    if item.get("type") != "compaction":
        return item
    if sealer is None:
        raise unverified(str(item.get("encrypted_content")))
    opener = sealer
    return opened_item(item, lambda blob: opener.open(turn.caller.tenant, blob), turn.origins)


class Compactor:
    """Makes pasts short."""

    def __init__(
        self, sealer: Sealer | None, counter: Counter, windows: Windows | None, bring: Bring | None = None
    ) -> None:
        """Without a sealer nothing can be compacted; without windows nothing is trimmed.

        `bring` puts what a target reads in place of the names of files.
        """
        self._sealer = sealer
        self.counter = counter
        self._windows = windows
        self._bring = bring or _as_it_is

    async def compact(self, turn: Turn, targets: Sequence[Target], policy: Ask) -> Compacted:
        """The turn's whole context made short by the first target that can. Raises BadRequest or UpstreamError."""
        if not turn.context:
            raise BadRequest("There is nothing to compact: 'input' is missing or empty.", param="input")
        return await policy(targets, lambda target: self._compacted(turn, target))

    async def whole(self, turn: Turn, targets: Sequence[Target], policy: Ask) -> tuple[Target, Outcome]:
        """The answer to `compaction_trigger`: a response whose output is one compaction item."""
        made = await self.compact(turn, targets, policy)
        response = opened(
            turn.request,
            id=turn.id,
            created_at=turn.created_at,
            provider=made.target.provider,
            conversation=turn.conversation,
        )
        response = msgspec.structs.replace(
            response,
            status="completed",
            completed_at=int(turn.clock()),
            output=[made.item],
            service_tier=turn.request.service_tier or "default",
            usage=made.usage,
        )
        turn.target = made.target
        return made.target, Outcome("completed", encoded(response))

    async def ahead(self, turn: Turn, targets: Sequence[Target], policy: Ask) -> Sequence[Target]:
        """`context_management`: the targets, ready to go on after a compaction where the prompt is past the threshold.

        The count is our own, so that a request that stays below costs no call.
        """
        thresholds = [each.compact_threshold for each in turn.request.context_management or ()]
        threshold = min((each for each in thresholds if each is not None), default=None)
        if threshold is None or not targets or self._sealer is None:
            return targets
        items = turn.context
        groups = groups_of(items)
        number = unanswered(items, groups)
        if number == 0 or self.counter.counted_here(turn, targets[0]).tokens <= threshold:
            return targets
        made = await self.compact(turn, targets, policy)
        turn.kept = turn.input if turn.kept is None else turn.kept
        turn.history = [_opened(made.item, turn, self._sealer)]
        turn.input = items[groups[number].start :]
        able = [target for target in targets if not made.native or target.provider == made.target.provider]
        return [
            dataclasses.replace(target, dialect=Continued(target.dialect, made.item, made.usage)) for target in able
        ]

    async def trim(self, turn: Turn, target: Target, history: list[Item], given: list[Item]) -> None:
        """`truncation: auto`: leaves out the oldest items until the rest fits the target's window, if that is known.

        `history` and `given` are the turn's before any target was asked.
        """
        turn.history, turn.input, turn.notes = history, given, ()
        window = None if self._windows is None else await self._windows.context_window(target.name)
        if window is None:
            return
        room = window - (turn.request.max_output_tokens or 0)
        counts = self.counter.counts_left(turn, target)
        dropped = trimmed(turn.context, lambda start: counts[start] <= room)
        if dropped:
            turn.kept = given if turn.kept is None else turn.kept
            turn.input = given[max(0, dropped - len(history)) :]
            turn.history = history[dropped:]
            turn.notes = (f"{dropped} of the oldest items were left out to fit the context window of {target.name}.",)

    async def _compacted(self, turn: Turn, target: Target) -> Compacted:
        made = None if target.post_compact is None else await self._by_provider(turn, target)
        return made or await self._by_summary(turn, target)

    async def _by_provider(self, turn: Turn, target: Target) -> Compacted | None:
        """By the provider's own endpoint; None where it has none after all."""
        if target.post_compact is None:
            return None
        read = msgspec.structs.replace(turn)
        await self._bring(read, target)
        body = narrowed(target.dialect.build(read, target).body, _FIELDS)
        reply = await target.post_compact(body, streamed=False)
        whole = False
        try:
            if reply.status != _OK:
                refused = await reply.read(MAX_REFUSAL_BYTES)
                whole = True
                if reply.status in _NOT_THERE:
                    return None
                raise target.dialect.refusal(reply.status, refused, retry_after(reply))
            data = await reply.read(MAX_ANSWER_BYTES)
            whole = True
        finally:
            reply.release(linger=whole)
        return self._wrapped(turn, target, data)

    def _wrapped(self, turn: Turn, target: Target, data: bytes) -> Compacted:
        """The provider's window, its blob in an envelope of ours."""
        try:
            answer = _answer(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise UpstreamBroke(f"{target.provider} compacted into something that is no list of items.") from None
        window: list[Item] = []
        made: Item | None = None
        for item in answer.output:
            blob: Any = item.get("encrypted_content")
            if item.get("type") == "compaction" and isinstance(blob, str) and blob:
                identifier = str(item.get("id") or turn.new_id("cmp"))
                payload = wrapped_payload(target.provider, target.model, blob, identifier)
                made = {**item, "id": identifier, "encrypted_content": self._seal(turn, payload)}
                window.append(made)
            else:
                window.append(item)
        if made is None:
            raise UpstreamBroke(f"{target.provider} compacted without a compaction item.")
        return Compacted(made, window, _usage(completed_usage(answer.usage)), target, native=True)

    async def _by_summary(self, turn: Turn, target: Target) -> Compacted:
        """By asking the model for a summary, as any request would."""
        asking = _summary_turn(turn)
        await self._bring(asking, target)
        outcome = await Attempt(asking, target, Delivery(asking, _nowhere), _keep_nothing, 0.0).run()
        answer = _answer(outcome.body)
        text = "".join(_said(answer.output)).strip()
        if not text:
            raise UpstreamBroke(f"{target.provider} was asked for a summary and gave none.")
        payload = summary_payload(target.provider, target.model, text + _latest(turn.context))
        item: Item = {"id": turn.new_id("cmp"), "type": "compaction", "encrypted_content": self._seal(turn, payload)}
        window = [*user_messages(turn.context), item]
        return Compacted(item, window, _usage(answer.usage), target, native=False)

    def _seal(self, turn: Turn, payload: bytes) -> str:
        if self._sealer is None:
            raise GatewayError("Nothing can be compacted here, since nothing can be sealed.")
        return self._sealer.seal(turn.caller.tenant, payload)


def _summary_turn(turn: Turn) -> Turn:
    """The turn that asks for a summary: the same context, without reasoning that only its model can use."""
    given = turn.request
    fields = {name: value for name in _SAME if (value := getattr(given, name)) is not None}
    request: Request = parse_request(_encode({**fields, "input": [], "store": False}))
    content = [{"type": "input_text", "text": _PROMPT}]
    return Turn(
        id=turn.new_id("resp"),
        created_at=turn.created_at,
        caller=turn.caller,
        request=request,
        input=[{"type": "message", "id": turn.new_id("msg"), "role": "user", "content": content}],
        new_id=turn.new_id,
        clock=turn.clock,
        history=[item for item in turn.context if item.get("type") != "reasoning"],
        origins=turn.origins,
    )


def _said(output: Sequence[Item]) -> list[str]:
    """The texts of messages."""
    parts: list[Any] = [part for item in output if item.get("type") == "message" for part in item.get("content") or ()]
    return [part["text"] for part in parts if isinstance(part.get("text"), str)]


def _latest(context: Sequence[Item]) -> str:
    """What the user said last, where work has gone on since: it must not depend on how well a model sums up."""
    said = user_messages(context)
    if not said or context[-1].get("role") == "user":
        return ""
    text = "\n".join(_said(said[-1:]))
    return _LATEST + text if text else ""


async def _as_it_is(_turn: Turn, _target: Target) -> None:
    """What is to be read where nobody brings anything."""


async def _nowhere(_: Chunk) -> None:
    """The sink of an answer that nobody sees."""


async def _keep_nothing(_outcome: Outcome, _last: Chunk | None) -> None:
    """A summary is stored as part of the answer it was asked for, if at all."""
