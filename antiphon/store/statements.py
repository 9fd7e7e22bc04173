"""Statements of SQLAlchemy Core as the engines' own text: compiled once, then executed on the drivers themselves.

One statement serves both engines. SQLite's text is made at once, PostgreSQL's when somebody first asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any, Literal, Protocol, runtime_checkable

from msgspec import Struct
from sqlalchemy import ClauseElement, Dialect, Insert, Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql.compiler import SQLCompiler

Parameters = Sequence[Any] | Mapping[str, Any]


class Cursor(Protocol):
    """What a statement has brought."""

    @property
    def rowcount(self) -> int:
        """How many rows a statement has changed."""
        ...

    def fetchone(self) -> Any:  # noqa: ANN401 - a row is whatever was selected
        """The next row, None behind the last."""
        ...

    def fetchall(self) -> list[Any]:
        """The rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """The rows that are left."""
        ...


class Connection(Protocol):
    """What work is done on: SQLite's own connection, or one to PostgreSQL that behaves like it."""

    def execute(self, statement: str, parameters: Parameters = ..., /) -> Cursor:
        """Executes a `Statement`."""
        ...

    def executemany(self, statement: str, parameters: Iterable[Parameters], /) -> Cursor:
        """Executes a `Statement` that brings no rows, for each of the parameters."""
        ...


@runtime_checkable
class Deferring(Protocol):
    """A connection on which several transactions at once are the rule, so that what follows a commit is kept for it."""

    afterwards: list[Callable[[], None]]


def once_committed(connection: Connection, act: Callable[[], None]) -> None:
    """Called in the thread that commits. Without delay in SQLite, whose one writer serves whoever comes next later."""
    if isinstance(connection, Deferring):
        connection.afterwards.append(act)
    else:
        act()


class Numbered(Struct, frozen=True):
    """PostgreSQL's text, whose parameters are ``$1``, ``$2``…, and what they are called in that order."""

    text: bytes
    names: tuple[str, ...]


class Statement(str):
    """SQLite's text, which its driver takes as it is, and PostgreSQL's beside it.

    `source` is what both are made from; `columns` are those that parameters by position are for, else empty.
    """

    __slots__ = ("_number", "_numbered", "columns", "source")

    _number: Callable[[], Numbered]
    _numbered: Numbered | None
    source: ClauseElement
    columns: Sequence[str]

    @classmethod
    def of(
        cls, text: str, number: Callable[[], Numbered], source: ClauseElement, columns: Sequence[str] = ()
    ) -> Statement:
        """`number` makes PostgreSQL's text."""
        statement = cls(text)
        statement._number = number
        statement._numbered = None
        statement.source = source
        statement.columns = columns
        return statement

    @property
    def numbered(self) -> Numbered:
        """PostgreSQL's text. Two threads may make it at once: it is the same."""
        if self._numbered is None:
            self._numbered = self._number()
        return self._numbered


def text_of(statement: ClauseElement) -> Statement:
    """The statement, with parameters by name. Raises ValueError where a value would be lost on the way."""
    compiled = statement.compile(dialect=sqlite_dialect("named"))
    unnamed = [name for name, value in (compiled.params or {}).items() if value is not None]
    if unnamed:
        message = f"A statement that is executed as text holds values of its own: {unnamed}."
        raise ValueError(message)
    return Statement.of(str(compiled), lambda: _numbered(statement), statement)


def positional(statement: Insert, columns: Sequence[str]) -> Statement:
    """An insert, with parameters by position: binding them takes two thirds of the time."""
    return positionals(statement, columns, 1)[0]


def positionals(statement: Insert, columns: Sequence[str], most: int) -> list[Statement]:
    """The same for one row and for more, up to so many at once, which only an insert may be that ends in its values."""
    compiled = statement.compile(dialect=sqlite_dialect("qmark"), column_keys=columns)
    order = list(compiled.positiontup or ())
    if order != list(columns):
        message = f"The columns stand in the order {order}, not {list(columns)}."
        raise ValueError(message)
    one = str(compiled)
    row = f", ({', '.join('?' * len(columns))})"
    return [
        Statement.of(one + row * more, partial(_numbered_rows, statement, columns, more), statement, tuple(columns))
        for more in range(most)
    ]


def creation_of(*tables: Table, dialect: Dialect | None = None) -> list[str]:
    """What creates the tables and their indexes, in SQLite unless another dialect is named."""
    made: list[CreateTable | CreateIndex] = []
    for table in tables:
        made.append(CreateTable(table))
        made.extend(CreateIndex(index) for index in sorted(table.indexes, key=lambda index: str(index.name)))
    return [str(each.compile(dialect=dialect or sqlite.dialect())) for each in made]


def _numbered_rows(statement: Insert, columns: Sequence[str], more: int) -> Numbered:
    one = _numbered(statement, columns)
    width = len(columns)
    places = [", ".join(f"${row * width + column}" for column in range(1, width + 1)) for row in range(1, more + 1)]
    return Numbered(one.text + "".join(f", ({each})" for each in places).encode(), ())


def _numbered(statement: ClauseElement, columns: Sequence[str] | None = None) -> Numbered:
    compiled = statement.compile(dialect=_postgresql(), column_keys=columns)
    if not isinstance(compiled, SQLCompiler):
        message = f"No statement: {compiled}"
        raise TypeError(message)
    return Numbered(str(compiled).encode(), tuple(compiled.positiontup or ()))


@cache
def sqlite_dialect(paramstyle: Literal["named", "qmark"]) -> Dialect:
    """The same for all statements: it keeps what it finds out about types, else two fifths of the time."""
    return sqlite.dialect(paramstyle=paramstyle)


@cache
def _postgresql() -> Dialect:
    """As `sqlite_dialect`."""
    # Of all dialects of PostgreSQL the one that numbers parameters and tells their types. It needs no asyncpg for it.
    from sqlalchemy.dialects.postgresql.asyncpg import dialect  # noqa: PLC0415 - for nobody who keeps to SQLite

    return dialect()
