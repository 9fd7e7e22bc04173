"""What is asked of any list of items."""

from __future__ import annotations

from typing import Any

from antiphon.wire.requests import Item


def identified(items: list[Item]) -> list[Item]:
    """The items, each with an id of its own: without one a client cannot ask for the page after it."""
    taken: set[str] = set()
    listed: list[Item] = []
    for place, item in enumerate(items):
        identifier: Any = item.get("id")
        if not isinstance(identifier, str):
            identifier = f"item_{place}"
        if identifier in taken:
            identifier = f"{identifier}_{place}"
        taken.add(identifier)
        listed.append(item if item.get("id") == identifier else item | {"id": identifier})
    return listed
