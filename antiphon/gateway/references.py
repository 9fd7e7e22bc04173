"""`item_reference`: items that a request names instead of repeating them.

They are looked for in the turn's own history first, and then among the tenant's stored responses. So is reasoning that
a client gives back as it was shown, without its blob: what its maker needs of it was kept by its id.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from antiphon.errors import BadRequest, NotFound
from antiphon.kept import FoundItem, StoredItems
from antiphon.protocols import Turn
from antiphon.wire.faults import missing
from antiphon.wire.requests import Item

_encode: Final = msgspec.json.Encoder().encode


async def resolve(turn: Turn, references: list[Item], stored: StoredItems | None) -> None:
    """Puts the items into the turn, and into its request, where their references were.

    What the history brings already is not said twice. Reasoning that is not found stays as it is. Raises NotFound, or
    BadRequest for a reference without an id.
    """
    wanted = [_identifier(item, turn.input) for item in references]
    said = {item["id"]: item for item in turn.history if isinstance(item.get("id"), str)}
    missing = {identifier for identifier in wanted if identifier not in said}
    found = await stored.find(turn.caller.tenant, missing) if missing and stored is not None else {}
    known = said | {identifier: each.item for identifier, each in found.items()}
    places: dict[int, str] = {}
    for reference, identifier in zip(references, wanted, strict=True):
        if identifier in known and _is_of(known[identifier], reference):
            places[id(reference)] = identifier
        elif reference.get("type") != "reasoning":
            raise _unknown(identifier)
    if places:
        _put(turn, places, found, set(said))


def _put(turn: Turn, places: dict[int, str], found: dict[str, FoundItem], present: set[str]) -> None:
    """Puts what was found, and is not `present` yet, in the place of each reference."""
    resolved: list[Item] = []
    for item in turn.input:
        identifier = places.get(id(item))
        if identifier is None:
            resolved.append(item)
        elif identifier not in present:
            present.add(identifier)
            resolved.append(found[identifier].item)
            if found[identifier].item.get("type") == "reasoning":
                turn.origins[identifier] = found[identifier].provider
    turn.input = resolved
    body = _encode(turn.request.members() | {"input": resolved})
    turn.request = msgspec.structs.replace(turn.request, input=resolved, body=body)


def _is_of(kept: Item, said: Item) -> bool:
    """Whether the reference is one to the kept item. Of reasoning the words must agree: some providers repeat ids."""
    if said.get("type") != "reasoning":
        return True
    return kept.get("type") == "reasoning" and all(
        said.get(name) in (None, [], kept.get(name)) for name in ("summary", "content")
    )


def _identifier(item: Item, items: list[Item]) -> str:
    identifier: Any = item.get("id")
    if isinstance(identifier, str):
        return identifier
    place = next(index for index, each in enumerate(items) if each is item)
    if identifier is None:  # what names nothing at all is an item without its type
        param = f"input[{place}].{'type' if item.get('type') is None else 'id'}"
        raise missing(param)
    param = f"input[{place}].id"
    raise BadRequest(f"Invalid type for '{param}': expected a string.", param=param, code="invalid_type")


def _unknown(identifier: str) -> NotFound:
    message = (
        f"Item with id '{identifier[:256]}' not found. Items are not persisted when `store` is set to false."
        " Try again with `store` set to true, or remove this item from your input."
    )
    return NotFound(message, param="input")
