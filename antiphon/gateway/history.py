"""`previous_response_id`: what the ancestors of a turn said, from Antiphon's own store.

Nothing else is inherited: not instructions, not tools, not the model. So a chain may change its
model, and its provider, at every turn.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from antiphon.errors import BadRequest
from antiphon.jobs import IN_FLIGHT
from antiphon.protocols import Ancestor
from antiphon.wire.ids import NewId
from antiphon.wire.items import PREFIXES, is_id
from antiphon.wire.requests import Item, Request
from antiphon.wire.whole_messages import whole_item

_items: Final = msgspec.json.Decoder(list[dict[str, Any]]).decode


class _Output(Struct, frozen=True, gc=False):
    output: Raw = Raw(b"[]")


_output: Final = msgspec.json.Decoder(_Output).decode


class _Provider(Struct, frozen=True, gc=False):
    provider: str = ""


_provider: Final = msgspec.json.Decoder(_Provider).decode


class _Context(Struct, frozen=True, gc=False):
    output: Raw = Raw(b"[]")
    provider: str = ""


_context: Final = msgspec.json.Decoder(_Context).decode
_encode: Final = msgspec.json.Encoder().encode

_OF_ONE_PROVIDER: Final = frozenset(
    {"reasoning", "code_interpreter_call", "computer_call", "file_search_call", "image_generation_call", "mcp_call"}
    | {"mcp_list_tools"}
)
"""Types of items whose content, or whose id, means something to the provider alone that made them."""


class Lineage(Struct, frozen=True):
    """A chain, read: its items oldest first, and which provider each came from that is known to that one alone.

    `leaves` says that its last answer was given in a conversation of its own kind, so that whoever goes on from it
    without naming that conversation leaves it.
    """

    items: list[Item]
    origins: dict[str, str]
    conversation_id: str | None
    leaves: bool = False


def lineage_of(ancestors: list[Ancestor]) -> Lineage:
    """The context that a chain brings to its next turn. Raises BadRequest when its last answer has not ended well."""
    last = ancestors[-1]
    if last.status in IN_FLIGHT:
        message = f"Previous response with id '{last.id}' is still in progress; wait until it has ended."
        raise BadRequest(message, param="previous_response_id", code="previous_response_not_found")
    if last.status not in ("completed", "incomplete"):
        message = f"Previous response with id '{last.id}' is {last.status}; only a finished answer can be continued."
        raise BadRequest(message, param="previous_response_id", code="previous_response_not_found")
    items: list[Item] = []
    origins: dict[str, str] = {}
    for ancestor in ancestors:
        items += _items(ancestor.input)
        output = output_of(ancestor.body)
        items += output
        if own := [item["id"] for item in output if item.get("type") in _OF_ONE_PROVIDER and "id" in item]:
            origins |= dict.fromkeys(own, _provider(ancestor.body).provider)
    return Lineage(items, origins, last.conversation_id, leaves=last.view is not None)


def context_of(body: bytes) -> bytes:
    """A response object with nothing but what `lineage_of` reads of it."""
    return _encode(_context(body))


def items_of(array: bytes) -> list[Item]:
    """The items of a JSON array."""
    return _items(array)


def output_of(body: bytes) -> list[Item]:
    """The output items of a response object."""
    return _items(_output(body).output)


def not_found(response_id: str) -> BadRequest:
    """The chain cannot be continued: its parent, or one of the parent's ancestors, is not there for this tenant."""
    return BadRequest(
        f"Previous response with id '{response_id[:300]}' not found.",
        param="previous_response_id",
        code="previous_response_not_found",
    )


def new_items(request: Request, new_id: NewId, references: list[Item]) -> list[Item]:
    """The items that a request adds, each with an id, in the form that `input_items` shows.

    Those that only refer to others are added to `references` too, and so is reasoning whose blob only the store has.
    """
    if request.input is None:
        return []
    if isinstance(request.input, str):
        content = [{"type": "input_text", "text": request.input}]
        return [
            {"id": new_id("msg"), "type": "message", "status": "completed", "role": "user", "content": content},
        ]
    return [_referred(item, new_id, references) for item in request.input]


def _referred(item: Item, new_id: NewId, references: list[Item]) -> Item:
    if item.get("type") == "item_reference" or (item.get("type") is None and "role" not in item):
        references.append(item)
        return item
    if item.get("type") == "reasoning" and is_id(item.get("id")) and not item.get("encrypted_content"):
        references.append(item)
    return with_id(item, new_id)


def with_id(item: Item, new_id: NewId) -> Item:
    """The item with an id, and in its long form. What is no id, or an empty one, gives way to a new one."""
    kind = item.get("type")
    if kind is None and "role" in item:
        kind = "message"
    item = whole_item(item, kind)
    if is_id(item.get("id")) or kind in ("item_reference", None):
        return item
    prefix = PREFIXES.get(kind, "item") if isinstance(kind, str) else "item"
    return {"id": new_id(prefix)} | {name: value for name, value in item.items() if name != "id"}
