"""The content parts of items, wherever they stand: found with their places, and put back changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeGuard

from antiphon.protocols import Turn
from antiphon.wire.requests import Item, is_item

HISTORY: Final = "input"
"""The place of all that was said before: no member of the request holds it."""

_MEMBERS: Final = ("content", "output")


def parts_of_turn(turn: Turn) -> Iterator[tuple[Item, str]]:
    """Every part that the model is to read, and where it stands in the request."""
    for item in turn.history:
        for _, part in _parts(item):
            yield part, HISTORY
    for index, item in enumerate(turn.input):
        for where, part in _parts(item):
            yield part, f"input[{index}].{where}"


def with_parts(item: Item, change: Callable[[Item], Item]) -> Item:
    """The item with every part changed; the same item where nothing is."""
    changed = item
    for member in _MEMBERS:
        content: object = item.get(member)
        listed = _listed(content)
        parts = [change(part) if is_item(part) else part for part in listed]
        if any(new is not old for new, old in zip(parts, listed, strict=True)):
            changed = changed | {member: parts if isinstance(content, list) else parts[0]}
    return changed


def _parts(item: Item) -> Iterator[tuple[str, Item]]:
    for member in _MEMBERS:
        content: object = item.get(member)
        for index, part in enumerate(_listed(content)):
            if is_item(part):
                yield f"{member}[{index}]" if isinstance(content, list) else member, part


def _listed(content: object) -> list[object]:
    """The parts of a content; one that stands by itself, as a screenshot does, is a list of one."""
    return content if is_list(content) else [content]


def is_list(value: object) -> TypeGuard[list[object]]:
    """Whether a JSON value is an array."""
    return isinstance(value, list)
