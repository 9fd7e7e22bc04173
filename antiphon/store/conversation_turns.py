"""What turns do with conversations in SQLite: hold, read, add, let go.

Law: of all turns that end, only one that holds the conversation adds to it; so the items of two are never mixed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from sqlalchemy import (
    BigInteger,
    ClauseElement,
    ColumnElement,
    Select,
    bindparam,
    case,
    literal_column,
    null,
    or_,
    select,
    update,
)

from antiphon.conversation_protocols import Alongside, Held, Holder, StoredItem, Verdict
from antiphon.protocols import Clock
from antiphon.store.conversation_items import Items
from antiphon.store.conversations import OWN
from antiphon.store.database import SqlDatabase
from antiphon.store.statements import Connection, text_of
from antiphon.store.tables import conversations
from antiphon.store.work import Act
from antiphon.wire.conversations import ConversationView, locked

LEASE_SECONDS: Final = 30
"""How long a hold lasts that nobody renews."""

BACKGROUND_SECONDS: Final = 7 * 86_400
"""An answer in the background may wait long for its turn, and lets go whenever it ends."""


class SqlConversationTurns:
    """The `ConversationTurns` of one database; all processes that use it see each other's holds."""

    def __init__(self, database: SqlDatabase, clock: Clock) -> None:
        """`clock` decides which holds have lapsed: the same for all processes of a machine."""
        self._database = database
        self._clock = clock
        self._items = Items()
        self._hold = text_of(_take())
        self._renew = text_of(_keep())
        self._look = text_of(_last_position())
        self._end = _Statements()

    async def hold(self, holder: Holder) -> Held:
        return await self._database.write(Act(partial(self._take, holder)))

    async def renew(self, holders: Sequence[Holder]) -> None:
        await self._database.write(Act(partial(self._keep, holders)))

    async def release(self, holder: Holder) -> None:
        await self._database.write(self.ending(holder, ()))

    def lasting(self, holder: Holder) -> Alongside:
        return Act(partial(self._last, holder))

    async def context(self, tenant: str, view: ConversationView) -> list[StoredItem]:
        return await self._database.read(
            Act(lambda connection: self._items.context(connection, tenant, view.conversation_id, view.position))
        )

    def ending(self, holder: Holder, items: Sequence[StoredItem]) -> Alongside:
        return _Ending(self._end, self._items, holder, items)

    def _take(self, holder: Holder, connection: Connection) -> Held:
        now = int(self._clock())
        names = {**_names(holder), "now": now, "new_held_until": now + LEASE_SECONDS}
        taken = connection.execute(self._hold, names).rowcount > 0
        row = connection.execute(self._look, _names(holder)).fetchone()
        if row is None:
            return Held(Verdict.UNKNOWN)
        return Held(Verdict.DONE, row[0]) if taken else Held(Verdict.LOCKED)

    def _last(self, holder: Holder, connection: Connection) -> None:
        until = int(self._clock()) + BACKGROUND_SECONDS
        if connection.execute(self._renew, {**_names(holder), "new_held_until": until}).rowcount == 0:
            raise locked()

    def _keep(self, holders: Sequence[Holder], connection: Connection) -> None:
        until = int(self._clock()) + LEASE_SECONDS
        connection.executemany(self._renew, [{**_names(holder), "new_held_until": until} for holder in holders])


class _Statements:
    def __init__(self) -> None:
        self.held = text_of(_last_position(_HELD).with_for_update())
        self.look = text_of(_last_position())
        self.release = text_of(_release())


class _Ending:
    """Adds a turn's items and lets go. Performed within the transaction that keeps the turn."""

    def __init__(self, statements: _Statements, own: Items, holder: Holder, items: Sequence[StoredItem]) -> None:
        self._statements = statements
        self._own = own
        self._holder = holder
        self._items = items

    def prepare(self) -> None:
        """Nothing."""

    def perform(self, connection: Connection) -> None:
        statements, holder, items = self._statements, self._holder, self._items
        names = _names(holder)
        if items:
            row = connection.execute(statements.held, names).fetchone()
            if row is None and connection.execute(statements.look, names).fetchone() is None:
                return
            if row is None:
                raise locked()
            self._own.append(connection, holder.tenant, holder.conversation_id, items, row[0])
        connection.execute(statements.release, {**names, "added": len(items)})


def _names(holder: Holder) -> dict[str, str]:
    return {
        "tenant": holder.tenant,
        "conversation_id": holder.conversation_id,
        "response_id": holder.response_id,
    }


_TABLE: Final = conversations.c
_HELD: Final[ColumnElement[bool]] = _TABLE.holder == bindparam("response_id")
_ONE: Final = (
    _TABLE.id == bindparam("conversation_id"),
    _TABLE.tenant == bindparam("tenant"),
    _TABLE.state == literal_column(f"'{OWN}'"),
)


def _last_position(*conditions: ColumnElement[bool]) -> Select[tuple[int]]:
    return select(_TABLE.last_position).where(*_ONE, *conditions)


def _take() -> ClauseElement:
    free = or_(_TABLE.holder.is_(None), _TABLE.held_until <= bindparam("now"), _HELD)
    taken = update(conversations).where(*_ONE, free)
    until = bindparam("new_held_until", type_=BigInteger)
    longest = case((_TABLE.held_until > until, _TABLE.held_until), else_=until)
    return taken.values(holder=bindparam("response_id"), held_until=longest)


def _keep() -> ClauseElement:
    return update(conversations).where(*_ONE, _HELD).values(held_until=bindparam("new_held_until"))


def _release() -> ClauseElement:
    last_position = _TABLE.last_position + bindparam("added", type_=BigInteger)
    return (
        update(conversations).where(*_ONE, _HELD).values(holder=null(), held_until=null(), last_position=last_position)
    )
