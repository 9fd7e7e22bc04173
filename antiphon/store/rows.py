"""Rows of one table that wait for the same commit go in by few statements.

Around each statement the interpreter's lock is let go and has to be won back from the event loop: with many small rows
that costs more than the rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Table, insert

from antiphon.store.statements import positional

_SIZES: Final = (16, 8, 4, 2, 1)
"""So many rows at once: few texts, so that SQLite keeps all of them prepared."""


class Insertion:
    """Adds rows to one table, their values in the order of its columns."""

    def __init__(self, table: Table) -> None:
        """Compiles the statements."""
        columns = [column.name for column in table.columns]
        one = positional(insert(table), columns)
        more = ", (" + ", ".join("?" * len(columns)) + ")"
        self._texts = {size: one + more * (size - 1) for size in _SIZES}

    def perform(self, connection: sqlite3.Connection, rows: Sequence[Sequence[object]]) -> None:
        """Adds the rows."""
        start = 0
        while start < len(rows):
            size = next(each for each in _SIZES if each <= len(rows) - start)
            values = [value for row in rows[start : start + size] for value in row]
            connection.execute(self._texts[size], values)
            start += size


class Addition:
    """Work that adds one row, and may be done together with others of the same `insertion`; where that is None, not.

    `row` is there once the work is prepared.
    """

    insertion: Insertion | None = None
    row: Sequence[object] = ()
