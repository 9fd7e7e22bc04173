"""Items of the input in their long form, their parts in the words of their role (spec sections 3.1 and 3.2).

Clients leave much out, and mix up the names of parts. Most providers do not mind; those with a Responses API do, so
that a chain which began elsewhere could not go on with them.
"""

from __future__ import annotations

from typing import Any, Final

from antiphon.wire.requests import Item, is_item

_TEXTS: Final = ("input_text", "output_text", "text")
_LISTS: Final = {"input_text": (), "output_text": ("annotations", "logprobs")}
"""What a text has beside its words, by the kind of part."""

_OUTPUTS: Final = frozenset({"function_call_output", "custom_tool_call_output"})
_NULLABLE: Final = frozenset({"code", "outputs", "result"})
"""Members that an item of a hosted tool must have, though they be null. Of any other, null says nothing."""


def whole_item(item: Item, kind: object) -> Item:
    """The item of this type, as who is strict about it reads it."""
    if kind == "message":
        return whole_message(item)
    if None in item.values():
        item = {name: value for name, value in item.items() if value is not None or name in _NULLABLE}
    output: str | list[object] | None = item.get("output")
    if isinstance(kind, str) and kind in _OUTPUTS and isinstance(output, list):
        return item | {"output": _parts(output, "input_text")}
    return item


def whole_message(item: Item) -> Item:
    """The message with `type`, `status`, and content as parts."""
    whole = {"type": "message", "status": "completed"} | {k: v for k, v in item.items() if v is not None}
    content: str | list[object] | None = item.get("content")
    kind = "output_text" if item.get("role") == "assistant" else "input_text"
    if isinstance(content, str):
        whole["content"] = [_text({"type": kind, "text": content}, kind)]
    elif isinstance(content, list):
        whole["content"] = _parts(content, kind)
    elif "content" in item and content is None and kind == "output_text":
        whole["content"] = []  # as chat completions has it where a model called tools and said nothing
    return whole


def _parts(content: list[object], kind: str) -> list[object]:
    return [_part(part, kind) if is_item(part) else part for part in content]


def _part(part: Item, kind: str) -> Item:
    """The part; a text is one of this kind, and a picture's address no object, as it is in chat completions."""
    said = part.get("type")
    if said in _TEXTS:
        return _text(part, kind)
    address: Any = part.get("image_url")
    if said == "input_image" and is_item(address) and isinstance(address.get("url"), str):
        detail = part.get("detail") or address.get("detail")
        return part | {"image_url": address["url"]} | ({"detail": detail} if detail else {})
    return part


def _text(part: Item, kind: str) -> Item:
    missing: Item = {name: [] for name in _LISTS[kind] if part.get(name) is None}
    return part if part["type"] == kind and not missing else part | missing | {"type": kind}
