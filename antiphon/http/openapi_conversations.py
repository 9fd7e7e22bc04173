"""`paths` of conversations: a page of their own beside `openapi_paths.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from antiphon.http.openapi_answers import json_answer, schema
from antiphon.http.openapi_paths import OPERATIONS, Operation

Json = dict[str, Any]

CONVERSATIONS: Final = "Conversations"
TAG: Final = {"name": CONVERSATIONS, "description": "Items that turns add to, and read, under one name."}

_ID: Final[Json] = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "The conversation's id.",
    "schema": {"type": "string"},
}
_ITEM_ID: Final[Json] = _ID | {"name": "item_id", "description": "The item's id."}
_PAGING: Final = OPERATIONS["get", "/v1/responses/{id}/input_items"].parameters[1:]
"""Every list of items is paged alike; `include` stands last, in two spellings."""

_INCLUDE: Final = _PAGING[-2:]
_READ: Final = (401, 404, 500, 503)
_WRITTEN: Final = (400, 401, 404, 413, 415, 500, 503)
_HELLO: Final[Json] = {"type": "message", "role": "user", "content": "Hello!"}


def _body(name: str, example: Json, *, required: bool = True) -> Json:
    return {"required": required, "content": {"application/json": {"schema": schema(name), "example": example}}}


CONVERSATION_OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("post", "/v1/conversations"): Operation(
        id="createConversation",
        tag=CONVERSATIONS,
        summary="Create a conversation",
        description="Empty, or with its first items. Name it as `conversation` in a create request to go on in it.",
        body=_body("NewConversation", {"metadata": {"topic": "demo"}, "items": [_HELLO]}, required=False),
        answers={"200": json_answer("The conversation.", "Conversation")},
        errors=(400, 401, 413, 415, 500, 503),
    ),
    ("get", "/v1/conversations/{id}"): Operation(
        id="retrieveConversation",
        tag=CONVERSATIONS,
        summary="Retrieve a conversation",
        description="One that was created, or the one that a chain of stored responses has by itself.",
        parameters=(_ID,),
        answers={"200": json_answer("The conversation.", "Conversation")},
        errors=_READ,
    ),
    ("post", "/v1/conversations/{id}"): Operation(
        id="updateConversation",
        tag=CONVERSATIONS,
        summary="Replace the metadata of a conversation",
        parameters=(_ID,),
        body=_body("ConversationUpdate", {"metadata": {"topic": "rivers"}}),
        answers={"200": json_answer("The conversation.", "Conversation")},
        errors=_WRITTEN,
    ),
    ("delete", "/v1/conversations/{id}"): Operation(
        id="deleteConversation",
        tag=CONVERSATIONS,
        summary="Delete a conversation",
        description="With its items. Responses that were made in it stay.",
        parameters=(_ID,),
        answers={"200": json_answer("It is gone.", "DeletedConversation")},
        errors=_READ,
    ),
    ("post", "/v1/conversations/{id}/items"): Operation(
        id="addConversationItems",
        tag=CONVERSATIONS,
        summary="Add items to a conversation",
        description=(
            "At its end, in this order: all of them, or none. Items without an id are given one. Refused with"
            " `conversation_locked` while a response is being made in it."
        ),
        parameters=(_ID, *_INCLUDE),
        body=_body("NewItems", {"items": [_HELLO]}),
        answers={"200": json_answer("The items that were added.", "ItemList")},
        errors=_WRITTEN,
    ),
    ("get", "/v1/conversations/{id}/items"): Operation(
        id="listConversationItems",
        tag=CONVERSATIONS,
        summary="List the items of a conversation",
        parameters=(_ID, *_PAGING),
        answers={"200": json_answer("One page.", "ItemList")},
        errors=(400, *_READ),
    ),
    ("get", "/v1/conversations/{id}/items/{item_id}"): Operation(
        id="retrieveConversationItem",
        tag=CONVERSATIONS,
        summary="Retrieve an item of a conversation",
        parameters=(_ID, _ITEM_ID, *_INCLUDE),
        answers={"200": json_answer("The item.", "InputItem")},
        errors=(400, *_READ),
    ),
    ("delete", "/v1/conversations/{id}/items/{item_id}"): Operation(
        id="deleteConversationItem",
        tag=CONVERSATIONS,
        summary="Delete an item of a conversation",
        description="Later responses no longer see it. A call that loses its output, or the reverse, is refused then.",
        parameters=(_ID, _ITEM_ID),
        answers={"200": json_answer("The conversation without it.", "Conversation")},
        errors=_READ,
    ),
}
