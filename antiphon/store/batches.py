"""Batches in SQLite, as their owners see them.

Law: every statement names the tenant, and of a batch that has not ended only a cancel changes anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from sqlalchemy import insert

from antiphon.protocols import Clock
from antiphon.store import batch_statements as say
from antiphon.store.batch_rows import LINE, Parameters, batch_of, batch_row, line_row, result_of
from antiphon.store.batch_tables import batch_lines, batches
from antiphon.store.database import SqlDatabase
from antiphon.store.statements import Connection, positional, text_of
from antiphon.store.work import Act
from antiphon.wire.batch_values import Batch, Kind, LineResult, NewLine

T = TypeVar("T")

_BEHIND_ALL: Final = "~"
_MILLISECONDS: Final = 1000
_EVERY_LINE: Final = 2**31


class SqlBatches:
    """The `Batches` of one database."""

    def __init__(self, database: SqlDatabase, clock: Clock) -> None:
        """Compiles the statements."""
        self._database = database
        self._clock = clock
        self._insert = text_of(insert(batches))
        self._insert_line = positional(insert(batch_lines), LINE)
        self._count = text_of(say.count_unended())
        self._find = text_of(say.find())
        self._lists = {up: text_of(say.newest(up=up)) for up in (True, False)}
        self._cancel = text_of(say.cancel())
        self._delete = text_of(say.delete_ended())
        self._delete_lines = text_of(say.delete_lines())
        self._results = text_of(say.results())

    async def add(self, batch: Batch, lines: Sequence[NewLine], most: int) -> bool:
        row = batch_row(batch)

        def perform(connection: Connection) -> bool:
            if connection.execute(self._count, {"whose": batch.tenant}).fetchone()[0] >= most:
                return False
            connection.execute(self._insert, row)
            connection.executemany(self._insert_line, [line_row(batch, line) for line in lines])
            return True

        return await self._write(perform)

    async def find(self, tenant: str, batch_id: str) -> Batch | None:
        key = {"id": batch_id, "whose": tenant}
        row = await self._read(lambda connection: connection.execute(self._find, key).fetchone())
        return None if row is None else batch_of(row)

    async def listed(self, tenant: str, kind: Kind, limit: int, after: str = "", before: str = "") -> list[Batch]:
        backwards = bool(before) and not after
        parameters: Parameters = {
            "whose": tenant,
            "kind": kind,
            "above": before,
            "below": after or _BEHIND_ALL,
            "limit": limit,
        }
        statement = self._lists[backwards]
        rows = await self._read(lambda connection: connection.execute(statement, parameters).fetchall())
        found = [batch_of(row) for row in rows]
        return found[::-1] if backwards else found

    async def cancel(self, tenant: str, batch_id: str) -> Batch | None:
        now = self._clock()
        key: Parameters = {"id": batch_id, "whose": tenant}
        told = {**key, "now": int(now), "due": int(now * _MILLISECONDS)}

        def perform(connection: Connection) -> Batch | None:
            connection.execute(self._cancel, told)
            row = connection.execute(self._find, key).fetchone()
            return None if row is None else batch_of(row)

        return await self._write(perform)

    async def delete(self, tenant: str, batch_id: str) -> bool:
        key = {"id": batch_id, "whose": tenant}

        def perform(connection: Connection) -> bool:
            if connection.execute(self._delete, key).rowcount == 0:
                return False
            connection.execute(self._delete_lines, {"id": batch_id, "limit": _EVERY_LINE})
            return True

        return await self._write(perform)

    async def results(self, tenant: str, batch_id: str, after: int, limit: int) -> list[LineResult]:
        key = {"id": batch_id, "whose": tenant}
        parameters = {"id": batch_id, "after": after, "limit": limit}

        def perform(connection: Connection) -> list[LineResult]:
            if connection.execute(self._find, key).fetchone() is None:
                return []
            return [result_of(row) for row in connection.execute(self._results, parameters).fetchall()]

        return await self._read(perform)

    def _write(self, act: Callable[[Connection], T]) -> asyncio.Future[T]:
        return self._database.write(Act(act))

    def _read(self, act: Callable[[Connection], T]) -> asyncio.Future[T]:
        return self._database.read(Act(act))
