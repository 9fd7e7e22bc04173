"""Items of kept responses, found by looking: nothing is written for it when a turn is kept.

A table of item ids would nearly double what it takes to keep a turn (docs/decisions/0011-idempotency.md); this takes
some milliseconds, and only of those who refer to an item that is not in the chain they go on from.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct
from sqlalchemy import ClauseElement, bindparam, literal_column, or_, select

from antiphon.kept import FoundItem
from antiphon.protocols import Clock
from antiphon.store.database import SqlDatabase
from antiphon.store.statements import Connection, text_of
from antiphon.store.tables import responses

LOOKED_THROUGH: Final = 4096
"""How many of the newest responses, of all tenants together, are looked through for an item."""

MOST_STEPS: Final = 4 * LOOKED_THROUGH
"""How many responses are opened for one request, however many items it names."""

_STEPS_TO_BEGIN: Final = 16
"""What it takes to begin, in responses opened."""

_FEW: Final = 8
"""So many ids are searched for in a response's bytes; for more, decoding it is quicker."""

_OURS: Final = re.compile(r"[a-z]+_([0-9a-f]{12})[0-9a-f]{36}")
"""An id that the gateway made: its first twelve digits are when."""

_LAST: Final = "resp_g"
"""Sorts behind every id of a response."""


class _Output(Struct, frozen=True):
    output: Raw = Raw(b"[]")


_output: Final = msgspec.json.Decoder(_Output).decode
_items: Final = msgspec.json.Decoder(list[dict[str, Any]]).decode


class SqlItems:
    """The `StoredItems` of one database."""

    def __init__(self, database: SqlDatabase, clock: Clock) -> None:
        """`clock` decides what has expired."""
        self._database = database
        self._clock = clock
        self._statement = text_of(_newest())

    async def find(self, tenant: str, item_ids: Collection[str]) -> dict[str, FoundItem]:
        return await self._database.read(_Look(self._statement, tenant, item_ids, int(self._clock())))


class _Look:
    def __init__(self, statement: str, tenant: str, item_ids: Collection[str], now: int) -> None:
        self._statement = statement
        self._tenant = tenant
        self._item_ids = item_ids
        self._now = now

    def prepare(self) -> None:
        """Nothing."""

    def perform(self, connection: Connection) -> dict[str, FoundItem]:
        found: dict[str, FoundItem] = {}
        begins: dict[str, set[str]] = {}
        for item_id in self._item_ids:
            begins.setdefault(_last_response(item_id), set()).add(item_id)
        steps = MOST_STEPS
        for last, wanted in begins.items():
            steps -= _STEPS_TO_BEGIN
            limit = min(LOOKED_THROUGH, steps)
            if limit <= 0:
                break
            parameters = {"tenant": self._tenant, "now": self._now, "last": last, "limit": limit}
            for provider, *blobs in connection.execute(self._statement, parameters):
                steps -= 1
                if len(wanted) > _FEW or _mentions(blobs, wanted):
                    held = {item["id"]: item for item in _held(*blobs) if _names(item, wanted)}
                    found |= {item_id: FoundItem(item, provider) for item_id, item in held.items()}
                    wanted.difference_update(held)
                if not wanted:
                    break
        return found


def _last_response(item_id: str) -> str:
    """Behind which no response can hold the item first: an item is never older than the response it was made for."""
    made = _OURS.fullmatch(item_id)
    return _LAST if made is None else f"resp_{made[1]}g"


def _mentions(blobs: Collection[bytes], item_ids: Collection[str]) -> bool:
    return any(item_id.encode() in blob for item_id in item_ids for blob in blobs)


def _names(item: dict[str, Any], wanted: Collection[str]) -> bool:
    identifier: Any = item.get("id")
    return isinstance(identifier, str) and identifier in wanted


def _held(input_: bytes, body: bytes) -> list[dict[str, Any]]:
    return _items(input_) + _items(_output(body).output)


def _newest() -> ClauseElement:
    """The tenant's among the newest responses up to one of them."""
    table = responses.c
    newest = (
        select(table.id)
        .where(table.id <= bindparam("last"))
        .order_by(table.id.desc())
        .limit(bindparam("limit"))
        .offset(literal_column("0"))
    )
    return (
        select(table.provider, table.input, table.body)
        .where(
            table.id.in_(newest),
            table.tenant == bindparam("tenant"),
            or_(table.expires_at.is_(None), table.expires_at > bindparam("now")),
        )
        .order_by(table.id.desc())
    )
