"""Conversations in SQLite: those that were made, and those that chains have without anybody having made them.

A chain's conversation is named after the chain's root, and is a row only once it is different from its chain: it has
metadata (`chain`), items of its own (`own`), or was deleted (`deleted`). Law: every statement names the tenant.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    Select,
    TextClause,
    bindparam,
    delete,
    insert,
    literal_column,
    or_,
    select,
    text,
    update,
)

from antiphon.conversation_protocols import Addition, ItemPage, Page, StoredConversation, StoredItem, Verdict
from antiphon.protocols import Clock
from antiphon.store.conversation_items import Items
from antiphon.store.database import SqlDatabase
from antiphon.store.statements import Connection, positional, text_of
from antiphon.store.tables import CONTINUING, conversations, responses
from antiphon.store.work import Act
from antiphon.wire.ids import named_after

OWN: Final = "own"
CHAIN: Final = "chain"
DELETED: Final = "deleted"

_COLUMNS: Final = ("id", "tenant", "state", "created_at", "last_position", "metadata")
_ENDED_WELL: Final = frozenset({"completed", "incomplete"})


class SqlConversations:
    """The `Conversations` of one database."""

    def __init__(self, database: SqlDatabase, clock: Clock) -> None:
        """`clock` decides which responses have expired, and which holds have lapsed."""
        self._database = database
        self._clock = clock
        self._items = Items()
        self._chains = _Chains()
        self._row = text_of(_row())
        self._locked = text_of(_row().with_for_update())
        self._insert = positional(insert(conversations), _COLUMNS)
        self._become = text_of(_change("state", "last_position"))
        self._describe = text_of(_change("metadata"))
        self._count = text_of(_change("last_position", "holder"))
        self._delete = text_of(delete(conversations).where(*_ONE))

    async def create(self, tenant: str, conversation: StoredConversation, items: Sequence[StoredItem]) -> None:
        await self._database.write(Act(partial(self._create, tenant, conversation, items)))

    async def get(self, tenant: str, conversation_id: str) -> StoredConversation | None:
        return await self._database.read(Act(partial(self._find, tenant, conversation_id)))

    async def update(self, tenant: str, conversation_id: str, metadata: bytes) -> StoredConversation | None:
        return await self._database.write(Act(partial(self._update, tenant, conversation_id, metadata)))

    async def delete(self, tenant: str, conversation_id: str) -> bool:
        return await self._database.write(Act(partial(self._remove, tenant, conversation_id)))

    async def add(self, tenant: str, conversation_id: str, items: Sequence[StoredItem]) -> Addition:
        return await self._database.write(Act(partial(self._add, tenant, conversation_id, items)))

    async def page(self, tenant: str, conversation_id: str, wanted: Page) -> ItemPage | None:
        return await self._database.read(
            Act(lambda connection: self._items.page(connection, tenant, conversation_id, wanted))
        )

    async def item(self, tenant: str, conversation_id: str, item_id: str) -> StoredItem | None:
        return await self._database.read(
            Act(lambda connection: self._items.one(connection, tenant, conversation_id, item_id))
        )

    async def remove(self, tenant: str, conversation_id: str, item_id: str) -> bool:
        return await self._database.write(
            Act(lambda connection: self._items.remove(connection, tenant, conversation_id, item_id))
        )

    def _find(self, tenant: str, conversation_id: str, connection: Connection) -> StoredConversation | None:
        row = self._state(connection, tenant, conversation_id, self._row)
        if row is not None and row.state == OWN:
            return StoredConversation(id=conversation_id, created_at=row.created_at, metadata=row.metadata)
        if row is not None and row.state == DELETED:
            return None
        chain = self._chains.find(connection, tenant, conversation_id, int(self._clock()))
        if chain is None:
            return None
        return StoredConversation(
            id=conversation_id,
            created_at=chain.created_at if row is None else row.created_at,
            metadata=b"{}" if row is None else row.metadata,
            own=False,
            newest=chain.newest,
        )

    def _create(
        self,
        tenant: str,
        conversation: StoredConversation,
        items: Sequence[StoredItem],
        connection: Connection,
    ) -> None:
        row = self._state(connection, tenant, conversation.id, self._locked)
        if row is None:
            self._put(connection, tenant, conversation, OWN, len(items))
        elif row.state == CHAIN:
            names = {"tenant": tenant, "conversation_id": conversation.id, "new_state": OWN}
            connection.execute(self._become, {**names, "new_last_position": len(items)})
        else:
            return
        self._items.append(connection, tenant, conversation.id, items, 0)

    def _update(
        self, tenant: str, conversation_id: str, metadata: bytes, connection: Connection
    ) -> StoredConversation | None:
        self._state(connection, tenant, conversation_id, self._locked)
        found = self._find(tenant, conversation_id, connection)
        if found is None:
            return None
        names = {"tenant": tenant, "conversation_id": conversation_id, "new_metadata": metadata}
        if connection.execute(self._describe, names).rowcount == 0:
            self._put(connection, tenant, _described(found, metadata), CHAIN, 0)
        return _described(found, metadata)

    def _remove(self, tenant: str, conversation_id: str, connection: Connection) -> bool:
        self._state(connection, tenant, conversation_id, self._locked)
        found = self._find(tenant, conversation_id, connection)
        if found is None:
            return False
        self._items.clear(connection, tenant, conversation_id)
        connection.execute(self._delete, {"tenant": tenant, "conversation_id": conversation_id})
        if self._chains.find(connection, tenant, conversation_id, int(self._clock())) is not None:
            # The chain is still there, and would be found again as this conversation.
            self._put(connection, tenant, _described(found, b"{}"), DELETED, 0)
        return True

    def _add(self, tenant: str, conversation_id: str, items: Sequence[StoredItem], connection: Connection) -> Addition:
        row = self._state(connection, tenant, conversation_id, self._locked)
        if row is None or row.state != OWN:
            return Addition(Verdict.UNKNOWN)
        if row.held_until is not None and row.held_until > self._clock():
            return Addition(Verdict.LOCKED)
        for item in items:
            if self._items.has(connection, tenant, conversation_id, item.id):
                return Addition(Verdict.TAKEN, item.id)
        self._items.append(connection, tenant, conversation_id, items, row.last_position)
        names = {"tenant": tenant, "conversation_id": conversation_id, "new_holder": None}
        # A hold that has lapsed is over: its turn has not read these items.
        connection.execute(self._count, {**names, "new_last_position": row.last_position + len(items)})
        return Addition(Verdict.DONE)

    def _state(self, connection: Connection, tenant: str, conversation_id: str, statement: str) -> _Row | None:
        row = connection.execute(statement, {"tenant": tenant, "conversation_id": conversation_id}).fetchone()
        return None if row is None else _Row(*row)

    def _put(
        self, connection: Connection, tenant: str, conversation: StoredConversation, state: str, items: int
    ) -> None:
        row = (conversation.id, tenant, state, conversation.created_at, items, conversation.metadata)
        connection.execute(self._insert, row)


class _Row(Struct):
    state: str
    created_at: int
    last_position: int
    held_until: int | None
    metadata: bytes


class _Chain(Struct):
    created_at: int
    newest: str | None


class _Chains:
    """Finds the chain whose conversation an id is: its root by the name, what goes on from that by an index."""

    def __init__(self) -> None:
        self._root = text_of(_responses_of(responses.c.id == bindparam("root_id")))
        self._newest = text_of(_continuing(responses.c.id.desc(), ended_well=True))
        self._oldest = text_of(_continuing(responses.c.id.asc(), ended_well=False))

    def find(self, connection: Connection, tenant: str, conversation_id: str, now: int) -> _Chain | None:
        names = {"tenant": tenant, "conversation_id": conversation_id, "now": now}
        root = connection.execute(self._root, {**names, "root_id": named_after(conversation_id, "resp")}).fetchone()
        newest = connection.execute(self._newest, names).fetchone()
        if newest is None and root is not None and root[2] in _ENDED_WELL:
            newest = root
        first = root or connection.execute(self._oldest, names).fetchone()
        if first is None:
            return None
        return _Chain(first[1], None if newest is None else newest[0])


def _described(conversation: StoredConversation, metadata: bytes) -> StoredConversation:
    return StoredConversation(
        id=conversation.id,
        created_at=conversation.created_at,
        metadata=metadata,
        own=conversation.own,
        newest=conversation.newest,
    )


_ONE: Final = (conversations.c.id == bindparam("conversation_id"), conversations.c.tenant == bindparam("tenant"))


def _row() -> Select[*tuple[Any, ...]]:
    table = conversations.c
    return select(table.state, table.created_at, table.last_position, table.held_until, table.metadata).where(*_ONE)


def _change(*names: str) -> ClauseElement:
    """Parameters of new values begin with ``new_``: the others say which row is meant."""
    return update(conversations).where(*_ONE).values({name: bindparam(f"new_{name}") for name in names})


def _responses_of(*conditions: ColumnElement[bool] | TextClause) -> Select[*tuple[Any, ...]]:
    table = responses.c
    return select(table.id, table.created_at, table.status).where(
        table.conversation_id == bindparam("conversation_id"),
        table.tenant == bindparam("tenant"),
        or_(table.expires_at.is_(None), table.expires_at > bindparam("now")),
        *conditions,
    )


def _continuing(order: ColumnElement[str], *, ended_well: bool) -> ClauseElement:
    wanted = [text("status IN ('completed', 'incomplete')")] if ended_well else []
    one = _responses_of(*wanted, text(CONTINUING)).order_by(order).limit(literal_column("1"))
    return one.offset(literal_column("0"))
