"""`/v1/conversations` and their items."""

from __future__ import annotations

from typing import Final

import msgspec

from antiphon.conversation_protocols import Conversations, StoredConversation, Verdict
from antiphon.errors import NotFound
from antiphon.gateway.conversations import ConversationDesk, decoded
from antiphon.gateway.flow import Surroundings
from antiphon.gateway.history import with_id
from antiphon.gateway.leases import stored
from antiphon.http.call import Call
from antiphon.http.listing import listed, not_in_list, page_of
from antiphon.http.queries import included, page
from antiphon.wire.conversations import (
    ConversationUpdate,
    NewConversation,
    NewItems,
    duplicate,
    locked,
    parse,
    shown_conversation,
    unknown_conversation,
)
from antiphon.wire.ids import is_well_formed
from antiphon.wire.kept_items import check_items
from antiphon.wire.requests import Item
from antiphon.wire.visibility import shown_item

_encode: Final = msgspec.json.Encoder().encode


class ConversationEndpoints:
    """The handlers."""

    def __init__(
        self, conversations: Conversations, desk: ConversationDesk, surroundings: Surroundings, max_body_bytes: int
    ) -> None:
        """`desk` knows the conversations of chains."""
        self._conversations = conversations
        self._desk = desk
        self._surroundings = surroundings
        self._max_body_bytes = max_body_bytes

    async def create(self, call: Call) -> None:
        """`POST /v1/conversations`."""
        asked = parse(NewConversation, await call.body(self._max_body_bytes))
        items = self._new(asked.items or [])
        conversation = StoredConversation(
            id=self._surroundings.new_id("conv"),
            created_at=int(self._surroundings.clock()),
            metadata=_encode(asked.metadata or {}),
        )
        await self._conversations.create(call.tenant, conversation, [stored(item) for item in items])
        await _reply(call, conversation)

    async def retrieve(self, call: Call) -> None:
        """`GET /v1/conversations/{id}`."""
        await _reply(call, await self._desk.find(call.tenant, _conversation_id(call)))

    async def update(self, call: Call) -> None:
        """`POST /v1/conversations/{id}`: metadata are replaced as a whole."""
        identifier = _conversation_id(call)
        asked = parse(ConversationUpdate, await call.body(self._max_body_bytes))
        updated = await self._conversations.update(call.tenant, identifier, _encode(asked.metadata or {}))
        if updated is None:
            raise unknown_conversation(identifier)
        await _reply(call, updated)

    async def delete(self, call: Call) -> None:
        """`DELETE /v1/conversations/{id}`: its responses stay."""
        identifier = _conversation_id(call)
        if not await self._conversations.delete(call.tenant, identifier):
            raise unknown_conversation(identifier)
        await call.reply(200, _encode({"id": identifier, "object": "conversation.deleted", "deleted": True}))

    async def add_items(self, call: Call) -> None:
        """`POST /v1/conversations/{id}/items`."""
        identifier = _conversation_id(call)
        include = included(call.query())
        items = self._new(parse(NewItems, await call.body(self._max_body_bytes)).items)
        await self._desk.make_real(call.tenant, await self._desk.find(call.tenant, identifier))
        added = await self._conversations.add(call.tenant, identifier, [stored(item) for item in items])
        if added.verdict is Verdict.LOCKED:
            raise locked()
        if added.taken is not None:
            raise duplicate(added.taken, "items")
        if added.verdict is Verdict.UNKNOWN:
            raise unknown_conversation(identifier)
        await call.reply(200, _encode(listed(items, include, has_more=False)))

    async def list_items(self, call: Call) -> None:
        """`GET /v1/conversations/{id}/items`."""
        identifier = _conversation_id(call)
        values = call.query()
        include = included(values)
        wanted = page(values)
        found = await self._desk.find(call.tenant, identifier)
        if not found.own:
            items = await self._desk.items_of_chain(call.tenant, found)
            await call.reply(200, _encode(page_of(items, wanted, include)))
            return
        part = await self._conversations.page(call.tenant, identifier, wanted)
        if part is None:
            cursor = "before" if wanted.after is None else "after"
            raise not_in_list(wanted.after or wanted.before or "", cursor)
        items = [decoded(item) for item in part.items]
        await call.reply(200, _encode(listed(items, include, has_more=part.has_more)))

    async def retrieve_item(self, call: Call) -> None:
        """`GET /v1/conversations/{id}/items/{item_id}`."""
        include = included(call.query())
        found = await self._desk.find(call.tenant, _conversation_id(call))
        item = await self._item(call, found)
        if item is None:
            raise _unknown_item(call)
        await call.reply(200, _encode(shown_item(item, include)))

    async def delete_item(self, call: Call) -> None:
        """`DELETE /v1/conversations/{id}/items/{item_id}`: answers with the conversation."""
        found = await self._desk.find(call.tenant, _conversation_id(call))
        if await self._item(call, found) is None:
            raise _unknown_item(call)
        await self._desk.make_real(call.tenant, found)
        if not await self._conversations.remove(call.tenant, found.id, call.path_params["item_id"]):
            raise _unknown_item(call)
        await _reply(call, found)

    def _new(self, items: list[Item]) -> list[Item]:
        """The items as they will be kept. Raises BadRequest."""
        check_items(items)
        new = [with_id(item, self._surroundings.new_id) for item in items]
        taken: set[str] = set()
        for item in new:
            if item["id"] in taken:
                raise duplicate(item["id"], "items")
            taken.add(item["id"])
        return new

    async def _item(self, call: Call, found: StoredConversation) -> Item | None:
        item_id = call.path_params["item_id"]
        if found.own:
            item = await self._conversations.item(call.tenant, found.id, item_id)
            return None if item is None else decoded(item)
        items = await self._desk.items_of_chain(call.tenant, found)
        return next((item for item in items if item["id"] == item_id), None)


async def _reply(call: Call, conversation: StoredConversation) -> None:
    await call.reply(200, shown_conversation(conversation.id, conversation.created_at, conversation.metadata))


def _conversation_id(call: Call) -> str:
    """The id in the path. Raises NotFound for what cannot be anybody's id."""
    identifier = call.path_params["id"]
    if not is_well_formed(identifier):
        raise unknown_conversation(identifier)
    return identifier


def _unknown_item(call: Call) -> NotFound:
    item_id = call.path_params["item_id"][:300]
    message = f"Item with id '{item_id}' not found in conversation '{call.path_params['id'][:300]}'."
    return NotFound(message, code="item_not_found")
