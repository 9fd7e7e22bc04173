"""`parallel_tool_calls: false`, whatever a provider that speaks the Responses API makes of it.

The first call stays, others are left out. (What is translated from chat completions never has them: `chat_calls.py`.)

Only calls that the client is to carry out count. Nothing here is touched unless the field is false,
and no byte is changed before a second call appears.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from antiphon.errors import UpstreamError
from antiphon.protocols import Reader
from antiphon.wire.events import TERMINAL, Chunk, Event, Outcome, renumbered, split_object
from antiphon.wire.requests import is_item

CALLS: Final = frozenset(
    {"function_call", "custom_tool_call", "computer_call", "local_shell_call", "shell_call", "apply_patch_call"}
)
"""Types of items that the client carries out."""

_ADDED: Final = "response.output_item.added"

_encode: Final = msgspec.json.Encoder().encode


class _Item(Struct, frozen=True, gc=False):
    type: str = ""
    environment: Any = None

    @property
    def is_call(self) -> bool:
        """Whether the client carries it out: a shell in the provider's container is the provider's own affair."""
        return self.type in CALLS and not (self.type == "shell_call" and _is_remote(self.environment))


class _Place(Struct, frozen=True, gc=False):
    output_index: int = -1
    item: _Item = _Item()


class _Output(Struct, frozen=True, gc=False):
    output: list[Raw] = []


_place: Final = msgspec.json.Decoder(_Place).decode
_item: Final = msgspec.json.Decoder(_Item).decode
_output: Final = msgspec.json.Decoder(_Output).decode


def with_one_call(outcome: Outcome) -> Outcome:
    """The outcome with no call but its first. The same object where it has no more."""
    kept: list[Raw] = []
    called = False
    items = _output(outcome.body).output
    for item in items:
        is_call = _item(item).is_call
        if not (is_call and called):
            kept.append(item)
        called = called or is_call
    if len(kept) == len(items):
        return outcome
    body = _encode(split_object(outcome.body) | {"output": kept})
    return msgspec.structs.replace(outcome, body=body)


class OneCallReader:
    """Implements `protocols.Reader` around another one."""

    def __init__(self, reader: Reader) -> None:
        """`reader` has read nothing yet."""
        self.outcome: Outcome | None = None
        self.failure: UpstreamError | None = None
        self._reader = reader
        self._called = False
        self._dropped: list[int] = []
        self._events_dropped = 0

    def feed(self, data: bytes) -> Chunk:
        return self._one_call(self._reader.feed(data))

    def quick(self, data: bytes, number: int) -> bytes | None:
        return None if self._dropped else self._reader.quick(data, number)

    def close(self) -> Chunk:
        return self._one_call(self._reader.close())

    def _one_call(self, chunk: Chunk) -> Chunk:
        self.failure = self._reader.failure
        if self._reader.outcome is not None:
            self.outcome = with_one_call(self._reader.outcome)
        events = [made for event in chunk.events if (made := self._edited(event)) is not None]
        return Chunk(tuple(events)) if self._dropped else chunk

    def _edited(self, event: Event) -> Event | None:
        """The event as it goes on, None for one of a call that is left out."""
        if event.type == _ADDED:
            self._note(event)
        if not self._dropped:
            return event
        if event.type in TERMINAL:
            told = bytes(
                split_object(event.data)["response"]
            )  # what the client sees, which may be less than the outcome
            head = b'{"type":"%b","sequence_number":%d,' % (event.type.encode(), event.number)
            event = Event(event.type, event.number, head + b'"response":%b}' % with_one_call(Outcome("", told)).body)
        else:
            index = _place(event.data).output_index
            if index in self._dropped:
                self._events_dropped += 1
                return None
            event = _moved(event, index, sum(dropped < index for dropped in self._dropped))
        return renumbered(event, event.number - self._events_dropped)

    def _note(self, event: Event) -> None:
        place = _place(event.data)
        if place.item.is_call:
            if self._called:
                self._dropped.append(place.output_index)
            self._called = True


def _moved(event: Event, index: int, by: int) -> Event:
    if not by:
        return event
    members = split_object(event.data) | {"output_index": Raw(b"%d" % (index - by))}
    return Event(event.type, event.number, _encode(members))


def _is_remote(environment: object) -> bool:
    return is_item(environment) and environment.get("type") not in (None, "local")
