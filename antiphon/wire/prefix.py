"""An answer with an item before it that the gateway made: the same stream, one place further."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import Raw

from antiphon.wire.events import LIFECYCLE, TERMINAL, Event, Outcome, renumbered, split_object
from antiphon.wire.requests import Item
from antiphon.wire.usage import Usage, counted

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder().decode
_items: Final = msgspec.json.Decoder(list[Raw]).decode
_usage: Final = msgspec.json.Decoder(Usage).decode
_index: Final = msgspec.json.Decoder(int).decode


def with_item(outcome: Outcome, item: Item, used: Usage) -> Outcome:
    """The outcome with `item` before its output, and what that cost in its usage."""
    members = split_object(outcome.body)
    members["output"] = Raw(_encode([item, *_items(members["output"])]))
    total = added(_usage(members["usage"]), used)
    members["usage"] = Raw(_encode(total))
    return Outcome(outcome.status, _encode(members), outcome.upstream_id)


def added(one: Usage, other: Usage) -> Usage:
    """What two requests consumed together. `raw_usage` is that of the first."""
    return counted(
        input_tokens=one.input_tokens + other.input_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        cached=one.input_tokens_details.cached_tokens + other.input_tokens_details.cached_tokens,
        cache_write=one.input_tokens_details.cache_write_tokens + other.input_tokens_details.cache_write_tokens,
        reasoning=one.output_tokens_details.reasoning_tokens + other.output_tokens_details.reasoning_tokens,
        raw=one.raw_usage,
    )


class Prefixing:
    """Puts one finished item before those of a stream, right after its opening."""

    __slots__ = ("_item", "_told")

    def __init__(self, item: Item) -> None:
        """The item is told before the first event that is not the stream's opening."""
        self._item = item
        self._told = False

    def events(self, events: Iterable[Event], outcome: Outcome | None) -> tuple[Event, ...]:
        """The events as the client shall see them; `outcome` is the whole answer where they bring its end."""
        passed: list[Event] = []
        for event in events:
            if event.type in LIFECYCLE:
                passed.append(event)
                continue
            if not self._told:
                self._told = True
                passed += self._own(event.number)
            passed.append(_shifted(event, outcome))
        return tuple(passed)

    def _own(self, number: int) -> list[Event]:
        return [
            _event(kind, number + place, {"output_index": 0, "item": self._item})
            for place, kind in enumerate(("response.output_item.added", "response.output_item.done"))
        ]


def _event(kind: str, number: int, members: dict[str, Any]) -> Event:
    return Event(kind, number, _encode({"type": kind, "sequence_number": number, **members}))


def _shifted(event: Event, outcome: Outcome | None) -> Event:
    number = event.number + 2
    if event.type in TERMINAL and outcome is not None:
        return _event(event.type, number, {"response": Raw(outcome.body)})
    members = split_object(event.data)
    if "output_index" not in members:
        return renumbered(event, number)
    members["output_index"] = Raw(b"%d" % (_index(members["output_index"]) + 1))
    members["sequence_number"] = Raw(b"%d" % number)
    return Event(event.type, number, _encode(members))
