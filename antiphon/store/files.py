"""Files in SQLite: their contents in rows of a quarter of a mebibyte, so that nobody's commit waits long for one.

Law: every statement that reads for a client names the tenant and finds whole files alone. What is not whole, or no
more, has a time from which the sweeper removes it, whoever began it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable
from contextlib import suppress
from typing import Final, TypeVar

from msgspec import structs
from sqlalchemy import (
    BigInteger,
    ClauseElement,
    ColumnElement,
    Text,
    Update,
    bindparam,
    cast,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from antiphon.conversation_protocols import Page
from antiphon.errors import StoreFailed
from antiphon.file_protocols import FileList, StoredFile, unchanged
from antiphon.protocols import Clock
from antiphon.store.database import SqlDatabase
from antiphon.store.file_tables import file_chunks, file_copies, files
from antiphon.store.statements import Connection, text_of
from antiphon.store.work import Act

CHUNK_BYTES: Final = 262_144
UPLOAD_SECONDS: Final = 900
"""From its last chunk on, for so long an upload may say nothing before its process is taken for dead."""

_TOO_SLOW: Final = "The upload was silent for too long and was given up; send the file again."

Parameters = dict[str, str | int | bytes | None]
Row = tuple[str, str, str, int, int | None, int, str, str]
T = TypeVar("T")

_columns = files.c
_BEHIND_ALL: Final = "~"
"""Sorts behind every id."""

_UPLOADING: Final = literal_column("'uploading'", Text)
_WHOLE: Final = literal_column("'whole'", Text)
_DELETED: Final = literal_column("'deleted'", Text)


class SqlFiles:
    """The `FileStore` of one database."""

    def __init__(self, database: SqlDatabase, clock: Clock) -> None:
        """`clock` tells what has expired, and which uploads are dead."""
        self._database = database
        self._clock = clock
        self._insert = text_of(insert(files))
        self._insert_chunk = text_of(insert(file_chunks))
        self._grow = text_of(_changed())
        self._finish = text_of(_changed().values(state=_WHOLE, purpose=bindparam("aim")))
        self._find = text_of(_shown().where(_columns.id == bindparam("id")))
        self._lists = {
            (up, purpose): text_of(_list(up=up, purpose=purpose)) for up in (True, False) for purpose in (True, False)
        }
        self._delete = text_of(_ended().where(_seen(), _columns.id == bindparam("file")))
        self._abandon = text_of(_ended().where(_columns.id == bindparam("file"), _columns.state == _UPLOADING))
        self._orphan = text_of(_orphaned())
        self._chunk = text_of(_chunk())
        self._used = text_of(_used())

    async def create(
        self,
        file: StoredFile,
        content: AsyncIterable[bytes],
        settle: Callable[[StoredFile], StoredFile] = unchanged,
    ) -> StoredFile:
        upload = _Upload(file)
        try:
            async for chunk in _chunked(content):
                if upload.waiting is not None:
                    await self._write(self._adding(upload))
                upload.waiting = chunk
            upload.settle(settle)
            await self._write(self._finishing(upload))
        except BaseException:
            # What is submitted is done, even if whoever waits for it is cancelled once more.
            with suppress(StoreFailed):
                await self._write(lambda connection: connection.execute(self._abandon, {"file": file.id}))
            raise
        return upload.file

    async def find(self, tenant: str, file_id: str) -> StoredFile | None:
        parameters = self._now({"tenant": tenant, "id": file_id})
        row = await self._read(lambda connection: connection.execute(self._find, parameters).fetchone())
        return None if row is None else _file(row)

    async def listed(self, tenant: str, page: Page, purpose: str | None = None) -> FileList:
        backwards = page.before is not None and page.after is None
        ascending = page.order == "asc"
        above, below = (page.after, page.before) if ascending else (page.before, page.after)
        parameters = self._now(
            {"tenant": tenant, "above": above or "", "below": below or _BEHIND_ALL, "limit": page.limit + 1}
        )
        if purpose is not None:
            parameters["purpose"] = purpose
        statement = self._lists[ascending != backwards, purpose is not None]
        rows: list[Row] = await self._read(lambda connection: connection.execute(statement, parameters).fetchall())
        found = [_file(row) for row in rows[: page.limit]]
        return FileList(found[::-1] if backwards else found, len(rows) > page.limit)

    async def delete(self, tenant: str, file_id: str) -> bool:
        parameters = self._now({"tenant": tenant, "file": file_id})

        def perform(connection: Connection) -> bool:
            deleted = connection.execute(self._delete, parameters).rowcount > 0
            if deleted:
                connection.execute(self._orphan, parameters)
            return deleted

        return await self._write(perform)

    async def content(self, tenant: str, file_id: str, start: int = 0) -> AsyncIterator[bytes] | None:
        return None if await self.find(tenant, file_id) is None else self._pieces(tenant, file_id, start)

    async def used(self, tenant: str) -> int:
        return await self._read(lambda connection: connection.execute(self._used, {"tenant": tenant}).fetchone()[0])

    async def _pieces(self, tenant: str, file_id: str, start: int) -> AsyncGenerator[bytes]:
        position, skipped = divmod(start, CHUNK_BYTES)
        chunks = position + 1
        while position < chunks:
            row = await self._read(self._reading({"tenant": tenant, "id": file_id, "position": position}))
            if row is None or (row[1] is None and position < row[0]):
                raise StoreFailed("The file was deleted while it was read.")
            chunks, data = row
            if data is not None:
                yield data[skipped:]
            position, skipped = position + 1, 0

    def _reading(self, parameters: Parameters) -> Callable[[Connection], tuple[int, bytes | None] | None]:
        return lambda connection: connection.execute(self._chunk, parameters).fetchone()

    def _adding(self, upload: _Upload) -> Callable[[Connection], None]:
        """Writes down the chunk that waits, and puts off the end of the upload's time."""
        return self._storing(upload, "uploading", self._grow, int(self._clock()) + UPLOAD_SECONDS)

    def _finishing(self, upload: _Upload) -> Callable[[Connection], None]:
        """The last chunk and what makes the file visible, in one transaction; a small file's only one."""
        return self._storing(upload, "whole", self._finish, upload.file.expires_at)

    def _storing(self, upload: _Upload, state: str, change: str, until: int | None) -> Callable[[Connection], None]:
        """It may run again, so it changes nothing but the tables."""
        file = upload.file
        chunk, position, size = upload.take()
        count = upload.chunks

        def perform(connection: Connection) -> None:
            if position == 0:
                row = {**_row(file, size, count), "state": state, "expires_at": until}
                connection.execute(self._insert, row)
            else:
                changed = {"file": file.id, "size": size, "count": count, "until": until, "aim": file.purpose}
                if connection.execute(change, changed).rowcount == 0:
                    raise StoreFailed(_TOO_SLOW)
            if chunk:
                connection.execute(self._insert_chunk, {"file_id": file.id, "position": position, "data": chunk})

        return perform

    def _now(self, parameters: Parameters) -> Parameters:
        return parameters | {"now": int(self._clock())}

    def _write(self, act: Callable[[Connection], T]) -> asyncio.Future[T]:
        return self._database.write(Act(act))

    def _read(self, act: Callable[[Connection], T]) -> asyncio.Future[T]:
        return self._database.read(Act(act))


