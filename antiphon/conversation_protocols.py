"""The seams of conversations: a page of their own beside `protocols.py`, whose turns carry two of them."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any, Literal, Protocol

from msgspec import Struct

from antiphon.wire.conversations import ConversationView
from antiphon.wire.requests import Item


class Alongside(Protocol):
    """Work that one store made, to stand in the transaction of another: both happen, or neither. See `ending`."""

    def prepare(self) -> None:
        """What needs no database: done before the write lock is taken."""
        ...

    def perform(self, connection: Any) -> object:  # noqa: ANN401 - a connection of whatever database the stores share
        """The statements. May run again, after a rollback. What it raises undoes what it stands beside."""
        ...


class StoredConversation(Struct, frozen=True, kw_only=True):
    """A conversation. `metadata` is a JSON object, `created_at` in Unix seconds.

    One that is not `own` has no items of its own: it is a chain's, and its items are those of the chain that ends in
    the response `newest` (None where no answer of the chain has ended well).
    """

    id: str
    created_at: int
    metadata: bytes = b"{}"
    own: bool = True
    newest: str | None = None


class StoredItem(Struct, frozen=True):
    """An item of a conversation. `body` is its JSON, in which the id may be another; `provider` made it, if one did."""

    id: str
    body: bytes
    provider: str | None = None
    compaction: bool = False


class Page(Struct, frozen=True):
    """Which part of a list is asked for. `after` and `before` are item ids, exclusive, in the order asked for."""

    limit: int = 20
    order: Literal["asc", "desc"] = "desc"
    after: str | None = None
    before: str | None = None


class ItemPage(Struct, frozen=True):
    """A part of a list, in the order asked for, and whether there is more of it."""

    items: list[StoredItem]
    has_more: bool


class Verdict(enum.Enum):
    """What became of a change."""

    DONE = "done"
    UNKNOWN = "unknown"
    LOCKED = "locked"
    TAKEN = "taken"


class Addition(Struct, frozen=True):
    """What became of items that were to be added; `taken` is the first id that the conversation had already."""

    verdict: Verdict
    taken: str | None = None


class Conversations(Protocol):
    """Conversations and their items. Every look-up is by tenant: a foreign id is an unknown id."""

    async def create(self, tenant: str, conversation: StoredConversation, items: Sequence[StoredItem]) -> None:
        """Keeps a conversation with items of its own. Leaves one alone that has some already, or that was deleted.

        Ids that stand among the items twice are made different.
        """
        ...

    async def get(self, tenant: str, conversation_id: str) -> StoredConversation | None:
        """The conversation, a chain's too; None when it is unknown, deleted or foreign."""
        ...

    async def update(self, tenant: str, conversation_id: str, metadata: bytes) -> StoredConversation | None:
        """The conversation with other metadata, None where there is none."""
        ...

    async def delete(self, tenant: str, conversation_id: str) -> bool:
        """Removes the conversation and its items, and no response. False when there is none."""
        ...

    async def add(self, tenant: str, conversation_id: str, items: Sequence[StoredItem]) -> Addition:
        """Adds all of the items at the end, or none: not while a turn holds the conversation, nor ids that are there.

        UNKNOWN for a conversation that has no items of its own.
        """
        ...

    async def page(self, tenant: str, conversation_id: str, wanted: Page) -> ItemPage | None:
        """A part of its own items, None where there is no item of the id that is asked for."""
        ...

    async def item(self, tenant: str, conversation_id: str, item_id: str) -> StoredItem | None: ...

    async def remove(self, tenant: str, conversation_id: str, item_id: str) -> bool:
        """Removes one item of its own. False when there is none."""
        ...


class Holder(Struct, frozen=True):
    """A turn that has a conversation to itself."""

    tenant: str
    conversation_id: str
    response_id: str


class Held(Struct, frozen=True):
    """What became of an attempt to hold a conversation; with DONE, the last position that an item has."""

    verdict: Verdict
    position: int = 0


class ConversationTurns(Protocol):
    """What a turn does with its conversation: hold it, read it, add to it, let it go.

    A hold lapses by itself when it has not been renewed for a while, as when its process died.
    """

    async def hold(self, holder: Holder) -> Held:
        """Takes the conversation unless another turn holds it. Whoever holds it may take it again, and loses nothing.

        UNKNOWN for a conversation that has no items of its own.
        """
        ...

    async def renew(self, holders: Sequence[Holder]) -> None:
        """Holds on, for as long as a new hold would last. Whoever has lost its hold gets it back from nobody."""
        ...

    async def release(self, holder: Holder) -> None:
        """Lets go; nothing happens where the hold was lost."""
        ...

    def lasting(self, holder: Holder) -> Alongside:
        """From now on the hold lasts without being renewed: however the answer in the background ends, it is let go.

        Raises BadRequest when the hold was lost.
        """
        ...

    async def context(self, tenant: str, view: ConversationView) -> list[StoredItem]:
        """The items that a turn with this view reads, oldest first: from the newest compaction on, if there is one.

        What was removed since is missing.
        """
        ...

    def ending(self, holder: Holder, items: Sequence[StoredItem]) -> Alongside:
        """Adds the items, with ids of their own where theirs are taken, and lets go.

        Does nothing where the conversation was deleted. Raises BadRequest when there are items to add and the hold
        was lost to another turn.
        """
        ...


class ConversationHold(Protocol):
    """A turn's hold on its conversation, from the moment it was opened to its end, however it ends."""

    @property
    def view(self) -> ConversationView:
        """The conversation as this turn reads it."""
        ...

    def begin(self) -> None:
        """From now on the hold is renewed."""
        ...

    def lasting(self) -> Alongside:
        """To be done in the transaction that queues the turn: it is held until its answer has ended."""
        ...

    def ending(self, own: Sequence[Item], output: Sequence[Item] | None, provider: str) -> Alongside:
        """To be done in the transaction that keeps the turn: adds its input and the provider's output; lets go.

        Adds nothing where there is no output to add: the turn has not ended well.
        """
        ...

    def kept(self) -> None:
        """The ending was committed: nothing is held any more."""
        ...

    async def leave(self) -> None:
        """Lets go of whatever is still held. Never raises: at the worst, the hold lapses."""
        ...
