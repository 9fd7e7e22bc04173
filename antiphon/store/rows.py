"""Rows of one table that wait for the same commit go in by few statements.

Around each statement the interpreter's lock is let go and has to be won back from the event loop: with many small rows
that costs more than the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Table, insert

from antiphon.store.statements import Connection, positionals

MOST_ROWS: Final = 32
"""By one statement. There is one text for every number up to this, and the engines keep all of them prepared."""


class Insertion:
    """Adds rows to one table, their values in the order of its columns."""

    def __init__(self, table: Table) -> None:
        """Makes the statements."""
        columns = [column.name for column in table.columns]
        self._texts = positionals(insert(table), columns, MOST_ROWS)

    def perform(self, connection: Connection, rows: Sequence[Sequence[object]]) -> None:
        """Adds the rows."""
        for start in range(0, len(rows), MOST_ROWS):
            some = rows[start : start + MOST_ROWS]
            connection.execute(self._texts[len(some) - 1], [value for row in some for value in row])


class Addition:
    """Work that adds one row, and may be done together with others of the same `insertion`; where that is None, not.

    `row` is there once the work is prepared.
    """

    insertion: Insertion | None = None
    row: Sequence[object] = ()
