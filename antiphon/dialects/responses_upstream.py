"""Providers that speak the Responses API themselves: the identity, but for what only the gateway knows.

Law: an event or a member that needs no change keeps the upstream's own bytes.

The provider never keeps anything (`store: false` where it knows the field): history is Antiphon's, and a chain may go
on anywhere. Reasoning models that can seal their reasoning are asked to, so that a chain does not lose it; around their
seal goes the gateway's own, which says whose it is.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import Raw

from antiphon.dialects.losses import Losses
from antiphon.dialects.native_ids import with_known_id
from antiphon.dialects.native_pairs import check_pairs
from antiphon.dialects.native_seals import SEALED_MEMBER, NativeSeals, unsealed_item
from antiphon.dialects.one_call import OneCallReader, with_one_call
from antiphon.dialects.refusals import refusal
from antiphon.dialects.responses_fates import RESPONSES_FATES
from antiphon.dialects.responses_reader import ResponsesReader, finished
from antiphon.dialects.sealed import AS_IT_IS, AsItIs, Enclosing, Unsealing
from antiphon.errors import UpstreamBroke, UpstreamError
from antiphon.protocols import Built, Media, Pseudonym, Reader, Sealer, Target, Turn
from antiphon.wire.envelope import Envelope
from antiphon.wire.events import Outcome, narrowed, split_object
from antiphon.wire.faults import UNDECODABLE
from antiphon.wire.native import Opening
from antiphon.wire.requests import SEALED, Include, Item, Reasoning, Request
from antiphon.wire.responses import TransformationReason
from antiphon.wire.texts import paired

_encode: Final = msgspec.json.Encoder().encode

_OURS: Final = frozenset(
    {"background", "context_management", "conversation", "metadata", "previous_response_id", "prompt", "strict"}
)
"""Members that are about the gateway's own state: a provider must not see them."""

_EXTENSIONS: Final = ("stop", "top_k", "seed")
"""Members that the Responses API does not have."""

_OF_CHAT: Final = ("logit_bias", "prediction", "modalities", "audio")
"""Members that chat completions have and it has not; it would answer them with an error."""

_FOREIGN: Final = frozenset({*_EXTENSIONS, *_OF_CHAT})

_LEAST_OUTPUT: Final = 16
"""Tokens: OpenAI refuses to be asked for fewer, which clients of other APIs may."""

_PRIVATE: Final = frozenset({"prompt_cache_key", "safety_identifier", "user"})
"""Members that a provider may compare between requests: told under another name, so that tenants never meet there."""

_CHANGED: Final = _OURS | _PRIVATE