class _Upload:
    """How far one has come. A chunk waits until there is another, since the last one is written with the end."""

    def __init__(self, file: StoredFile) -> None:
        self.file = file
        self.waiting: bytes | None = None
        self.chunks = 0
        self.size = 0

    def settle(self, settle: Callable[[StoredFile], StoredFile]) -> None:
        """The content has been read: what the file is in the end."""
        whole = structs.replace(self.file, bytes=self.size + len(self.waiting or b""))
        settled = settle(whole)
        self.file = structs.replace(whole, purpose=settled.purpose, expires_at=settled.expires_at)

    def take(self) -> tuple[bytes, int, int]:
        """The chunk that waits, its place, and the size up to its end."""
        chunk, place = self.waiting or b"", self.chunks
        self.waiting = None
        self.chunks += bool(chunk)
        self.size += len(chunk)
        return chunk, place, self.size


async def _chunked(content: AsyncIterable[bytes]) -> AsyncGenerator[bytes]:
    """The same bytes in chunks of one size, but for the last."""
    waiting: list[bytes] = []
    size = 0
    async for piece in content:
        waiting.append(piece)
        size += len(piece)
        if size >= CHUNK_BYTES:
            whole = b"".join(waiting)
            end = size - size % CHUNK_BYTES
            for start in range(0, end, CHUNK_BYTES):
                yield whole[start : start + CHUNK_BYTES]
            waiting = [whole[end:]]
            size -= end
    if size:
        yield b"".join(waiting)


