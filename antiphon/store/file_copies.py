"""Which provider has a copy of which file, in SQLite.

Law: a copy outlives its file here until the provider was told, or has it no more by itself. Whoever ends a file says so
to its copies in the same transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from msgspec import structs
from sqlalchemy import ClauseElement, Text, bindparam, delete, literal_column, or_, select, tuple_, update

from antiphon.file_protocols import FileCopy
from antiphon.protocols import Clock
from antiphon.store.database import SqlDatabase
from antiphon.store.file_tables import file_copies, files
from antiphon.store.statements import Connection, positional, text_of
from antiphon.store.work import Act

AGAIN_SECONDS: Final = 300
"""After so long an orphan that nobody forgot is given out again."""

Row = tuple[str, str, str, str, int | None]
T = TypeVar("T")

_columns = file_copies.c
_KEY: Final = (_columns.file_id, _columns.provider, _columns.account)
_SHOWN: Final = (*_KEY, _columns.vendor_id, _columns.expires_at)
_COLUMNS: Final = tuple(column.name for column in file_copies.columns)


class SqlFileCopies:
    """The `FileCopies` of one database."""

    def __init__(self, database: SqlDatabase, clock: Clock) -> None:
        """`clock` tells what has expired."""
        self._database = database
        self._clock = clock
        self._find = text_of(_find())
        self._there = text_of(_there())
        self._insert = positional(file_copies.insert(), _COLUMNS)
        self._delete = text_of(delete(file_copies).where(_this()))
        self._forget = text_of(delete(file_copies).where(_this(), _columns.vendor_id == bindparam("vendor_id")))
        self._orphans = text_of(_orphans())

    async def copy(self, file_id: str, provider: str, account: str) -> FileCopy | None:
        parameters = {"file_id": file_id, "provider": provider, "account": account, "now": int(self._clock())}
        row = await self._database.read(
            Act(lambda connection: connection.execute(self._find, parameters).fetchone()),
        )
        return None if row is None else _made(row)

    async def remember(self, copy: FileCopy) -> None:
        now = int(self._clock())

        def perform(connection: Connection) -> None:
            there = connection.execute(self._there, {"file": copy.file_id, "now": now}).fetchone() is not None
            row = {**structs.asdict(copy), "due_at": None if there else 0}
            connection.execute(self._delete, _key(copy))
            connection.execute(self._insert, [row[name] for name in _COLUMNS])

        await self._write(perform)

    async def orphans(self, limit: int) -> Sequence[FileCopy]:
        now = int(self._clock())
        parameters = {"now": now, "until": now + AGAIN_SECONDS, "limit": limit}
        rows = await self._write(lambda connection: connection.execute(self._orphans, parameters).fetchall())
        return [_made(row) for row in rows]

    async def forget(self, copy: FileCopy) -> None:
        parameters = {**_key(copy), "vendor_id": copy.vendor_id}
        await self._write(lambda connection: connection.execute(self._forget, parameters))

    def _write(self, act: Callable[[Connection], T]) -> asyncio.Future[T]:
        return self._database.write(Act(act))


def _made(row: Row) -> FileCopy:
    file_id, provider, account, vendor_id, expires_at = row
    return FileCopy(file_id=file_id, provider=provider, account=account, vendor_id=vendor_id, expires_at=expires_at)


def _key(copy: FileCopy) -> dict[str, str]:
    return {"file_id": copy.file_id, "provider": copy.provider, "account": copy.account}


def _this():  # noqa: ANN202 - a condition, whose type is longer than the function
    return (
        (_columns.file_id == bindparam("file_id"))
        & (_columns.provider == bindparam("provider"))
        & (_columns.account == bindparam("account"))
    )


def _find() -> ClauseElement:
    return select(*_SHOWN).where(_this(), or_(_columns.expires_at.is_(None), _columns.expires_at > bindparam("now")))


def _there() -> ClauseElement:
    return select(files.c.id).where(
        files.c.id == bindparam("file"),
        files.c.state == literal_column("'whole'", Text),
        or_(files.c.expires_at.is_(None), files.c.expires_at > bindparam("now")),
    )


def _orphans() -> ClauseElement:
    """Claims them, so that two processes do not tell the provider at once."""
    due = (
        select(*_KEY)
        .where(_columns.due_at <= bindparam("now"))
        .order_by(_columns.due_at)
        .limit(bindparam("limit"))
        .offset(literal_column("0"))
        .with_for_update(skip_locked=True)
        # By name, so that it is looked for once, however PostgreSQL goes about it.
        .cte("due")
    )
    return (
        update(file_copies)
        .where(tuple_(*_KEY).in_(select(*due.c)))
        .values(due_at=bindparam("until"))
        .returning(*_SHOWN)
    )
