"""Streamed answers told item by item, for formats in which nothing may come between the pieces of an item.

Law: items follow one another. What a provider tells of a later item while an earlier one is unfinished waits until
that is done.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Final

import msgspec
from msgspec import Struct

from antiphon.dialects.illegible import legible
from antiphon.wire.events import Event

ADDED: Final = "response.output_item.added"
DONE: Final = "response.output_item.done"
_TEXT_DELTA: Final = "response.output_text.delta"


Tellers = Mapping[str, Callable[[Any, bytes], bytes]]
"""Methods that tell events by their type; bound ones would hold what they are bound to."""


class Delta(Struct, frozen=True, gc=False):
    """A piece of what an item says, and where in it."""

    delta: str = ""
    output_index: int = 0
    content_index: int = -1
    summary_index: int = -1


class _Place(Struct, frozen=True, gc=False):
    output_index: int = 0


class _Item(Struct, frozen=True):
    item: dict[str, Any]


_delta: Final = msgspec.json.Decoder(Delta).decode
_place: Final = msgspec.json.Decoder(_Place).decode
_item: Final = msgspec.json.Decoder(_Item).decode


def delta_of(data: bytes) -> Delta:
    """What the data of a delta event say."""
    return _delta(data)


def item_of(data: bytes) -> dict[str, Any]:
    """The item of an event that brings one."""
    return _item(data).item


class ItemTeller(ABC):
    """Tells one streamed answer. The tellers of subclasses call `_go_on` at the end of an item."""

    __slots__ = ("_place", "_waiting")

    _tellers: ClassVar[Tellers]
    """Of the events of an item, all but deltas of text; `ADDED` and `DONE` are among them."""

    def __init__(self) -> None:
        """Nothing has been told yet."""
        self._place: int | None = None
        self._waiting: dict[int, list[Event]] = {}

    @legible
    def frames(self, events: Iterable[Event]) -> bytes:
        """What is to be sent for these events. Raises UpstreamBroke for one that cannot be told."""
        return b"".join([self._frame(event) for event in events])

    @legible
    def text(self, data: bytes) -> bytes:
        """As `frames`, for the data of one delta of text."""
        said = _delta(data)
        if said.output_index == self._place:
            return self._text(said)
        return self._wait(said.output_index, Event(_TEXT_DELTA, -1, data))

    def _frame(self, event: Event) -> bytes:
        kind = event.type
        if kind == _TEXT_DELTA:
            return self.text(event.data)
        if kind not in self._tellers:
            return self._beside(event)
        place = _place(event.data).output_index
        begins = kind == ADDED and self._place is None
        if not begins and place != self._place:
            return self._wait(place, event)
        self._place = place
        return self._tellers[kind](self, event.data)

    def _wait(self, place: int, event: Event) -> bytes:
        self._waiting.setdefault(place, []).append(event)
        return b""

    def _go_on(self) -> bytes:
        """Whatever has waited for the end of an item."""
        self._place = None
        frames = b""
        while self._place is None and (begun := self._begun_meanwhile()) is not None:
            frames += self.frames(self._waiting.pop(begun))
        return frames

    def _begun_meanwhile(self) -> int | None:
        """The first of the items that wait, of those that have begun: of others nothing can be told."""
        waiting = self._waiting.items()
        return min((place for place, events in waiting if any(event.type == ADDED for event in events)), default=None)

    @abstractmethod
    def _text(self, said: Delta) -> bytes:
        """The hot path of every stream."""

    @abstractmethod
    def _beside(self, event: Event) -> bytes:
        """An event that is of no item."""