def _row(file: StoredFile, size: int, count: int) -> Parameters:
    return {**structs.asdict(file), "bytes": size, "chunks": count}


def _file(row: Row) -> StoredFile:
    identifier, tenant, purpose, created_at, expires_at, size, media_type, filename = row
    return StoredFile(
        id=identifier,
        tenant=tenant,
        filename=filename,
        purpose=purpose,
        created_at=created_at,
        media_type=media_type,
        bytes=size,
        expires_at=expires_at,
    )


def _seen() -> ColumnElement[bool]:
    """What a client can see of its files."""
    lasts = or_(_columns.expires_at.is_(None), _columns.expires_at > bindparam("now"))
    return (_columns.tenant == bindparam("tenant")) & (_columns.state == _WHOLE) & lasts


def _shown():  # noqa: ANN202 - a select of eight columns, whose type is longer than the function
    return select(
        _columns.id,
        _columns.tenant,
        _columns.purpose,
        _columns.created_at,
        _columns.expires_at,
        _columns.bytes,
        _columns.media_type,
        _columns.filename,
    ).where(_seen())


def _list(*, up: bool, purpose: bool) -> ClauseElement:
    wanted = _shown().where(_columns.id > bindparam("above"), _columns.id < bindparam("below"))
    if purpose:
        wanted = wanted.where(_columns.purpose == bindparam("purpose"))
    order = _columns.id.asc() if up else _columns.id.desc()
    return wanted.order_by(order).limit(bindparam("limit")).offset(literal_column("0"))


def _changed() -> Update:
    """An upload that has come further, unless it was given up."""
    return (
        update(files)
        .where(_columns.id == bindparam("file"), _columns.state == _UPLOADING)
        .values(bytes=bindparam("size"), chunks=bindparam("count"), expires_at=bindparam("until", type_=BigInteger))
    )


def _ended() -> Update:
    """What is deleted is for the sweeper to remove."""
    return update(files).values(state=_DELETED, expires_at=literal_column("0", BigInteger))


def _orphaned() -> Update:
    """Providers that have copies are to be told."""
    return update(file_copies).where(file_copies.c.file_id == bindparam("file")).values(due_at=literal_column("0"))


def _chunk() -> ClauseElement:
    """How many chunks the file has, and one of them: null where it is missing."""
    joined = files.outerjoin(
        file_chunks, (file_chunks.c.file_id == _columns.id) & (file_chunks.c.position == bindparam("position"))
    )
    return (
        select(_columns.chunks, file_chunks.c.data)
        .select_from(joined)
        .where(_columns.tenant == bindparam("tenant"), _columns.id == bindparam("id"), _columns.state == _WHOLE)
    )


def _used() -> ClauseElement:
    return select(func.coalesce(cast(func.sum(_columns.bytes), BigInteger), literal_column("0"))).where(
        _columns.tenant == bindparam("tenant"), _columns.state != _DELETED
    )
