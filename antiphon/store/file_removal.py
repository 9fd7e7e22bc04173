"""What is left of files that nobody sees any more, removed a little at a time."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ClauseElement, Text, bindparam, delete, literal_column, select, tuple_, update

from antiphon.store.database import SqlDatabase
from antiphon.store.file_tables import file_chunks, file_copies, files
from antiphon.store.statements import Connection, text_of
from antiphon.store.work import Act

CHUNKS_AT_ONCE: Final = 16
"""In one transaction: what is removed is overwritten, so it costs as much as writing it did."""

_DELETED: Final = literal_column("'deleted'", Text)


class FileRemoval:
    """Removes the contents of files that were deleted, have expired, or whose upload died; then the files."""

    def __init__(self, database: SqlDatabase) -> None:
        """Compiles the statements."""
        self._database = database
        self._orphan = text_of(_orphaned())
        self._end = text_of(_end())
        self._chunks = text_of(_chunks())
        self._files = text_of(_files())

    async def remove(self, now: int) -> int:
        """How many files went. An upload that is found dead cannot come to life again, whatever its process does."""
        await self._done(self._orphan, {"now": now})
        await self._done(self._end, {"now": now})
        removed = CHUNKS_AT_ONCE
        while removed == CHUNKS_AT_ONCE:
            removed = await self._done(self._chunks, {"now": now, "limit": CHUNKS_AT_ONCE})
        return await self._done(self._files, {"now": now})

    async def _done(self, statement: str, parameters: dict[str, int]) -> int:
        def perform(connection: Connection) -> int:
            return connection.execute(statement, parameters).rowcount

        return await self._database.write(Act(perform))


def _orphaned() -> ClauseElement:
    """Providers that have copies of what has expired are to be told."""
    ended = select(files.c.id).where(files.c.expires_at <= bindparam("now"), files.c.state != _DELETED)
    copies = file_copies.c
    return (
        update(file_copies).where(copies.due_at.is_(None), copies.file_id.in_(ended)).values(due_at=literal_column("0"))
    )


def _end() -> ClauseElement:
    return update(files).where(files.c.expires_at <= bindparam("now"), files.c.state != _DELETED).values(state=_DELETED)


def _chunks() -> ClauseElement:
    some = (
        select(file_chunks.c.file_id, file_chunks.c.position)
        .join(files, files.c.id == file_chunks.c.file_id)
        .where(files.c.expires_at <= bindparam("now"), files.c.state == _DELETED)
        .limit(bindparam("limit"))
        .offset(literal_column("0"))
    )
    return delete(file_chunks).where(tuple_(*file_chunks.primary_key).in_(some))


def _files() -> ClauseElement:
    """Those without a chunk left: what was deleted since stays for the next round."""
    left = select(file_chunks.c.file_id).where(file_chunks.c.file_id == files.c.id).exists()
    return delete(files).where(files.c.expires_at <= bindparam("now"), files.c.state == _DELETED, ~left)
