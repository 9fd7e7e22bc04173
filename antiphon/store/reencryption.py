"""What is stored already, brought under the key that encrypts now: while others serve, a little at a time.

Rows are read and written through the same connections as all others, which decrypt and encrypt; so here they are only
found. What no key opens is left as it is, and counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import (
    BindParameter,
    ClauseElement,
    ColumnElement,
    Integer,
    LargeBinary,
    Table,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)

from antiphon.errors import ContentUnreadable
from antiphon.store.content_keys import only
from antiphon.store.database import SqlDatabase
from antiphon.store.every_table import METADATA
from antiphon.store.sealed_plans import Bare, content_of, named_by
from antiphon.store.statements import Connection, text_of
from antiphon.store.vault import ID_BYTES, MARK, Vault
from antiphon.store.work import Act

ROWS_AT_ONCE: Final = 32
"""In one transaction: few enough that nobody's save waits noticeably for them."""


_ONE: Final = literal_column("1", Integer)
_NOTHING: Final = literal_column("0", Integer)


class Count(Struct):
    """How many rows of a table were written anew, and how many could not be read."""

    changed: int = 0
    unreadable: int = 0


async def reencrypt(database: SqlDatabase, vault: Vault, tell: Callable[[str, Count], None]) -> list[str]:
    """Every table; `tell` hears of each. The ids of keys that nothing needs any more: none if something is unreadable.

    Raises StoreFailed.
    """
    unreadable = 0
    for table in METADATA.sorted_tables:
        if content_of(table):
            count = await _Table(database, vault, table).rewrite()
            tell(table.name, count)
            unreadable += count.unreadable
    await database.checkpoint()
    return [] if unreadable else await database.write(only(vault))


class _Table:
    def __init__(self, database: SqlDatabase, vault: Vault, table: Table) -> None:
        self._database = database
        self._mark = {"mark": Bare(vault.mark)}
        self._key = [column.name for column in table.primary_key]
        self._names = list(named_by(table))
        self._content = content_of(table)
        self._begin = text_of(_find(table, encrypts=vault.key_id is not None))
        self._go_on = text_of(_find(table, _behind(table), encrypts=vault.key_id is not None))
        this = [table.c[name] == bindparam(name) for name in self._names]
        self._read = text_of(select(*(table.c[name] for name in self._content)).where(*this).with_for_update())
        changed: dict[str, BindParameter[Any]] = {name: bindparam(f"new_{name}") for name in self._content}
        self._write = text_of(update(table).where(*this).values(changed))

    async def rewrite(self) -> Count:
        count = Count()
        rows = await self._found(self._begin, self._mark)
        while rows:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._rewritten(row)) for row in rows]
            changed = sum(task.result() for task in tasks)
            count.changed += changed
            count.unreadable += len(rows) - changed
            rows = await self._found(
                self._go_on, {**self._mark, **{f"last_{name}": rows[-1][name] for name in self._key}}
            )
        return count

    async def _found(self, statement: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        rows = await self._database.read(Act(lambda connection: connection.execute(statement, parameters).fetchall()))
        return [dict(zip(self._names, row, strict=True)) for row in rows]

    async def _rewritten(self, row: dict[str, Any]) -> bool:
        """Whether it could be read. What is gone meanwhile needs nothing."""

        def perform(connection: Connection) -> None:
            found = connection.execute(self._read, row).fetchone()
            if found is not None:
                values = {f"new_{name}": value for name, value in zip(self._content, found, strict=True)}
                connection.execute(self._write, {**row, **values})

        try:
            await self._database.write(Act(perform))
        except ContentUnreadable:
            return False
        return True


def _behind(table: Table) -> ColumnElement[bool]:
    key = list(table.primary_key)
    return tuple_(*key) > tuple_(*(bindparam(f"last_{column.name}", type_=column.type) for column in key))


def _find(table: Table, *conditions: ColumnElement[bool], encrypts: bool) -> ClauseElement:
    """The first rows, by their keys, of which something is not as it would be written now."""
    begins = [
        (
            table.c[name],
            func.substr(table.c[name], _ONE, literal_column(str(len(MARK) + (ID_BYTES if encrypts else 0)), Integer)),
        )
        for name in content_of(table)
    ]
    mark = bindparam("mark", type_=LargeBinary)
    wrong = [
        (func.length(column) > _NOTHING) & (begin != mark) if encrypts else begin == mark for column, begin in begins
    ]
    return (
        select(*(table.c[name] for name in named_by(table)))
        .where(or_(*wrong), *conditions)
        .order_by(*table.primary_key)
        .limit(literal_column(str(ROWS_AT_ONCE), Integer))
        .offset(_NOTHING)
    )
