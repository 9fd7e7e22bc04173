"""A native upstream's output items, made such that every client can read them.

Law: an item that is whole keeps its bytes. What is missing is filled in; what cannot be an item is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Raw, Struct
from typing_extensions import override

from antiphon.wire.events import split_object
from antiphon.wire.ids import named_after
from antiphon.wire.items import PREFIXES
from antiphon.wire.requests import Item, is_array, is_item

_NULL: Final = Raw(b"null")
_NO_LIST: Final = Raw(b"[]")


_Something = Annotated[str, Meta(min_length=1)]


class _Place(Struct, frozen=True, gc=False):
    output_index: int = -1
    item_id: str | None = None


class _Said(Struct, frozen=True, gc=False, tag="output_text"):
    text: str
    annotations: list[Raw]
    logprobs: Raw = _NO_LIST


class _Refused(Struct, frozen=True, gc=False, tag="refusal"):
    refusal: str
    logprobs: Raw = _NO_LIST


class _Whole(Struct, frozen=True, gc=False):
    id: _Something

    @property
    def is_plain(self) -> bool:
        """Whether nothing of it is shown on demand alone."""
        return True


class _Message(_Whole, frozen=True, gc=False, tag="message"):
    role: str
    status: str
    content: list[_Said | _Refused]

    @property
    @override
    def is_plain(self) -> bool:
        return all(part.logprobs == _NO_LIST for part in self.content)


class _Call(_Whole, frozen=True, gc=False, tag="function_call"):
    call_id: _Something
    name: str
    arguments: _Something
    status: str


class _CustomCall(_Whole, frozen=True, gc=False, tag="custom_tool_call"):
    call_id: _Something
    name: str
    input: str


class _Reasoning(_Whole, frozen=True, gc=False, tag="reasoning"):
    summary: list[dict[str, Raw]]
    content: list[dict[str, Raw]] | None = None

    @property
    @override
    def is_plain(self) -> bool:
        return False


WholeItem = _Message | _Call | _CustomCall | _Reasoning
"""The items that nearly all are, as every client may rely on them."""

_DEFAULTS: Final[dict[str, dict[str, Any]]] = {
    "message": {"role": "assistant", "content": [], "status": "completed"},
    "function_call": {"name": "", "arguments": "{}", "status": "completed"},
    "custom_tool_call": {"name": "", "input": ""},
    "reasoning": {"summary": []},
}
"""What an item of a type cannot be without; null is as good as nothing."""

_CALLS: Final = frozenset({"function_call", "custom_tool_call"})
_PARTS: Final[dict[str, Item]] = {
    "output_text": {"text": "", "annotations": [], "logprobs": []},
    "refusal": {"refusal": ""},
}

_encode: Final = msgspec.json.Encoder().encode
_whole: Final[Callable[[Raw], WholeItem]] = msgspec.json.Decoder(WholeItem).decode
_place: Final = msgspec.json.Decoder(_Place).decode
_item: Final = msgspec.json.Decoder(dict[str, Any]).decode
_items: Final = msgspec.json.Decoder(list[Raw]).decode


def mended_output(output: Raw, response_id: str) -> Raw:
    """The items of a response. Raises msgspec.DecodeError for what is no list of items."""
    if output == _NULL:
        return _NO_LIST
    items = _items(output)
    mended = [mended_item(item, response_id, place) for place, item in enumerate(items)]
    return output if mended == items else Raw(_encode(mended))


def mended_item(item: Raw, response_id: str, place: int) -> Raw:
    """One item; `place` is where it stands in the output. Raises msgspec.DecodeError for what is none."""
    try:
        _whole(item)
    except msgspec.ValidationError:
        members = _item(item)
    else:
        return item
    kind = members.get("type")
    if not isinstance(kind, str):
        message = "An item has no type."
        raise msgspec.ValidationError(message)
    told = {name: value for name, value in members.items() if value is not None}
    mended = members | {name: value for name, value in _DEFAULTS.get(kind, {}).items() if name not in told}
    if not isinstance(mended.get("id"), str) or not mended["id"]:
        mended["id"] = item_id(kind, response_id, place)
    if kind in _CALLS:
        _mend_call(mended, response_id, place)
    elif kind == "message":
        mended["content"] = _parts(mended["content"], "output_text")
    elif kind == "reasoning":
        mended["summary"] = _parts(mended["summary"], "summary_text")
        if mended.get("content") is not None:
            mended["content"] = _parts(mended["content"], "reasoning_text")
    return item if mended == members else Raw(_encode(mended))


def item_id(kind: str, response_id: str, place: int) -> str:
    """The id of an item that its provider gave none: the same whenever it is asked for."""
    return _id(PREFIXES.get(kind, "item"), response_id, place)


def _id(prefix: str, response_id: str, place: int) -> str:
    return f"{named_after(response_id, prefix)}{place:02x}"


def named(item: Raw, name: str) -> Raw:
    """The item under this id."""
    return Raw(_encode(split_object(item) | {"id": name}))


def all_named(output: Raw, names: Mapping[int, str]) -> Raw:
    """The items of a response, those that stand in these places under the ids that they were announced by."""
    items = _items(output)
    return Raw(_encode([named(item, names[place]) if place in names else item for place, item in enumerate(items)]))


def place_of(event: bytes) -> tuple[int, str | None]:
    """Where the item stands that an event is about, and what the event calls it."""
    place = _place(event)
    return place.output_index, place.item_id


def renamed(event: bytes, names: Mapping[int, str]) -> bytes:
    """A stream event about an item that stands in one of these places, under that item's id."""
    members = split_object(event)
    name = names.get(place_of(event)[0])
    return event if name is None or "item_id" not in members else _encode(members | {"item_id": name})


def _mend_call(call: Item, response_id: str, place: int) -> None:
    if not isinstance(call.get("call_id"), str) or not call["call_id"]:
        call["call_id"] = _id("call", response_id, place)
    member = "arguments" if call["type"] == "function_call" else "input"
    if not isinstance(call[member], str):
        call[member] = _encode(call[member]).decode()
    if member == "arguments" and not call[member]:
        call[member] = "{}"


def _parts(content: object, kind: str) -> list[Item]:
    """The parts of an item; text alone is one of this kind. Raises msgspec.ValidationError for what is no part."""
    parts: list[Item] = []
    for part in content if is_array(content) else [content]:
        known: object = {"type": kind, "text": part} if isinstance(part, str) else part
        if not is_item(known) or not isinstance(known.get("type"), str):
            message = "An item has a part that is none."
            raise msgspec.ValidationError(message)
        blank = _PARTS.get(known["type"], {})
        parts.append(blank | {name: value for name, value in known.items() if value is not None or name not in blank})
    return parts
