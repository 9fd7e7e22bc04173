"""Token counts of the Messages API as the Responses API counts.

Law: what is read is all that was sent, from the cache or into it or neither; counts of an answer that was interrupted
add up.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Raw

from antiphon.wire.requests import Item, is_item
from antiphon.wire.usage import NO_USAGE, Usage, counted

_encode: Final = msgspec.json.Encoder().encode

_TIERS: Final = {"standard": "default"}


class Tally:
    """The counts of one answer, however many messages it took."""

    __slots__ = ("_messages",)

    def __init__(self) -> None:
        """Nothing has been counted."""
        self._messages: list[Item] = []

    def begin(self, usage: Item | None) -> None:
        """A message begins, and tells what it has read."""
        self._messages.append({})
        self.update(usage)

    def update(self, usage: Item | None) -> None:
        """Newer counts of the same message: they replace the older ones."""
        if not self._messages:
            self._messages.append({})
        self._messages[-1] |= {name: value for name, value in (usage or {}).items() if value is not None}

    @property
    def tier(self) -> str | None:
        """The service tier that answered, in OpenAI's words where these differ."""
        for message in reversed(self._messages):
            if isinstance(tier := message.get("service_tier"), str) and tier:
                return _TIERS.get(tier, tier)
        return None

    def usage(self) -> Usage:
        """All of it."""
        raw: Item = {}
        for message in self._messages:
            raw = _sum(raw, message)
        if not raw:
            return NO_USAGE
        details = raw.get("output_tokens_details")
        read, written = _count(raw.get("cache_read_input_tokens")), _count(raw.get("cache_creation_input_tokens"))
        return counted(
            input_tokens=_count(raw.get("input_tokens")) + read + written,
            output_tokens=_count(raw.get("output_tokens")),
            cached=read,
            cache_write=written,
            reasoning=_count(details.get("thinking_tokens")) if is_item(details) else 0,
            raw=Raw(_encode(raw)),
        )


def _sum(left: Item, right: Item) -> Item:
    """Both, their numbers added."""
    total = dict(left)
    for name, value in right.items():
        before: Any = total.get(name)
        if is_item(before) and is_item(value):
            total[name] = _sum(before, value)
        elif _is_number(before) and _is_number(value):
            total[name] = before + value
        elif isinstance(before, list) and isinstance(value, list):
            total[name] = [*before, *value]
        else:
            total[name] = value
    return total


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _count(value: Any) -> int:
    return max(value, 0) if isinstance(value, int) and not isinstance(value, bool) else 0
