"""Conversations as turns meet them: found, read, held.

A chain has a conversation without anybody having made it: its items are those of the chain. It is made real, with
items of its own, by the first change to its items and by the first turn that names it.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from antiphon.conversation_protocols import (
    Conversations,
    ConversationTurns,
    Holder,
    StoredConversation,
    StoredItem,
    Verdict,
)
from antiphon.errors import BadRequest
from antiphon.gateway.history import Lineage, items_of, lineage_of, output_of
from antiphon.gateway.leases import Hold, Leases, stored
from antiphon.protocols import Responses, Turn
from antiphon.wire.conversations import ConversationView, duplicate, locked, unknown_conversation, view_of, whole_view
from antiphon.wire.items import identified
from antiphon.wire.requests import Item

_item: Final = msgspec.json.Decoder(dict[str, Any]).decode


class ConversationDesk:
    """What the flow and the endpoints ask of conversations."""

    def __init__(
        self, conversations: Conversations, turns: ConversationTurns, responses: Responses, leases: Leases
    ) -> None:
        """All of one database."""
        self._conversations = conversations
        self._turns = turns
        self._responses = responses
        self._leases = leases

    async def find(self, tenant: str, conversation_id: str, param: str | None = None) -> StoredConversation:
        """Raises NotFound, in which `param` names the member of the request that is meant."""
        found = await self._conversations.get(tenant, conversation_id)
        if found is None:
            raise unknown_conversation(conversation_id, param)
        return found

    async def items_of_chain(self, tenant: str, found: StoredConversation) -> list[Item]:
        """The items of a conversation that has none of its own, oldest first, each with an id of its own."""
        return identified((await self._chain(tenant, found)).items)

    async def make_real(self, tenant: str, found: StoredConversation) -> None:
        """Gives a chain's conversation items of its own: those that it shows. Does nothing to any other."""
        if found.own:
            return
        chain = await self._chain(tenant, found)
        items = [stored(item, chain.origins.get(str(item.get("id")))) for item in identified(chain.items)]
        await self._conversations.create(tenant, found, items)

    async def enter(self, turn: Turn, conversation_id: str, lineage: Lineage | None) -> None:
        """Brings a turn into the conversation that its request names, and holds it where the turn will add to it.

        With the chain that the conversation belongs to, this changes nothing as long as that has no items of its own.
        Raises NotFound, and BadRequest for another conversation than the chain's, one that is held by another turn, or
        input that it has already.
        """
        tenant = turn.caller.tenant
        if lineage is not None and lineage.conversation_id != conversation_id:
            message = "Mutually exclusive parameters: 'conversation' and 'previous_response_id'."
            raise BadRequest(message, param="conversation", code="mutually_exclusive_parameters")
        found = await self.find(tenant, conversation_id, "conversation")
        turn.conversation = conversation_id
        if lineage is not None and not found.own:
            return
        if turn.request.stored:
            await self.make_real(tenant, found)
            await self._hold(turn, conversation_id)
        elif found.own:
            await self._read(turn, whole_view(conversation_id))
        else:
            chain = await self._chain(tenant, found)
            turn.history, turn.origins = identified(chain.items), chain.origins

    async def seen(self, tenant: str, view: ConversationView) -> Lineage:
        """What a turn with this view had before it; items that were removed since are missing."""
        found = await self._turns.context(tenant, view)
        items = [decoded(item) for item in found]
        origins = {item.id: item.provider for item in found if item.provider is not None}
        return Lineage(items, origins, view.conversation_id, leaves=True)

    async def before(self, tenant: str, parent_id: str) -> list[Item]:
        """Everything that a response which goes on from `parent_id` had before its own input, as far as it is kept."""
        view = view_of(parent_id)
        if view is not None:
            return (await self.seen(tenant, view)).items
        ancestors = await self._responses.lineage(tenant, parent_id)
        if not ancestors:
            return []
        rooted = ancestors[0].view
        earlier = [] if rooted is None else (await self.seen(tenant, rooted)).items
        return earlier + lineage_of(ancestors).items

    async def _chain(self, tenant: str, found: StoredConversation) -> Lineage:
        """The chain that ends in the newest answer; where an earlier one is gone, what the newest itself said."""
        empty = Lineage([], {}, found.id)
        if found.newest is None:
            return empty
        ancestors = await self._responses.lineage(tenant, found.newest)
        if ancestors:
            lineage = lineage_of(ancestors)
            return lineage if ancestors[0].view is None else await self.rooted(tenant, lineage, ancestors[0].view)
        last = await self._responses.get(tenant, found.newest)
        return empty if last is None else Lineage(items_of(last.input) + output_of(last.body), {}, found.id)

    async def rooted(self, tenant: str, lineage: Lineage, view: ConversationView) -> Lineage:
        """A chain with what its root had seen before it."""
        earlier = await self.seen(tenant, view)
        return Lineage(
            earlier.items + lineage.items, earlier.origins | lineage.origins, lineage.conversation_id, lineage.leaves
        )

    async def _hold(self, turn: Turn, conversation_id: str) -> None:
        holder = Holder(turn.caller.tenant, conversation_id, turn.id)
        held = await self._turns.hold(holder)
        if held.verdict is Verdict.UNKNOWN:
            raise unknown_conversation(conversation_id, "conversation")
        if held.verdict is Verdict.LOCKED:
            raise locked()
        turn.hold = Hold(self._turns, self._leases, holder, held.position)
        await self._read(turn, turn.hold.view)

    async def _read(self, turn: Turn, view: ConversationView) -> None:
        seen = await self.seen(turn.caller.tenant, view)
        turn.history, turn.origins = seen.items, seen.origins
        taken = {item["id"] for item in seen.items}
        for item in turn.input:
            identifier = item.get("id")
            if isinstance(identifier, str) and identifier in taken and item.get("type") != "item_reference":
                raise duplicate(identifier, "input")


def decoded(item: StoredItem) -> Item:
    """The item as the model and the client see it."""
    return _item(item.body) | {"id": item.id}
