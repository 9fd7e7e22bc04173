"""Kept responses in SQLite.

Law: every statement names the tenant, so that a foreign response is an unknown one, and asks the clock, so that an
expired one is too.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    FromClause,
    Integer,
    bindparam,
    delete,
    literal_column,
    or_,
    select,
)

from antiphon.metrics import STORED
from antiphon.protocols import Ancestor, Clock, StoredResponse, StoredTurn
from antiphon.store.database import SqlDatabase
from antiphon.store.job_statements import IN_FLIGHT
from antiphon.store.response_rows import READ, deflated, response_of, row_of
from antiphon.store.rows import Addition, Insertion
from antiphon.store.statements import Connection, Cursor, text_of
from antiphon.store.tables import responses
from antiphon.wire.conversations import view_of

T = TypeVar("T")
Parameters = dict[str, str | int]

_FRAME_END: Final = b"\n\n"


class SqlResponses:
    """The `Responses` of one database. A save that nobody awaits any more may still happen."""

    def __init__(self, database: SqlDatabase, clock: Clock) -> None:
        """`clock` decides what has expired."""
        self._database = database
        self._clock = clock
        self._insertion = Insertion(responses)
        self._get = text_of(_get())
        self._frames = text_of(_frames())
        self._lineage = text_of(_lineage())
        self._delete = text_of(_delete())

    async def save(self, turn: StoredTurn) -> None:
        await self._database.write(_Save(self._insertion, turn))
        STORED.add((turn.status,))

    async def get(self, tenant: str, response_id: str) -> StoredResponse | None:
        return await self._database.read(_Query(self._get, self._parameters(tenant, response_id), _response))

    async def frames(self, tenant: str, response_id: str) -> list[bytes] | None:
        return await self._database.read(_Query(self._frames, self._parameters(tenant, response_id), _split))

    async def lineage(self, tenant: str, response_id: str) -> list[Ancestor] | None:
        return await self._database.read(_Query(self._lineage, self._parameters(tenant, response_id), _chain))

    async def delete(self, tenant: str, response_id: str) -> bool:
        return await self._database.write(_Query(self._delete, self._parameters(tenant, response_id), _removed))

    def _parameters(self, tenant: str, response_id: str) -> Parameters:
        return {"tenant": tenant, "response_id": response_id, "now": int(self._clock())}


class _Save(Addition):
    """Done alone if something is to be done along with it."""

    def __init__(self, insertion: Insertion, turn: StoredTurn) -> None:
        self.insertion = insertion if turn.along is None else None
        self._insertion = insertion
        self._turn = turn

    def prepare(self) -> None:
        turn = self._turn
        if turn.along is not None:
            turn.along.prepare()
        self.row = row_of(turn, None if turn.frames is None else deflated(turn.frames))

    def perform(self, connection: Connection) -> None:
        self._insertion.perform(connection, [self.row])
        if self._turn.along is not None:
            self._turn.along.perform(connection)


class _Query(Generic[T]):
    """A statement, and what to make of its result while still in the thread."""

    def __init__(self, statement: str, parameters: Parameters, result: Callable[[Cursor], T]) -> None:
        self._statement = statement
        self._parameters = parameters
        self._result = result

    def prepare(self) -> None:
        """Nothing."""

    def perform(self, connection: Connection) -> T:
        return self._result(connection.execute(self._statement, self._parameters))


def _response(cursor: Cursor) -> StoredResponse | None:
    row = cursor.fetchone()
    return None if row is None else response_of(row)


def _split(cursor: Cursor) -> list[bytes] | None:
    row = cursor.fetchone()
    if row is None or row[0] is None:
        return None
    # Every frame ends in a blank line and has none inside.
    return [frame + _FRAME_END for frame in zlib.decompress(row[0]).split(_FRAME_END)[:-1]]


def _chain(cursor: Cursor) -> list[Ancestor] | None:
    rows = sorted(cursor.fetchall(), key=_depth, reverse=True)
    view = view_of(rows[0][1] or "") if rows else None
    if not rows or (rows[0][1] is not None and view is None):
        return None
    root, *links = rows
    return [Ancestor(*root[2:], view=view), *(Ancestor(*link[2:]) for link in links)]


def _depth(row: Sequence[int]) -> int:
    return row[0]


def _removed(cursor: Cursor) -> bool:
    return cursor.rowcount > 0


def _visible(table: FromClause, response_id: ColumnElement[str]) -> Sequence[ColumnElement[bool]]:
    """What every look-up asks of a row."""
    expires_at = table.c.expires_at
    return (
        table.c.id == response_id,
        table.c.tenant == bindparam("tenant"),
        or_(expires_at.is_(None), expires_at > bindparam("now")),
    )


def _get() -> ClauseElement:
    return select(*READ).where(*_visible(responses, bindparam("response_id")))


def _frames() -> ClauseElement:
    return select(responses.c.events).where(*_visible(responses, bindparam("response_id")))


def _delete() -> ClauseElement:
    """Not what is still being answered: its job would be left without a response."""
    ended = responses.c.status.not_in(IN_FLIGHT)
    return delete(responses).where(*_visible(responses, bindparam("response_id")), ended)


def _lineage() -> ClauseElement:
    """Walks up by ids alone, so that contents are read once and never set aside; `_chain` puts the links in order."""
    own = responses.alias("own")
    chain = (
        select(literal_column("0", Integer).label("depth"), own.c.id, own.c.parent_id)
        .where(*_visible(own, bindparam("response_id")))
        .cte("chain", recursive=True)
    )
    parent = responses.alias("parent")
    chain = chain.union_all(
        select(chain.c.depth + literal_column("1", Integer), parent.c.id, parent.c.parent_id).where(
            *_visible(parent, chain.c.parent_id)
        )
    )
    link = responses.alias("link")
    return select(
        chain.c.depth, link.c.parent_id, link.c.id, link.c.conversation_id, link.c.status, link.c.input, link.c.body
    ).where(link.c.id == chain.c.id)
