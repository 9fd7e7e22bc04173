"""Providers that speak the Responses API themselves: the identity, but for what only the gateway knows.

Law: an event or a member that needs no change keeps the upstream's own bytes.

The provider never keeps anything (`store: false` where it knows the field): history is Antiphon's, and a chain may go
on anywhere. Reasoning models that can seal their reasoning are asked to, so that a chain does not lose it.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Any, Final

import msgspec

from antiphon.dialects.one_call import OneCallReader, with_one_call
from antiphon.dialects.refusals import refusal
from antiphon.dialects.responses_reader import ResponsesReader, finished
from antiphon.errors import BadRequest, UpstreamBroke, UpstreamError
from antiphon.protocols import Built, Reader, Target, Turn
from antiphon.wire.events import Outcome
from antiphon.wire.native import Opening
from antiphon.wire.requests import Item

_encode: Final = msgspec.json.Encoder().encode

_OURS: Final = (
    "background",
    "context_management",
    "conversation",
    "metadata",
    "previous_response_id",
    "prompt",
    "strict",
)
"""Members that are about the gateway's own state: a provider must not see them."""

_PRIVATE: Final = ("prompt_cache_key", "safety_identifier", "user")
"""Members that a provider may compare between requests: hashed with the tenant, so that tenants never meet there."""

_SEALED: Final = "reasoning.encrypted_content"


class ResponsesUpstream:
    """Implements `protocols.UpstreamDialect` for `POST {base}/responses`."""

    name = "responses"

    def build(self, turn: Turn, target: Target) -> Built:
        """The client's own body with the gateway's members taken out and the history put in."""
        request = turn.request
        warnings: list[str] = []
        members: dict[str, Any] = dict(request.members())
        for name in _OURS:
            members.pop(name, None)
        if not isinstance(request.provider, dict):
            members.pop("provider", None)
        members["model"] = target.model
        members["stream"] = request.streamed
        if target.quirks.stores:
            members["store"] = False
        else:
            members.pop("store", None)
        for name in _PRIVATE:
            if value := getattr(request, name):
                members[name] = hashlib.sha256(f"{turn.caller.tenant}:{value}".encode()).hexdigest()
        if _seals(target):
            members["include"] = [*(request.include or ()), *(() if request.includes(_SEALED) else (_SEALED,))]
        if turn.history or (target.quirks.stores and isinstance(request.input, list)):
            members["input"] = _replayable(turn, target, warnings)
        for name in target.quirks.refused_fields & members.keys():
            del members[name]
            _lose(turn, warnings, f"{target.provider} does not take '{name}'.", name)
        return Built(_encode(members), tuple(warnings))

    def reader(self, turn: Turn, target: Target) -> Reader:
        """Relays a stream."""
        hides = _seals(target) and turn.request.stored and not turn.request.includes(_SEALED)
        reader = ResponsesReader(_opening(turn, target), turn.clock, hides_sealed=hides)
        return reader if turn.request.parallel_tool_calls is not False else OneCallReader(reader)

    def whole(self, turn: Turn, target: Target, body: bytes) -> Outcome:
        """Relays a whole answer."""
        try:
            if not body.isascii():
                body.decode()
            outcome = finished(_opening(turn, target), body, turn.clock)
            return outcome if turn.request.parallel_tool_calls is not False else with_one_call(outcome)
        except (msgspec.DecodeError, UnicodeDecodeError):
            message = f"{target.provider} answered with something that is not a response object."
            raise UpstreamBroke(message) from None

    def refusal(self, status: int, body: bytes, retry_after: float | None) -> UpstreamError:
        """The same errors as in every OpenAI-compatible format."""
        return refusal(status, body, retry_after)


def _opening(turn: Turn, target: Target) -> Opening:
    return Opening(
        turn.request,
        id=turn.id,
        created_at=turn.created_at,
        provider=target.provider,
        conversation=turn.conversation,
    )


def _seals(target: Target) -> bool:
    """Whether the model can hand out its reasoning sealed, to be given back on the next turn."""
    pattern = target.quirks.encrypted_reasoning_models
    return bool(pattern) and _matches(pattern, target.model)


@lru_cache(maxsize=1024)
def _matches(pattern: str, model: str) -> bool:
    return re.search(pattern, model) is not None


def _replayable(turn: Turn, target: Target, warnings: list[str]) -> list[Item]:
    """History and input as a provider takes them that has never seen this chain."""
    items: list[Item] = []
    for item in turn.context:
        if item.get("type") == "reasoning":
            if not _opens(item, turn, target):
                item = _unsealed(item)  # noqa: PLW2901 - the item as this provider may see it
            if not item.get("encrypted_content") and (target.quirks.stores or not item.get("content")):
                _lose(turn, warnings, f"Reasoning of another model was left out for {target.provider}.", "input")
                continue
        items.append(_without_id(item) if target.quirks.stores else item)
    return items


def _opens(item: Item, turn: Turn, target: Target) -> bool:
    """Whether the provider can open the item's seal: it made it, as far as is known."""
    origin = turn.origins.get(str(item.get("id")), target.provider)
    return bool(item.get("encrypted_content")) and origin == target.provider


def _unsealed(item: Item) -> Item:
    return {name: value for name, value in item.items() if name != "encrypted_content"}


def _without_id(item: Item) -> Item:
    """The item as new: the provider does not know ids that it did not keep."""
    if item.get("type", "message") in ("message", "reasoning", "function_call", "function_call_output"):
        return {name: value for name, value in item.items() if name != "id"}
    return item


def _lose(turn: Turn, warnings: list[str], message: str, param: str) -> None:
    if turn.strict:
        raise BadRequest(message, param=param, code="unsupported_parameter")
    if message not in warnings:
        warnings.append(message)
