"""Items put together again from the events that were sent of them.

Used where an answer ends other than by its provider: what was delivered is closed in the order that section 4.3 of the
specification asks for, and nothing that was not delivered is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from antiphon.wire.events import Event
from antiphon.wire.requests import Item, is_item

_decode: Final = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode

_NO_STATUS: Final = frozenset({"reasoning", "mcp_list_tools", "mcp_approval_request", "compaction", "custom_tool_call"})
"""Items that carry no status on the wire."""

_ARGUMENT_DELTAS: Final = {
    "response.function_call_arguments.delta": ("arguments", "response.function_call_arguments.done"),
    "response.mcp_call_arguments.delta": ("arguments", "response.mcp_call_arguments.done"),
    "response.custom_tool_call_input.delta": ("input", "response.custom_tool_call_input.done"),
    "response.code_interpreter_call_code.delta": ("code", "response.code_interpreter_call_code.done"),
}
_PIECES_PER_BLOCK: Final = 1024

_CALLS: Final = {
    "function_call": ("arguments", "response.function_call_arguments.done"),
    "custom_tool_call": ("input", "response.custom_tool_call_input.done"),
}
"""Items that always tell the end of what the model wrote for them, even if that was nothing."""

_SAID: Final = {
    "output_text": ("text", "response.output_text.done"),
    "refusal": ("refusal", "response.refusal.done"),
    "reasoning_text": ("text", "response.reasoning_text.done"),
    "summary_text": ("text", "response.reasoning_summary_text.done"),
}
"""By the type of a part: the member that holds its text, and the event that ends it."""

_PART_BEGINS: Final = {
    "response.content_part.added": "content",
    "response.reasoning_summary_part.added": "summary",
}
_PART_ENDS: Final = {
    "response.content_part.done": "content",
    "response.reasoning_summary_part.done": "summary",
}
_TEXT_DELTAS: Final = frozenset(
    {"response.output_text.delta", "response.refusal.delta", "response.reasoning_text.delta"}
    | {"response.reasoning_summary_text.delta"}
)


class _Numbered(msgspec.Struct):
    sequence_number: int


_numbered: Final = msgspec.json.Decoder(_Numbered)


class OpenItem:
    """An item that was announced and not finished."""

    __slots__ = ("argument", "blocks", "index", "item", "part", "part_index", "part_kind", "pieces", "said")

    def __init__(self, index: int, item: Item) -> None:
        """`index` is its place in the output."""
        self.index = index
        self.item = item
        self.part: Item | None = None
        self.part_index = 0
        self.part_kind = ""
        self.blocks: list[str] = []
        self.pieces: list[str] = []
        self.said: tuple[str, str] | None = None
        self.argument = _CALLS.get(str(item.get("type")))

    def add(self, delta: str) -> None:
        """Keeps a delta. Many small strings cost ten times their text, so they are joined now and then."""
        self.pieces.append(delta)
        if len(self.pieces) == _PIECES_PER_BLOCK:
            self.blocks.append("".join(self.pieces))
            self.pieces.clear()

    def settle(self) -> None:
        """Puts the pieces of text that have come into the member that they belong to."""
        text = "".join([*self.blocks, *self.pieces])
        self.blocks.clear()
        self.pieces.clear()
        if not text:
            return
        if self.part is not None and self.said is not None:
            self.part[self.said[0]] = str(self.part.get(self.said[0]) or "") + text
        elif self.argument is not None:
            self.item[self.argument[0]] = str(self.item.get(self.argument[0]) or "") + text


class Assembly:
    """Follows a stream of events and knows which items are finished and which are open."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        """Starts from the events of a stream, first to last."""
        self._finished: dict[int, Item] = {}
        self._open: dict[int, OpenItem] = {}
        for event in events:
            self.follow(event)

    @property
    def output(self) -> list[Item]:
        """The finished items, in order."""
        return [self._finished[index] for index in sorted(self._finished)]

    def follow(self, event: Event) -> None:
        """Takes the next event. What is no part of an item, or makes no sense as one, is passed over."""
        try:
            data: Any = _decode(event.data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        if not is_item(data) or not isinstance(data.get("output_index"), int):
            return
        index: int = data["output_index"]
        item: Any = data.get("item")
        opened = self._open.get(index)
        if event.type == "response.output_item.added" and is_item(item):
            self._open[index] = OpenItem(index, item)
        elif event.type == "response.output_item.done" and is_item(item):
            self._open.pop(index, None)
            self._finished[index] = item
        elif opened is not None:
            _grow(opened, event.type, data)

    def close(self, number: int) -> list[Event]:
        """The events that finish every open item as incomplete, numbered from `number`."""
        closing = _Closing(number)
        for index in sorted(self._open):
            opened = self._open[index]
            closing.item(opened)
            self._finished[index] = opened.item
        self._open.clear()
        return closing.events


def _grow(opened: OpenItem, kind: str, data: Item) -> None:
    part: Any = data.get("part")
    if kind in _PART_BEGINS and is_item(part):
        opened.settle()
        opened.part = dict(part)
        opened.part_kind = _PART_BEGINS[kind]
        index: Any = data.get(f"{opened.part_kind}_index")
        opened.part_index = index if isinstance(index, int) else 0
        opened.said = _SAID.get(str(part.get("type")))
    elif kind in _PART_ENDS and is_item(part):
        opened.blocks.clear()
        opened.pieces.clear()
        opened.part_kind = _PART_ENDS[kind]
        _keep_part(opened, part)
    elif kind.endswith(".delta"):
        _add(opened, kind, data)
    elif opened.part is not None and kind == "response.output_text.annotation.added":
        opened.part["annotations"] = [*_listed(opened.part.get("annotations")), data.get("annotation")]
    elif kind.endswith(".done"):
        opened.settle()
        opened.said = opened.argument = None


def _add(opened: OpenItem, kind: str, data: Item) -> None:
    delta: Any = data.get("delta")
    if not isinstance(delta, str):
        return
    if kind in _ARGUMENT_DELTAS:
        opened.argument = _ARGUMENT_DELTAS[kind]
        opened.add(delta)
    elif opened.part is not None and opened.said is not None and kind in _TEXT_DELTAS:
        opened.add(delta)
        if data.get("logprobs"):
            opened.part["logprobs"] = [*_listed(opened.part.get("logprobs")), *_listed(data["logprobs"])]


def _listed(value: object) -> list[Any]:
    return [*value] if isinstance(value, list) else []


def _keep_part(opened: OpenItem, part: Item) -> None:
    opened.item[opened.part_kind] = [*_listed(opened.item.get(opened.part_kind)), part]
    opened.part = None
    opened.said = None


class _Closing:
    """Writes the events that finish open items."""

    def __init__(self, number: int) -> None:
        self.events: list[Event] = []
        self._number = number

    def item(self, opened: OpenItem) -> None:
        opened.settle()
        if opened.argument is not None:
            member, done = opened.argument
            self._say(
                done,
                {"item_id": opened.item.get("id"), "output_index": opened.index},
                {member: opened.item.get(member) or ""},
            )
        if opened.part is not None:
            self._part(opened, opened.part)
        if str(opened.item.get("type")) not in _NO_STATUS:
            opened.item["status"] = "incomplete"
        self._say("response.output_item.done", {"output_index": opened.index}, {"item": opened.item})

    def _part(self, opened: OpenItem, part: Item) -> None:
        place = {
            "item_id": opened.item.get("id"),
            "output_index": opened.index,
            f"{opened.part_kind}_index": opened.part_index,
        }
        if opened.said is not None:
            member, done = opened.said
            extra = {"logprobs": part.get("logprobs", [])} if done == "response.output_text.done" else {}
            self._say(done, place, {member: part.get(member) or "", **extra})
        done = "response.content_part.done" if opened.part_kind == "content" else "response.reasoning_summary_part.done"
        self._say(done, place, {"part": part})
        _keep_part(opened, part)

    def _say(self, kind: str, place: dict[str, Any], body: dict[str, Any]) -> None:
        data = _encode({"type": kind, **place, **body, "sequence_number": self._number})
        self.events.append(Event(kind, self._number, data))
        self._number += 1


def events_of(wire: bytes) -> list[Event]:
    """The events in a run of canonical frames, as `events.frame` writes them."""
    events: list[Event] = []
    for block in wire.split(b"\n\n"):
        if block.startswith(b"event: "):
            head, _, data = block.partition(b"\ndata: ")
            events.append(Event(head[7:].decode(), _numbered.decode(data).sequence_number, data))
    return events
