"""Uploads in SQLite: what is known of files that come in parts. The parts themselves are files.

Law: every statement that reads for a client names the tenant; a status changes only from the one that was seen.
"""

from __future__ import annotations

from typing import Final

from msgspec import structs
from sqlalchemy import (
    BigInteger,
    ClauseElement,
    ColumnElement,
    Text,
    bindparam,
    cast,
    func,
    insert,
    literal_column,
    select,
    update,
)

from antiphon.file_protocols import StoredUpload
from antiphon.protocols import Clock
from antiphon.store.database import SqlDatabase
from antiphon.store.file_tables import file_uploads
from antiphon.store.statements import Connection, text_of
from antiphon.store.work import Act

_columns = file_uploads.c
_FIELDS: Final = StoredUpload.__struct_fields__
_UNDER_WAY: Final = (literal_column("'pending'", Text), literal_column("'completing'", Text))


class SqlUploads:
    """The `Uploads` of one database."""

    def __init__(self, database: SqlDatabase, clock: Clock) -> None:
        """`clock` tells what has expired."""
        self._database = database
        self._clock = clock
        self._insert = text_of(insert(file_uploads))
        self._find = text_of(
            select(*(_columns[name] for name in _FIELDS)).where(_there(), _columns.id == bindparam("id"))
        )
        self._change = text_of(_changed())
        self._pending = text_of(_pending())

    async def create(self, upload: StoredUpload) -> None:
        row = structs.asdict(upload)
        await self._database.write(Act(lambda connection: connection.execute(self._insert, row)))

    async def find(self, tenant: str, upload_id: str) -> StoredUpload | None:
        parameters = {"tenant": tenant, "id": upload_id, "now": int(self._clock())}
        row = await self._database.read(
            Act(lambda connection: connection.execute(self._find, parameters).fetchone()),
        )
        return None if row is None else StoredUpload(**dict(zip(_FIELDS, row, strict=True)))

    async def change(self, upload: StoredUpload, status: str, file_id: str | None = None) -> bool:
        parameters = {
            "tenant": upload.tenant,
            "upload": upload.id,
            "was": upload.status,
            "held": upload.file_id or "",
            "becomes": status,
            "file": file_id,
            "now": int(self._clock()),
        }

        def perform(connection: Connection) -> bool:
            return connection.execute(self._change, parameters).rowcount > 0

        return await self._database.write(Act(perform))

    async def pending(self, tenant: str) -> int:
        parameters = {"tenant": tenant, "now": int(self._clock())}
        return await self._database.read(
            Act(lambda connection: connection.execute(self._pending, parameters).fetchone()[0])
        )


def _there() -> ColumnElement[bool]:
    return (_columns.tenant == bindparam("tenant")) & (_columns.expires_at > bindparam("now", type_=BigInteger))


def _changed() -> ClauseElement:
    return (
        update(file_uploads)
        .where(
            _there(),
            _columns.id == bindparam("upload"),
            _columns.status == bindparam("was"),
            func.coalesce(_columns.file_id, literal_column("''", Text)) == bindparam("held", type_=Text),
        )
        .values(status=bindparam("becomes"), file_id=bindparam("file"))
    )


def _pending() -> ClauseElement:
    total = func.coalesce(cast(func.sum(_columns.bytes), BigInteger), literal_column("0"))
    return select(total).where(_there(), _columns.status.in_(_UNDER_WAY))
