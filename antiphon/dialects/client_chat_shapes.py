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
_COUNTS: Final = {
    "prompt_tokens": "input_tokens",
    "completion_tokens": "output_tokens",
    "total_tokens": "total_tokens",
}


class ToldResponse(Struct, frozen=True):
    """What is read of a response object."""

    status: str = "completed"
    output: Sequence[dict[str, Any]] = ()
    usage: dict[str, Any] | None = None
    incomplete_details: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    service_tier: str | None = None


class ChatTold(Struct, frozen=True):
    """What every object of one answer says of it. `model` is the name that the client asked for.

    `metadata` are those of an answer that is kept.
    """

    id: str
    created_at: int
    model: str
    includes_usage: bool = False
    legacy_functions: bool = False
    metadata: dict[str, str] | None = None

    def head(self, kind: str) -> Item:
        """The members that every object begins with."""
        return {"id": self.name, "object": kind, "created": self.created_at, "model": self.model}

    @property
    def name(self) -> str:
        """What clients call the answer."""
        return _ID + self.id.removeprefix("resp_")


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


def thoughts(item: Item) -> str:
    """The words of reasoning; several thoughts, and summaries of them, stand apart from each other."""
    return "\n\n".join(part["text"] for part in (*(item.get("summary") or ()), *(item.get("content") or ())))


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
    """`finish_reason`: why the answer ended, in the words of chat; `legacy` clients know functions, not tools."""
    reason = (response.incomplete_details or {}).get("reason")
    if reason is not None:
        return "content_filter" if reason == "content_filter" else "length"
    if not calls:
        return "stop"
    return "function_call" if legacy else "tool_calls"


def usage(responses: Iterable[ToldResponse]) -> Item:
    """The tokens of all answers together, in the words of chat."""
    told: Item = {
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "total_tokens": 0,
        "prompt_tokens_details": None,
        "completion_tokens_details": None,
    }
    for response in responses:
        used = response.usage or {}
        for name, ours in _COUNTS.items():
            told[name] += used.get(ours, 0)
        for name in ("prompt_tokens_details", "completion_tokens_details"):
            if used.get(name) is not None:
                told[name] = _added(told[name] or {}, used[name])
    return told


def _added(one: Item, other: Item) -> Item:
    return {name: one.get(name, 0) + value for name, value in other.items()}
