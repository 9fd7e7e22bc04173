"""Which values of a statement are content, and which row they belong to: read from the statement itself.

Content is every column of bytes. A row is named by its tenant, where the table has one, and its primary key: what is
selected is asked for these too, and what is written has them among its parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import (
    BinaryExpression,
    BindParameter,
    ClauseElement,
    Column,
    Insert,
    LargeBinary,
    Select,
    Update,
)
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.selectable import FromClause

from antiphon.store.statements import Parameters, Statement, sqlite_dialect, text_of
from antiphon.store.vault import Vault

_NEW: Final = "new_"
"""What the parameters begin with that an update writes, followed by their columns' names."""

_NUL: Final = "\x00"
_SHOWN_NUL: Final = "\N{SYMBOL FOR NULL}"

Key = str | int
"""A parameter's or a column's name or position."""


class Bare(bytes):
    """Bytes that are no content, to be compared with what the database has."""

    __slots__ = ()


class _Place(Struct, frozen=True):
    """A value that is content: what it is and what names its row. No `row`: nothing may be written there but b''."""

    value: Key
    label: bytes
    row: tuple[Key, ...] | None


class Plan(Struct, frozen=True):
    """What to do around a statement. `statement` asks for the names of rows too, behind the first `width` columns."""

    statement: Statement
    width: int
    given: tuple[_Place, ...]
    others: tuple[Key, ...]
    brought: tuple[_Place, ...]

    def sealed(self, vault: Vault, parameters: Parameters) -> Parameters:
        """The parameters as the database is to have them. Raises TypeError for bytes whose place is not known."""
        if isinstance(parameters, Mapping):
            return {**parameters, **self._changed(vault, parameters)}
        columns = len(self.statement.columns) or 1
        values = list(parameters)
        for start in range(0, len(values), columns):
            for key, value in self._changed(vault, values[start : start + columns]).items():
                values[start + int(key)] = value
        return values

    def _changed(self, vault: Vault, row: Any) -> dict[Any, bytes]:  # noqa: ANN401 - by name, or in order
        changed: dict[Any, bytes] = {}
        for place in self.given:
            value = row[place.value]
            if value:
                changed[place.value] = vault.seal(value, _about(place, row))
        for key in self.others:
            if isinstance(row[key], bytes):
                # Nothing that was said may reach the database in the clear.
                if not isinstance(row[key], Bare):
                    message = f"Bytes are written to the database whose column is not known: {key} in {self.statement}"
                    raise TypeError(message)
                changed[key] = bytes(row[key])
        return changed

    def opener(self, vault: Vault) -> Callable[[Sequence[Any]], tuple[Any, ...]] | None:
        """What makes rows as they were asked for; None where they are so already."""
        places, width = self.brought, self.width
        if not places:
            return None

        def opened(row: Sequence[Any]) -> tuple[Any, ...]:
            made = list(row[:width])
            for place in places:
                value = row[int(place.value)]
                if value is not None:
                    made[int(place.value)] = vault.open(value, _about(place, row))
            return tuple(made)

        return opened


def plan_of(statement: Statement) -> Plan:
    source = statement.source
    given: tuple[_Place, ...] = ()
    brought: tuple[_Place, ...] = ()
    width = 0
    asking = statement
    if isinstance(source, Insert):
        given = tuple(_inserted(source, statement.columns))
    elif isinstance(source, Update):
        given = tuple(_updated(source))
        width = len(source.exported_columns)
        brought, more = _selected(list(source.exported_columns))
        asking = text_of(_returning(source, more)) if more else statement
    elif isinstance(source, Select):
        width = len(source.selected_columns)
        brought, more = _selected(list(source.selected_columns))
        asking = text_of(source.add_columns(*more)) if more else statement
    keys = list(_parameters(statement))
    given = tuple(place for place in given if place.value in keys)
    known = {place.value for place in given}
    return Plan(asking, width, given, tuple(key for key in keys if key not in known), brought)


def _parameters(statement: Statement) -> Iterable[Key]:
    if statement.columns:
        return range(len(statement.columns))
    return statement.source.compile(dialect=sqlite_dialect("named")).params or ()


def _returning(source: Any, more: Sequence[Any]) -> ClauseElement:  # noqa: ANN401 - an update, whose type is unknown
    return source.returning(*more)


def named_by(table: FromClause) -> tuple[str, ...]:
    """The columns that name a row."""
    tenant = ("tenant",) if "tenant" in table.c else ()
    return tuple(dict.fromkeys([*tenant, *(column.name for column in table.primary_key)]))


def content_of(table: FromClause) -> list[str]:
    """The columns that are content."""
    return [column.name for column in table.c if isinstance(column.type, LargeBinary)]


def _inserted(statement: Insert, columns: Sequence[str]) -> Iterable[_Place]:
    keys: dict[str, Key]
    if columns:
        keys = {name: place for place, name in enumerate(columns)}
    elif isinstance(statement.select, Select):
        keys = dict(_parameter(each) for each in statement.select.selected_columns)
    else:
        keys = {column.name: column.name for column in statement.table.c}
    return _places(statement.table, keys, keys)


def _parameter(column: Any) -> tuple[str, str]:  # noqa: ANN401 - a parameter, with or without a label
    """What a parameter that is selected is put into, and its name."""
    parameter: BindParameter[Any] = getattr(column, "element", column)
    return column.key, parameter.key


def _updated(statement: Update) -> Iterable[_Place]:
    names: dict[str, Key] = {}
    if statement.whereclause is not None:
        for each in visitors.iterate(statement.whereclause):
            if isinstance(each, BinaryExpression) and each.operator is operators.eq:
                column, value = each.left, each.right
                if isinstance(column, Column) and column.table is statement.table and isinstance(value, BindParameter):
                    names[column.name] = value.key
    return _places(statement.table, {column.name: _NEW + column.name for column in statement.table.c}, names)


def _places(table: FromClause, values: Mapping[str, Key], names: Mapping[str, Key]) -> Iterable[_Place]:
    wanted = named_by(table)
    row = tuple(names[name] for name in wanted) if all(name in names for name in wanted) else None
    for name in content_of(table):
        if name in values:
            yield _Place(values[name], _label(table, name), row)


def _selected(columns: Sequence[Any]) -> tuple[tuple[_Place, ...], list[Any]]:
    """The places among the columns, and what is to be asked for behind them."""
    more: list[Any] = []
    places: list[_Place] = []
    for index, column in enumerate(columns):
        table: Any = getattr(column, "table", None)
        if table is not None and isinstance(column.type, LargeBinary):
            names: list[Key] = []
            for name in named_by(table):
                if not any(each is table.c[name] for each in more):
                    more.append(table.c[name])
                names.append(len(columns) + next(i for i, each in enumerate(more) if each is table.c[name]))
            places.append(_Place(index, _label(_table_of(table), column.name), tuple(names)))
    return tuple(places), more


def _table_of(table: FromClause) -> FromClause:
    """The table that an alias is of."""
    return getattr(table, "element", table)


def _label(table: FromClause, name: str) -> bytes:
    return f"{table.description}.{name}|".encode()


def _about(place: _Place, row: Any) -> bytes:  # noqa: ANN401 - by name, or in order
    if place.row is None:
        message = f"Content is written to {place.label.decode()} without saying which row it is."
        raise TypeError(message)
    about = place.label
    for key in place.row:
        name = str(row[key]).replace(_NUL, _SHOWN_NUL).encode()
        about += b"%d:%b" % (len(name), name)
    return about
