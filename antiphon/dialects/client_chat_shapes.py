"""What a chat completions client is told in, whole answers and chunks alike.

Reasoning is told as `reasoning_content`, as most vendors and clients have it; what its maker wants to see again as an
entry of `reasoning_details` (https://openrouter.ai/docs/use-cases/reasoning-tokens, read 2026-11).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from msgspec import Struct

from antiphon.wire.requests import Item

_ID: Final = "chatcmpl-"


class ToldResponse(Struct, frozen=True):
    """What is read of a response object."""

    status: str = "completed"
    output: Sequence[dict[str, Any]] = ()
    usage: dict[str, Any] | None = None
    incomplete_details: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    service_tier: str | None = None


class ChatTold(Struct, frozen=True):
    """What every object of one answer says of it. `model` is the name that the client asked for."""

    id: str
    created_at: int
    model: str
    includes_usage: bool = False
    legacy_functions: bool = False

    def head(self, kind: str) -> Item:
        """The members that every object begins with."""
        identity = _ID + self.id.removeprefix("resp_")
        return {"id": identity, "object": kind, "created": self.created_at, "model": self.model}


def tail(response: ToldResponse) -> Item:
    """What is known of the answer as a whole."""
    return {"service_tier": response.service_tier, "system_fingerprint": None}


def call(item: Item) -> Item:
    """A call as chat has it; a namespace becomes part of the name."""
    if item["type"] == "custom_tool_call":
        return {"id": item["call_id"], "type": "custom", "custom": {"name": _name(item), "input": item["input"]}}
    function = {"name": _name(item), "arguments": item["arguments"]}
    return {"id": item["call_id"], "type": "function", "function": function}


def _name(item: Item) -> str:
    return item["name"] if item.get("namespace") is None else f"{item['namespace']}__{item['name']}"


def sealed(item: Item) -> Item:
    """What the maker of reasoning wants to see again."""
    return {"type": "reasoning.encrypted", "id": item["id"], "data": item["encrypted_content"], "format": "antiphon"}


def image(item: Item) -> Item:
    """A picture that the model made, in the form that OpenRouter has given it."""
    form = item.get("output_format") or "png"
    return {"type": "image_url", "image_url": {"url": f"data:image/{form};base64,{item['result']}"}}


def url_citations(notes: Iterable[Item]) -> list[Item]:
    """Only citations of addresses have a form in chat completions."""
    return [
        {"type": "url_citation", "url_citation": {name: value for name, value in note.items() if name != "type"}}
        for note in notes
        if note.get("type") == "url_citation"
    ]


def finish(response: ToldResponse, *, calls: bool, legacy: bool) -> str:
    """Spec section 6.8."""
    reason = (response.incomplete_details or {}).get("reason")
    if reason is not None:
        return "content_filter" if reason == "content_filter" else "length"
    if not calls:
        return "stop"
    return "function_call" if legacy else "tool_calls"


def usage(response: ToldResponse) -> Item:
    """The tokens, in the words of chat."""
    usage = response.usage or {}
    return {
        "prompt_tokens": usage.get("input_tokens", 0),
        "completion_tokens": usage.get("output_tokens", 0),
        "total_tokens": usage.get("total_tokens", 0),
        "prompt_tokens_details": usage.get("prompt_tokens_details"),
        "completion_tokens_details": usage.get("completion_tokens_details"),
    }
