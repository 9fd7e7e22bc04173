"""Kept chat completions in SQLite.

Law: every statement names the tenant and asks the clock, so that what is foreign or expired is unknown.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import ColumnElement, bindparam, delete, exists, insert, literal_column, or_, select, update

from antiphon.chat_protocols import ChatPage, StoredChat
from antiphon.protocols import Clock
from antiphon.store.chat_tables import chat_completion_pairs, chat_completions
from antiphon.store.database import SqlDatabase
from antiphon.store.statements import Connection, Cursor, text_of
from antiphon.store.work import Act

Parameters = dict[str, str | int | bytes | None]

_FASTEST: Final = 1
_encode: Final = msgspec.json.Encoder().encode
_pairs: Final = msgspec.json.Decoder(dict[str, str]).decode
_columns = chat_completions.c


class SqlChats:
    """The `StoredChats` of one database."""

    def __init__(self, database: SqlDatabase, clock: Clock) -> None:
        """`clock` decides what has expired."""
        self._database = database
        self._clock = clock
        self._get = text_of(select(chat_completions).where(*_visible()))
        self._insert = text_of(insert(chat_completions))
        self._insert_pair = text_of(insert(chat_completion_pairs))
        self._clear_pairs = text_of(delete(chat_completion_pairs).where(_of_the_same()))
        self._delete = text_of(delete(chat_completions).where(*_named()))
        self._update = text_of(
            update(chat_completions)
            .where(_columns.tenant == bindparam("tenant"), _columns.serial == bindparam("one"))
            .values(metadata=bindparam("new_metadata"))
        )

    async def save(self, chat: StoredChat) -> None:
        row: Parameters = msgspec.structs.asdict(chat)
        row["metadata"] = _encode(chat.metadata)
        row["request"] = zlib.compress(chat.request, _FASTEST)

        def perform(connection: Connection) -> None:
            self._remove(connection, {"tenant": chat.tenant, "id": chat.id})
            connection.execute(self._insert, row)
            self._add_pairs(connection, chat)

        await self._database.write(Act(perform))

    async def get(self, tenant: str, id: str) -> StoredChat | None:
        asked = self._parameters(tenant, id)
        return await self._database.read(Act(lambda connection: _one(connection.execute(self._get, asked))))

    async def page(self, tenant: str, wanted: ChatPage) -> list[StoredChat] | None:
        asked: Parameters = {"tenant": tenant, "now": int(self._clock()), "limit": wanted.limit, "model": wanted.model}
        for place, (name, value) in enumerate(wanted.metadata.items()):
            asked |= {f"name_{place}": name, f"value_{place}": value}
        statement = _page(wanted.order, wanted.model is not None, len(wanted.metadata))

        def perform(connection: Connection) -> list[StoredChat] | None:
            asked["serial"] = "" if wanted.order == "asc" else "~"
            if wanted.after is not None:
                found = _one(connection.execute(self._get, self._parameters(tenant, wanted.after)))
                if found is None:
                    return None
                asked["serial"] = found.serial
            return [_made(row) for row in connection.execute(statement, asked).fetchall()]

        return await self._database.read(Act(perform))

    async def update(self, tenant: str, id: str, metadata: Mapping[str, str]) -> StoredChat | None:
        asked = self._parameters(tenant, id)

        def perform(connection: Connection) -> StoredChat | None:
            found = _one(connection.execute(self._get, asked))
            if found is None:
                return None
            changed = msgspec.structs.replace(found, metadata=metadata)
            connection.execute(self._update, asked | {"one": found.serial, "new_metadata": _encode(metadata)})
            connection.execute(self._clear_pairs, asked)
            self._add_pairs(connection, changed)
            return changed

        return await self._database.write(Act(perform))

    async def delete(self, tenant: str, id: str) -> bool:
        asked = self._parameters(tenant, id)

        def perform(connection: Connection) -> bool:
            found = _one(connection.execute(self._get, asked)) is not None
            self._remove(connection, asked)
            return found

        return await self._database.write(Act(perform))

    def _remove(self, connection: Connection, asked: Parameters) -> None:
        connection.execute(self._clear_pairs, asked)
        connection.execute(self._delete, asked)

    def _add_pairs(self, connection: Connection, chat: StoredChat) -> None:
        for name, value in chat.metadata.items():
            same: Parameters = {"serial": chat.serial, "tenant": chat.tenant, "expires_at": chat.expires_at}
            connection.execute(self._insert_pair, same | {"name": name, "value": value})

    def _parameters(self, tenant: str, id: str) -> Parameters:
        return {"tenant": tenant, "id": id, "now": int(self._clock())}


def _one(cursor: Cursor) -> StoredChat | None:
    row = cursor.fetchone()
    return None if row is None else _made(row)


def _made(row: Sequence[Any]) -> StoredChat:
    facts = dict(zip(StoredChat.__struct_fields__, row, strict=True))
    facts |= {"metadata": _pairs(facts["metadata"]), "request": zlib.decompress(facts["request"])}
    return StoredChat(**facts)


def _named() -> Sequence[ColumnElement[bool]]:
    return _columns.tenant == bindparam("tenant"), _columns.id == bindparam("id")


def _living() -> ColumnElement[bool]:
    return or_(_columns.expires_at.is_(None), _columns.expires_at > bindparam("now"))


def _visible() -> Sequence[ColumnElement[bool]]:
    return *_named(), _living()


def _of_the_same() -> ColumnElement[bool]:
    """Of pairs: that they belong to the completion that is named."""
    return chat_completion_pairs.c.serial.in_(select(_columns.serial).where(*_named()))


@lru_cache(maxsize=128)
def _page(order: Literal["asc", "desc"], of_model: bool, pairs: int) -> str:  # noqa: FBT001 - a key of the cache
    serial = _columns.serial
    after = serial > bindparam("serial") if order == "asc" else serial < bindparam("serial")
    wanted = [_columns.tenant == bindparam("tenant"), _living(), after]
    if of_model:
        wanted.append(
            or_(*(column == bindparam("model") for column in (_columns.asked, _columns.target, _columns.model)))
        )
    for place in range(pairs):
        pair = chat_completion_pairs.alias(f"pair_{place}")
        wanted.append(
            exists(literal_column("1")).where(
                pair.c.serial == serial,
                pair.c.tenant == bindparam("tenant"),
                pair.c.name == bindparam(f"name_{place}"),
                pair.c.value == bindparam(f"value_{place}"),
            )
        )
    ordered = serial.asc() if order == "asc" else serial.desc()
    found = select(chat_completions).where(*wanted).order_by(ordered)
    return text_of(found.limit(bindparam("limit")).offset(literal_column("0")))
