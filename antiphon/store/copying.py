"""Everything that one database holds, into another, whichever engines keep them.

Law: all or nothing. The copy is one transaction, which is committed only when what stands there is, by number and
digest, what was read; and what is read is one moment's, whatever others write meanwhile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Boolean, Table, bindparam, delete, literal_column, select, tuple_

from antiphon.errors import ConfigError
from antiphon.store.every_table import METADATA
from antiphon.store.location import is_postgres, postgres_module
from antiphon.store.rows import Insertion
from antiphon.store.sqlite_copying import reading as sqlite_reading
from antiphon.store.sqlite_copying import writing as sqlite_writing
from antiphon.store.statements import Connection, Statement, text_of

_ROWS: Final = 64
"""At a time: a row may hold a quarter of a megabyte of a file, or a long answer."""

_NUL: Final = "\x00"
_SHOWN_NUL: Final = "\N{SYMBOL FOR NULL}"
_encode: Final = msgspec.msgpack.Encoder().encode

Progress = Callable[[str, int], None]
"""Called with a table's name and the number of its rows once they are all there."""


class Count(Struct, frozen=True):
    """What was found in a table: how many rows, and a digest of them in their order."""

    rows: int
    digest: str


def copy(source: str, target: str, progress: Progress, *, replace: bool = False) -> dict[str, Count]:
    """Copies every row, table by table; the target's tables are made if need be.

    Raises ConfigError when the target holds anything, unless that is to be replaced; when one of the two stands at
    other tables than this release's; and when what was written is not what was read.
    """
    with _reading(source) as origin, _writing(target) as copied:
        counts: dict[str, Count] = {}
        for table in METADATA.sorted_tables:
            _vacate(copied, table, replace=replace)
            read = _Digest()
            insertion = _insertion(table)
            for rows in _rows(origin, table):
                told = read.take(rows)
                insertion.perform(copied, told)
            counts[table.name] = read.count()
            progress(table.name, counts[table.name].rows)
        for table in METADATA.sorted_tables:
            if digest(copied, table) != counts[table.name]:
                raise ConfigError(f"What was written to {table.name} is not what was read. Nothing was kept.")
    return counts


def digest(connection: Connection, table: Table) -> Count:
    """The rows of a table."""
    found = _Digest()
    for rows in _rows(connection, table):
        found.take(rows)
    return found.count()


def _reading(url: str) -> AbstractContextManager[Connection]:
    if is_postgres(url):
        opened: AbstractContextManager[Connection] = postgres_module("copying").reading(url)
        return opened
    return sqlite_reading(url)


def _writing(url: str) -> AbstractContextManager[Connection]:
    if is_postgres(url):
        opened: AbstractContextManager[Connection] = postgres_module("copying").writing(url)
        return opened
    return sqlite_writing(url)


def _vacate(connection: Connection, table: Table, *, replace: bool) -> None:
    if connection.execute(_first(table)).fetchone() is None:
        return
    if not replace:
        raise ConfigError(f"The database that is to be written holds something already: {table.name} is not empty.")
    connection.execute(text_of(delete(table)))


@cache
def _insertion(table: Table) -> Insertion:
    return Insertion(table)


@cache
def _first(table: Table) -> Statement:
    return text_of(select(*table.primary_key).limit(literal_column("1")).offset(literal_column("0")))


class _Digest:
    """Of rows as both engines keep them: truth as truth, and no NUL in texts, which PostgreSQL has no place for."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._rows = 0

    def take(self, rows: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
        """The rows as they are to be written."""
        told = [[_plain(value) for value in row] for row in rows]
        for row in told:
            self._hash.update(_encode(row))
        self._rows += len(told)
        return list(told)

    def count(self) -> Count:
        return Count(self._rows, self._hash.hexdigest())


def _plain(value: object) -> object:
    return value.replace(_NUL, _SHOWN_NUL) if isinstance(value, str) and _NUL in value else value


def _rows(connection: Connection, table: Table) -> Iterator[list[Sequence[Any]]]:
    """In the order of the primary key, which is the same everywhere: by bytes."""
    keys = list(table.primary_key)
    places = [list(table.columns).index(key) for key in keys]
    truths = [place for place, column in enumerate(table.columns) if isinstance(column.type, Boolean)]
    rows = _plainly(connection.execute(_page(table, after=False)).fetchall(), truths)
    while rows:
        yield rows
        last = {f"after_{number}": rows[-1][place] for number, place in enumerate(places)}
        rows = _plainly(connection.execute(_page(table, after=True), last).fetchall(), truths)


def _plainly(rows: Sequence[Sequence[Any]], truths: Sequence[int]) -> list[Sequence[Any]]:
    if not truths:
        return list(rows)
    return [[bool(value) if place in truths else value for place, value in enumerate(row)] for row in rows]


@cache
def _page(table: Table, *, after: bool) -> Statement:
    keys = list(table.primary_key)
    statement = select(*table.columns).order_by(*keys).limit(literal_column(str(_ROWS))).offset(literal_column("0"))
    if after:
        last = [bindparam(f"after_{number}", type_=key.type) for number, key in enumerate(keys)]
        statement = statement.where(tuple_(*keys) > tuple_(*last))
    return text_of(statement)
