"""Lists of items as they are answered, page by page."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from antiphon.conversation_protocols import Page
from antiphon.errors import BadRequest
from antiphon.wire.requests import Item
from antiphon.wire.visibility import shown_item


def page_of(items: list[Item], wanted: Page, include: Collection[str]) -> Item:
    """One page of items that are all at hand. Raises BadRequest for an item that is not among them."""
    ordered = items if wanted.order == "asc" else items[::-1]
    places = {item["id"]: place for place, item in enumerate(ordered)}
    first = _place(places, wanted.after, "after", -1) + 1
    last = _place(places, wanted.before, "before", len(ordered))
    span = ordered[first:last]
    backwards = wanted.before is not None and wanted.after is None
    chosen = span[-wanted.limit :] if backwards else span[: wanted.limit]
    return listed(chosen, include, has_more=len(chosen) < len(span))


def listed(items: Sequence[Item], include: Collection[str], *, has_more: bool) -> Item:
    """The list object around one page, whose items are in the order asked for."""
    return {
        "object": "list",
        "data": [shown_item(item, include) for item in items],
        "first_id": items[0]["id"] if items else None,
        "last_id": items[-1]["id"] if items else None,
        "has_more": has_more,
    }


def not_in_list(identifier: str, param: str) -> BadRequest:
    """A page was asked for that begins, or ends, at an item which is not there."""
    message = f"Item with id '{identifier[:300]}' not found in this list."
    return BadRequest(message, param=param, code="invalid_value")


def _place(places: dict[str, int], identifier: str | None, param: str, default: int) -> int:
    if identifier is None:
        return default
    place = places.get(identifier)
    if place is None:
        raise not_in_list(identifier, param)
    return place