_COUNTED: Final = frozenset(
    {"model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "text", "reasoning"}
    | {"truncation", "personality"}
)
"""Members that `POST {base}/responses/input_tokens` takes."""

_NULL: Final = Raw(b"null")
_NOTHING: Final[frozenset[Media]] = frozenset()
_IMAGES: Final[frozenset[Media]] = frozenset({"image"})


class _Count(msgspec.Struct, frozen=True):
    input_tokens: int


_count: Final = msgspec.json.Decoder(_Count).decode


class InputTokens:
    """Implements `protocols.Counting` for `POST {base}/responses/input_tokens`."""

    def body(self, built: bytes, target: Target) -> bytes:
        return narrowed(built, _COUNTED)

    def tokens(self, answer: bytes) -> int | None:
        try:
            return _count(answer).input_tokens
        except UNDECODABLE:
            return None


class ResponsesUpstream:
    """Implements `protocols.UpstreamDialect` for `POST {base}/responses`."""

    name = "responses"
    counting = InputTokens()

    def __init__(self, sealer: Sealer, pseudonym: Pseudonym) -> None:
        """`sealer` says whose blobs are, `pseudonym` hides who the client's users are."""
        self._sealer = sealer
        self._pseudonym = pseudonym

    def build(self, turn: Turn, target: Target) -> Built:
        """The client's own body with the gateway's members taken out and the history put in.

        Raises BadRequest for the output of a tool that the chain never called.
        """
        if turn.history:
            check_pairs(turn)
        request = turn.request
        losses = Losses(strict=turn.strict, provider=target.provider, fates=RESPONSES_FATES, quirks=target.quirks)
        members: dict[str, Any] = request.members()
        for name in members.keys() & _CHANGED:
            if name in _OURS:
                del members[name]
            elif value := getattr(request, name):
                members[name] = self._pseudonym(turn.caller.tenant, value)
        if not isinstance(request.provider, dict):
            members.pop("provider", None)
        members["model"] = target.model
        members["stream"] = bool(request.stream)
        if not request.stream:
            members.pop("stream_options", None)  # of which OpenAI takes none without a stream
        if target.quirks.stores:
            members["store"] = False
        else:
            members.pop("store", None)
        if (included := _included(request, target)) is not request.include:
            members["include"] = included
        changed = turn.history or turn.kept is not None
        if changed or (isinstance(request.input, list) and (target.quirks.stores or _holds_seals(turn))):
            members["input"] = self._replayable(turn, target, losses)
        _confine(members, request, target, losses)
        _spare(members, target, losses)
        return Built(_encode(members), losses.sentences(), tuple(losses.removed))

    def reader(self, turn: Turn, target: Target) -> Reader:
        """Relays a stream."""
        seals = NativeSeals(Enclosing(turn, target, self._sealer, "openai"))
        reader = ResponsesReader(_opening(turn, target), turn.clock, seals, hides_sealed=turn.request.hides_seals)
        return reader if turn.request.parallel_tool_calls is not False else OneCallReader(reader)

    def whole(self, turn: Turn, target: Target, body: bytes) -> Outcome:
        """Relays a whole answer."""
        try:
            if not body.isascii():
                body.decode()
            body = paired(body)
            if body.find(SEALED_MEMBER) >= 0:
                body = NativeSeals(Enclosing(turn, target, self._sealer, "openai")).response(body)
            outcome = finished(_opening(turn, target), body, turn.clock)
            return outcome if turn.request.parallel_tool_calls is not False else with_one_call(outcome)
        except UNDECODABLE:
            message = f"{target.provider} answered with something that is not a response object."
            raise UpstreamBroke(message) from None

    def unreachable(self, target: Target) -> frozenset[Media]:
        """Nothing: who speaks this API follows addresses."""
        return _NOTHING if target.quirks.image_urls else _IMAGES

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """The same errors as in every OpenAI-compatible format."""
        return refusal(status, body, retry_after)

    def _replayable(self, turn: Turn, target: Target, losses: Losses) -> list[Item]:
        """History and input as a provider takes them that has never seen this chain."""
        unsealing = Unsealing(turn, target, self._sealer, "openai")
        items: list[Item] = []
        for kept, said in ((True, turn.history), (False, turn.input)):
            for item in said:
                if item.get("type") == "reasoning":
                    found = _reasoning(item, unsealing(item, kept=kept), target)
                    if isinstance(found, str):
                        losses.remove(str(item.get("id")), found, target, "input")
                        continue
                    item = found  # noqa: PLW2901 - the item as this provider may see it
                elif item.get("type") == "compaction" and turn.origins.get(str(item.get("id"))) != target.provider:
                    losses.report("item.compaction", "input")
                    continue
                items.append(with_known_id(item, turn, target) if target.quirks.stores else item)
        return items


def _opening(turn: Turn, target: Target) -> Opening:
    return Opening(
        turn.request,
        id=turn.id,
        created_at=turn.created_at,
        provider=target.provider,
        conversation=turn.conversation,
        transformations=turn.transformations,
    )


def _confine(members: dict[str, Any], request: Request, target: Target, losses: Losses) -> None:
    """Takes out what other APIs have and this one does not."""
    if request.max_output_tokens is not None and request.max_output_tokens < _LEAST_OUTPUT:
        members["max_output_tokens"] = _LEAST_OUTPUT
        losses.report("field.max_output_tokens.least", "max_output_tokens", least=_LEAST_OUTPUT)
    if request.reasoning is not None:
        _calm(members, request.reasoning, target, losses)
    if members.keys().isdisjoint(_FOREIGN):
        return
    for name in _EXTENSIONS:
        if name in members and name not in target.quirks.responses_extensions:
            del members[name]
            if getattr(request, name) is not None:
                losses.report(f"field.{name}", name)
    for name in _OF_CHAT:
        if members.pop(name, _NULL) != _NULL:
            message = f"{target.provider} takes no '{name}' in its Responses API; it was left out."
            losses.lose(message, name, "unsupported_parameter")


def _spare(members: dict[str, Any], target: Target, losses: Losses) -> None:
    """Takes out what the provider is known to refuse."""
    refused = target.quirks.refused_fields
    if refused and not members.keys().isdisjoint(refused):
        for name in [name for name in members if name in refused]:
            del members[name]
            losses.report(f"field.{name}", name)


def _calm(members: dict[str, Any], reasoning: Reasoning, target: Target, losses: Losses) -> None:
    """Takes out what a model that does not reason, or cannot but reason, refuses to be told."""
    if _fits(target.quirks.effortless_models, target.model):
        del members["reasoning"]
        if reasoning.effort not in (None, "none"):
            losses.report("field.reasoning.effort", "reasoning.effort")
    elif reasoning.effort == "none" and _fits(target.quirks.restless_models, target.model):
        told = split_object(members["reasoning"])
        del told["effort"]
        members["reasoning"] = told
        losses.report("field.reasoning.effort.none", "reasoning.effort")


def _included(request: Request, target: Target) -> list[Include] | None:
    """What the answer shall hold besides: reasoning sealed where the model can do that, to be given back later.

    OpenAI answers the wish for it with an error where a model does not reason at all.
    """
    asked, quirks = request.include, target.quirks
    if _fits(quirks.encrypted_reasoning_models, target.model):
        return asked if request.includes(SEALED) else [*(asked or ()), SEALED]
    if asked is not None and SEALED in asked and _fits(quirks.effortless_models, target.model):
        return [what for what in asked if what != SEALED]
    return asked


@lru_cache(maxsize=1024)
def _fits(pattern: str, model: str) -> bool:
    """Whether the model is one of a pattern that a quirk holds; an empty one has none."""
    return bool(pattern) and re.search(pattern, model) is not None


def _holds_seals(turn: Turn) -> bool:
    return any(item.get("type") in ("reasoning", "compaction") for item in turn.input)


def _reasoning(
    item: Item, found: Envelope | AsItIs | TransformationReason, target: Target
) -> Item | TransformationReason:
    """The item as the provider may see it, or why it may not."""
    stores = target.quirks.stores
    if isinstance(found, Envelope):
        return unsealed_item(item, found.items[0], with_id=not stores) if found.items else "prefix_mismatch"
    if found != AS_IT_IS:
        return found
    if item.get("encrypted_content") or (item.get("content") and not stores):
        return item
    return "model_mismatch"  # nothing in it that this provider can read
