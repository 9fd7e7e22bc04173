"""Statements of SQLAlchemy Core as the engines' own text: compiled once, then executed on the drivers themselves.

One statement serves both engines. SQLite's text is made at once, PostgreSQL's when somebody first asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

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
    compiled = statement.compile(dialect=sqlite.dialect(paramstyle="named"))
    unnamed = [name for name, value in (compiled.params or {}).items() if value is not None]
    if unnamed:
        message = f"A statement that is executed as text holds values of its own: {unnamed}."
        raise ValueError(message)
    return Statement.of(str(compiled), lambda: _numbered(statement), statement)


def positional(statement: Insert, columns: Sequence[str], rows: int = 1) -> Statement:
    """An insert, with parameters by position: binding them takes two thirds of the time. Adds so many rows at once.

    More than one only where nothing follows the values.
    """
    compiled = statement.compile(dialect=sqlite.dialect(paramstyle="qmark"), column_keys=columns)
    order = list(compiled.positiontup or ())
    if order != list(columns):
        message = f"The columns stand in the order {order}, not {list(columns)}."
        raise ValueError(message)
    width = len(columns)

    def number() -> Numbered:
        one = _numbered(statement, columns)
        places = [", ".join(f"${row * width + column}" for column in range(1, width + 1)) for row in range(1, rows)]
        return Numbered(one.text + "".join(f", ({each})" for each in places).encode(), ())

    more = (", (" + ", ".join("?" * width) + ")") * (rows - 1)
    return Statement.of(str(compiled) + more, number, statement, tuple(columns))


def creation_of(*tables: Table, dialect: Dialect | None = None) -> list[str]:
    """What creates the tables and their indexes, in SQLite unless another dialect is named."""
    made: list[CreateTable | CreateIndex] = []
    for table in tables:
        made.append(CreateTable(table))
        made.extend(CreateIndex(index) for index in sorted(table.indexes, key=lambda index: str(index.name)))
    return [str(each.compile(dialect=dialect or sqlite.dialect())) for each in made]


def _numbered(statement: ClauseElement, columns: Sequence[str] | None = None) -> Numbered:
    # Of all dialects of PostgreSQL the one that numbers parameters and tells their types. It needs no asyncpg for it.
    from sqlalchemy.dialects.postgresql.asyncpg import dialect  # noqa: PLC0415 - for nobody who keeps to SQLite

    compiled = statement.compile(dialect=dialect(), column_keys=columns)
    if not isinstance(compiled, SQLCompiler):
        message = f"No statement: {compiled}"
        raise TypeError(message)
    return Numbered(str(compiled).encode(), tuple(compiled.positiontup or ()))
