"""How much work stands in the database, of whatever process: what `/metrics` tells of it."""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from sqlalchemy import BigInteger, bindparam, func, literal_column, select

from antiphon.protocols import Clock
from antiphon.store.batch_tables import batches
from antiphon.store.database import SqlDatabase
from antiphon.store.statements import Connection, text_of
from antiphon.store.tables import jobs, webhook_notices
from antiphon.store.work import Act

_NOW: Final = bindparam("moment", type_=BigInteger)
_WAITING: Final = text_of(select(func.count()).select_from(jobs).where(jobs.c.leased_until <= _NOW))
_RUNNING: Final = text_of(select(func.count()).select_from(jobs).where(jobs.c.leased_until > _NOW))
# What has not ended is due at some time: the partial indices make both cheap.
_BATCHES: Final = text_of(
    select(batches.c.status, func.count()).where(batches.c.due_at.is_not(None)).group_by(batches.c.status)
)
_NOTICES: Final = text_of(
    select(func.count()).select_from(webhook_notices).where(webhook_notices.c.state == literal_column("'waiting'"))
)


class Standing(Struct, frozen=True):
    """How many background answers wait and run, batches by status, and webhook events that wait."""

    waiting: int
    running: int
    batches: dict[str, int]
    notices: int


class StandingWork:
    """Looks at one database."""

    def __init__(self, database: SqlDatabase, clock: Clock) -> None:
        """`clock` tells whose lease has lapsed."""
        self._database = database
        self._clock = clock

    async def look(self) -> Standing:
        """Raises StoreFailed."""
        moment = {"moment": int(self._clock() * 1000)}

        def count(connection: Connection) -> Standing:
            def one(statement: str, given: dict[str, int]) -> int:
                row = connection.execute(statement, given).fetchone()
                return 0 if row is None else int(row[0])

            return Standing(
                waiting=one(_WAITING, moment),
                running=one(_RUNNING, moment),
                batches=dict(connection.execute(_BATCHES, {}).fetchall()),
                notices=one(_NOTICES, {}),
            )

        return await self._database.read(Act(count))
