"""Prompt templates in SQLite.

Law: every statement names the tenant, and none changes a row.
"""

from __future__ import annotations

from msgspec import structs
from sqlalchemy import ClauseElement, ColumnElement, bindparam, delete, func, insert, literal_column, select

from antiphon.kept import StoredPrompt
from antiphon.protocols import Clock
from antiphon.store.database import SqlDatabase
from antiphon.store.statements import Connection, Cursor, text_of
from antiphon.store.tables import prompts
from antiphon.store.work import Act

Parameters = dict[str, str | int | bytes]

_columns = prompts.c


class SqlPrompts:
    """The `Prompts` of one database."""

    def __init__(self, database: SqlDatabase, clock: Clock) -> None:
        """`clock` dates new versions."""
        self._database = database
        self._clock = clock
        self._insert = text_of(insert(prompts))
        self._newest = text_of(_newest())
        self._version = text_of(_selected().where(_columns.version == bindparam("version")))
        self._list = text_of(_list())
        self._delete = text_of(delete(prompts).where(_named()))

    async def create(self, tenant: str, prompt: StoredPrompt) -> bool:
        def perform(connection: Connection) -> bool:
            parameters: Parameters = {"tenant": tenant, **structs.asdict(prompt)}
            if connection.execute(self._newest, parameters).fetchone() is not None:
                return False
            connection.execute(self._insert, parameters)
            return True

        return await self._database.write(Act(perform))

    async def add(self, tenant: str, prompt_id: str, template: bytes) -> StoredPrompt | None:
        now = int(self._clock())

        def perform(connection: Connection) -> StoredPrompt | None:
            newest = _prompt(connection.execute(self._newest, {"tenant": tenant, "id": prompt_id}))
            if newest is None:
                return None
            made = StoredPrompt(id=prompt_id, version=newest.version + 1, created_at=now, template=template)
            connection.execute(self._insert, {"tenant": tenant, **structs.asdict(made)})
            return made

        return await self._database.write(Act(perform))

    async def get(self, tenant: str, prompt_id: str, version: int | None) -> StoredPrompt | None:
        parameters: Parameters = {"tenant": tenant, "id": prompt_id}
        statement = self._newest
        if version is not None:
            parameters["version"] = version
            statement = self._version
        return await self._database.read(Act(lambda connection: _prompt(connection.execute(statement, parameters))))

    async def newest(self, tenant: str, after: str, limit: int) -> list[StoredPrompt]:
        parameters: Parameters = {"tenant": tenant, "after": after, "limit": limit}

        def perform(connection: Connection) -> list[StoredPrompt]:
            return [_made(*row) for row in connection.execute(self._list, parameters).fetchall()]

        return await self._database.read(Act(perform))

    async def delete(self, tenant: str, prompt_id: str) -> bool:
        parameters: Parameters = {"tenant": tenant, "id": prompt_id}
        return await self._database.write(
            Act(lambda connection: connection.execute(self._delete, parameters).rowcount > 0)
        )


def _prompt(cursor: Cursor) -> StoredPrompt | None:
    row = cursor.fetchone()
    return None if row is None else _made(*row)


def _made(id_: str, version: int, created_at: int, template: bytes) -> StoredPrompt:
    return StoredPrompt(id=id_, version=version, created_at=created_at, template=template)


def _named() -> ColumnElement[bool]:
    return (_columns.tenant == bindparam("tenant")) & (_columns.id == bindparam("id"))


def _selected():  # noqa: ANN202 - a select of four columns, whose type is longer than the function
    return select(_columns.id, _columns.version, _columns.created_at, _columns.template).where(_named())


def _newest() -> ClauseElement:
    """Of the versions, which are few, the last."""
    return _selected().where(_columns.version == select(func.max(_columns.version)).where(_named()).scalar_subquery())


def _list() -> ClauseElement:
    later = prompts.alias("later")
    newest = select(func.max(later.c.version)).where(later.c.tenant == _columns.tenant, later.c.id == _columns.id)
    return (
        select(_columns.id, _columns.version, _columns.created_at, _columns.template)
        .where(
            _columns.tenant == bindparam("tenant"),
            _columns.id > bindparam("after"),
            _columns.version == newest.scalar_subquery(),
        )
        .order_by(_columns.id)
        .limit(bindparam("limit"))
        .offset(literal_column("0"))
    )
