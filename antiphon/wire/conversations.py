"""Conversations on the wire: what `/v1/conversations` takes and gives, and views of them."""

from __future__ import annotations

from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from antiphon.errors import BadRequest, NotFound
from antiphon.wire.faults import UNDECODABLE, told
from antiphon.wire.requests import Item, Metadata

T = TypeVar("T", bound=Struct)

MAX_ITEMS: Final = 20
"""That one call may add."""

_MARK: Final = "@"
"""Between a conversation's id and a position: no identifier has it inside."""

_BEHIND_ALL: Final = 1 << 62

_encode: Final = msgspec.json.Encoder().encode


class ConversationView(Struct, frozen=True):
    """A conversation as a turn saw it: with the items up to `position`."""

    conversation_id: str
    position: int

    @property
    def reference(self) -> str:
        """What `view_of` reads."""
        return f"{self.conversation_id}{_MARK}{self.position}"


def whole_view(conversation_id: str) -> ConversationView:
    """A conversation with all of its items."""
    return ConversationView(conversation_id, _BEHIND_ALL)


def view_of(reference: str) -> ConversationView | None:
    """The view that a turn went on from, None where it is a response."""
    conversation_id, mark, position = reference.partition(_MARK)
    return ConversationView(conversation_id, int(position)) if mark else None


class NewConversation(Struct, frozen=True):
    """The body of `POST /v1/conversations`."""

    metadata: Metadata | None = None
    items: Annotated[list[Item], Meta(max_length=MAX_ITEMS)] | None = None


class ConversationUpdate(Struct, frozen=True):
    """The body of `POST /v1/conversations/{id}`."""

    metadata: Metadata | None


class NewItems(Struct, frozen=True):
    """The body of `POST /v1/conversations/{id}/items`."""

    items: Annotated[list[Item], Meta(min_length=1, max_length=MAX_ITEMS)]


def locked() -> BadRequest:
    """Somebody else is at work in the conversation."""
    message = "Another process is currently operating on this conversation. Please retry in a few seconds."
    return BadRequest(message, param="conversation", code="conversation_locked")


def unknown_conversation(identifier: str, param: str | None = None) -> NotFound:
    """Unknown, deleted and foreign ids are told alike."""
    message = f"Conversation with id '{identifier[:300]}' not found."
    return NotFound(message, param=param, code="conversation_not_found")


def duplicate(item_id: str, param: str) -> BadRequest:
    """An item of this id is in the conversation, or stands twice in the request."""
    message = f"Duplicate item found with id {item_id[:300]}. Remove duplicate items from your input and try again."
    return BadRequest(message, param=param)


def parse(kind: type[T], body: bytes) -> T:
    """The request in `body`. Raises BadRequest in the words of the OpenAI API; no body is an empty object."""
    try:
        if not body.isascii():
            body.decode()
        return msgspec.json.decode(body or b"{}", type=kind)
    except UNDECODABLE as error:
        raise told(error, kind) from None


def shown_conversation(identifier: str, created_at: int, metadata: bytes) -> bytes:
    """A conversation as clients see it; `metadata` is a JSON object."""
    return _encode({"id": identifier, "object": "conversation", "created_at": created_at, "metadata": Raw(metadata)})
