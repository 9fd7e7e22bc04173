"""The outbox of webhooks in SQLite: what ends an answer also writes down who is to be told of it.

Law: a notice exists if and only if the transaction that ended its answer was committed, and of two who claim it at once
only one gets it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from sqlalchemy import BigInteger, ClauseElement, Text, bindparam, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert

from antiphon.notices import Notice, Subscription
from antiphon.protocols import Clock
from antiphon.store.database import SqlDatabase
from antiphon.store.statements import Connection, once_committed, positional, text_of
from antiphon.store.tables import webhook_notices as notices
from antiphon.store.work import Work
from antiphon.wire.webhooks import event_id

WAITING_SECONDS: Final = 7 * 86_400
"""How long a notice is kept, sent or not; longer than all tries take."""

DELIVERED_SECONDS: Final = 86_400
"""How long one that arrived is."""

_COLUMNS: Final = tuple(column.name for column in notices.columns)
_WAITING: Final = literal_column("'waiting'", Text)

Row = tuple[str, str, str, int, int, int, int, str, str]


class SqlOutbox:
    """Implements `Outbox` and, with what the writer performs, `Announcer`. Belongs to one event loop."""

    def __init__(
        self,
        database: SqlDatabase,
        clock: Clock,
        subscriptions: Sequence[Subscription],
        wake: Callable[[str], None],
    ) -> None:
        """`wake` is called on the event loop, with a receiver's name, when there is a notice for it to claim."""
        self._database = database
        self._clock = clock
        self._subscriptions = tuple(subscriptions)
        self._wake = wake
        self._loop = asyncio.get_running_loop()
        # What is announced twice is one notice: its id is the same. SQLite has the same words for it.
        self._insert = positional(insert(notices).on_conflict_do_nothing(), _COLUMNS)
        self._claim = text_of(_claim())
        self._due_at = text_of(_due_at())
        self._settle = text_of(_settle())

    def announce(self, tenant: str, response_id: str, event_type: str, created_at: int) -> Work[None] | None:
        """As `Announcer.announce`. Reads the clock and costs nothing else when there are no receivers."""
        now = int(self._clock())
        rows: list[Row] = [
            (
                event_id(response_id, event_type, each.receiver),
                each.receiver,
                "waiting",
                0,
                now,
                now + WAITING_SECONDS,
                created_at,
                event_type,
                response_id,
            )
            for each in self._subscriptions
            if event_type in each.events and (each.tenants is None or tenant in each.tenants)
        ]
        return _Announce(self._insert, rows, self._tell) if rows else None

    async def claim(self, receiver: str, limit: int, lease_seconds: int) -> list[Notice]:
        now = int(self._clock())
        parameters = {"receiver": receiver, "now": now, "until": now + lease_seconds, "limit": limit}
        return await self._database.write(_Claim(self._claim, parameters))

    async def due_at(self, receiver: str) -> int | None:
        return await self._database.read(_Look(self._due_at, receiver))

    async def delivered(self, notice: Notice) -> None:
        now = int(self._clock())
        await self._settled(notice, "delivered", now, now + DELIVERED_SECONDS)

    async def postpone(self, notice: Notice, due_at: int) -> None:
        await self._settled(notice, "waiting", due_at, None)

    async def bury(self, notice: Notice) -> None:
        await self._settled(notice, "dead", int(self._clock()), None)

    async def _settled(self, notice: Notice, state: str, due_at: int, expires_at: int | None) -> None:
        parameters = {
            "notice": notice.id,
            "try": notice.tries,
            "new_state": state,
            "new_due_at": due_at,
            "new_expires_at": expires_at,
        }
        await self._database.write(_Settle(self._settle, parameters))

    def _tell(self, receivers: Sequence[str]) -> None:
        """In the writer's thread."""

        def wake() -> None:
            for receiver in receivers:
                self._wake(receiver)

        # A loop that is closed has nobody left to wake.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(wake)


class _Announce:
    """To be performed within a transaction that somebody else has begun, or by itself."""

    def __init__(self, statement: str, rows: Sequence[Row], tell: Callable[[Sequence[str]], None]) -> None:
        self._statement = statement
        self._rows = rows
        self._tell = tell

    def prepare(self) -> None:
        """Nothing."""

    def perform(self, connection: Connection) -> None:
        connection.executemany(self._statement, self._rows)
        once_committed(connection, partial(self._tell, [receiver for _, receiver, *_ in self._rows]))


class _Claim:
    def __init__(self, statement: str, parameters: dict[str, str | int]) -> None:
        self._statement = statement
        self._parameters = parameters

    def prepare(self) -> None:
        """Nothing."""

    def perform(self, connection: Connection) -> list[Notice]:
        # What is updated is returned in no order.
        rows = sorted(connection.execute(self._statement, self._parameters))
        return [Notice(*row[1:]) for row in rows]


class _Look:
    def __init__(self, statement: str, receiver: str) -> None:
        self._statement = statement
        self._receiver = receiver

    def prepare(self) -> None:
        """Nothing."""

    def perform(self, connection: Connection) -> int | None:
        return connection.execute(self._statement, {"receiver": self._receiver}).fetchone()[0]


class _Settle:
    def __init__(self, statement: str, parameters: dict[str, str | int | None]) -> None:
        self._statement = statement
        self._parameters = parameters

    def prepare(self) -> None:
        """Nothing."""

    def perform(self, connection: Connection) -> None:
        connection.execute(self._statement, self._parameters)


def _claim() -> ClauseElement:
    """SQLite, which has one writer, knows no locks of rows and is told of none."""
    due = (
        select(notices.c.id)
        .where(
            notices.c.receiver == bindparam("receiver"),
            notices.c.state == _WAITING,
            notices.c.due_at <= bindparam("now"),
        )
        .order_by(notices.c.due_at)
        .limit(bindparam("limit"))
        .offset(literal_column("0"))
        .with_for_update(skip_locked=True)
        # By name, so that it is looked for once, however PostgreSQL goes about it.
        .cte("due")
    )
    return (
        update(notices)
        .where(notices.c.id.in_(select(due.c.id)))
        .values(tries=notices.c.tries + literal_column("1"), due_at=bindparam("until"))
        .returning(
            notices.c.expires_at,
            notices.c.id,
            notices.c.tries,
            notices.c.created_at,
            notices.c.type,
            notices.c.response_id,
        )
    )


def _due_at() -> ClauseElement:
    return select(func.min(notices.c.due_at)).where(
        notices.c.receiver == bindparam("receiver"), notices.c.state == _WAITING
    )


def _settle() -> ClauseElement:
    """A claim that has lapsed and was made again is another try, and no longer ours to settle."""
    return (
        update(notices)
        .where(notices.c.id == bindparam("notice"), notices.c.tries == bindparam("try"), notices.c.state == _WAITING)
        .values(
            state=bindparam("new_state"),
            due_at=bindparam("new_due_at"),
            expires_at=func.coalesce(bindparam("new_expires_at", type_=BigInteger), notices.c.expires_at),
        )
    )
