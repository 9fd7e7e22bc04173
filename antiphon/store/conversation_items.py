"""Items of conversations, on a connection that somebody else holds: what all that touches them shares.

Law: no two items of a conversation share an id or a position, and a position is never given twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    text,
)

from antiphon.conversation_protocols import ItemPage, Page, StoredItem
from antiphon.store.statements import Connection, positional, text_of
from antiphon.store.tables import conversation_items

ANYWHERE: Final = 1 << 62
"""Behind every position."""

_COLUMNS: Final = ("conversation_id", "position", "tenant", "item_id", "compaction", "provider", "body")


class Items:
    """The statements, compiled once. All methods work within the caller's transaction."""

    def __init__(self) -> None:
        """Opens nothing."""
        self._insert = positional(insert(conversation_items), _COLUMNS)
        self._place = text_of(_of_one(conversation_items.c.position))
        self._one = text_of(_of_one(conversation_items.c.item_id, *_CONTENT))
        self._remove = text_of(delete(conversation_items).where(*_MINE, _NAMED))
        self._clear = text_of(delete(conversation_items).where(*_MINE))
        self._context = text_of(_context())
        self._pages = {order: text_of(_page(order == "asc")) for order in ("asc", "desc")}

    def append(
        self,
        connection: Connection,
        tenant: str,
        conversation_id: str,
        items: Sequence[StoredItem],
        position: int,
    ) -> None:
        """Adds the items behind `position`; one whose id is taken gets another."""
        for place, item in enumerate(items, position + 1):
            item_id = item.id
            while self.has(connection, tenant, conversation_id, item_id):
                item_id = f"{item_id}_{place}"
            row = (conversation_id, place, tenant, item_id, item.compaction, item.provider, item.body)
            connection.execute(self._insert, row)

    def has(self, connection: Connection, tenant: str, conversation_id: str, item_id: str) -> bool:
        return self._position(connection, tenant, conversation_id, item_id) is not None

    def one(self, connection: Connection, tenant: str, conversation_id: str, item_id: str) -> StoredItem | None:
        names = {"tenant": tenant, "conversation_id": conversation_id, "item_id": item_id}
        row = connection.execute(self._one, names).fetchone()
        return None if row is None else StoredItem(*row)

    def remove(self, connection: Connection, tenant: str, conversation_id: str, item_id: str) -> bool:
        names = {"tenant": tenant, "conversation_id": conversation_id, "item_id": item_id}
        return connection.execute(self._remove, names).rowcount > 0

    def clear(self, connection: Connection, tenant: str, conversation_id: str) -> None:
        """Removes all of them."""
        connection.execute(self._clear, {"tenant": tenant, "conversation_id": conversation_id})

    def context(self, connection: Connection, tenant: str, conversation_id: str, upto: int) -> list[StoredItem]:
        """Those up to a position, oldest first, from the newest compaction among them on."""
        names = {"tenant": tenant, "conversation_id": conversation_id, "upto": upto}
        return [StoredItem(*row) for row in connection.execute(self._context, names)]

    def page(self, connection: Connection, tenant: str, conversation_id: str, wanted: Page) -> ItemPage | None:
        """None where `after` or `before` is no item of the conversation."""
        forwards = wanted.order == "asc"
        low, high = 0, ANYWHERE
        for cursor, is_lower in ((wanted.after, forwards), (wanted.before, not forwards)):
            if cursor is None:
                continue
            place = self._position(connection, tenant, conversation_id, cursor)
            if place is None:
                return None
            low, high = (max(low, place), high) if is_lower else (low, min(high, place))
        # What stands before an item is reached from that item on, so it is read the other way round.
        turned = wanted.before is not None and wanted.after is None
        statement = self._pages["asc" if forwards != turned else "desc"]
        names = {"tenant": tenant, "conversation_id": conversation_id, "low": low, "high": high}
        rows = connection.execute(statement, {**names, "limit": wanted.limit + 1}).fetchall()
        found = [StoredItem(*row) for row in rows[: wanted.limit]]
        return ItemPage(found[::-1] if turned else found, has_more=len(rows) > wanted.limit)

    def _position(self, connection: Connection, tenant: str, conversation_id: str, item_id: str) -> int | None:
        names = {"tenant": tenant, "conversation_id": conversation_id, "item_id": item_id}
        row = connection.execute(self._place, names).fetchone()
        return None if row is None else row[0]


_TABLE: Final = conversation_items.c
_CONTENT: Final = (_TABLE.body, _TABLE.provider, _TABLE.compaction)
_MINE: Final = (_TABLE.conversation_id == bindparam("conversation_id"), _TABLE.tenant == bindparam("tenant"))
_NAMED: Final = _TABLE.item_id == bindparam("item_id")
_COMPACTION: Final = text("compaction")
"""Spelled as in the index that holds nothing else."""


def _of_one(*columns: ColumnElement[object]) -> ClauseElement:
    return select(*columns).where(*_MINE, _NAMED)


def _page(forwards: bool) -> ClauseElement:  # noqa: FBT001 - one of two statements
    order = _TABLE.position.asc() if forwards else _TABLE.position.desc()
    return (
        select(_TABLE.item_id, *_CONTENT)
        .where(*_MINE, _TABLE.position > bindparam("low"), _TABLE.position < bindparam("high"))
        .order_by(order)
        .limit(bindparam("limit"))
        .offset(literal_column("0"))
    )


def _context() -> ClauseElement:
    newest = (
        select(func.max(_TABLE.position))
        .where(*_MINE, _COMPACTION, _TABLE.position <= bindparam("upto"))
        .scalar_subquery()
    )
    first = func.coalesce(newest, literal_column("0"))
    return (
        select(_TABLE.item_id, *_CONTENT)
        .where(*_MINE, _TABLE.position >= first, _TABLE.position <= bindparam("upto"))
        .order_by(_TABLE.position)
    )
