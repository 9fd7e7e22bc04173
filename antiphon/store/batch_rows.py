"""Batches and lines as rows, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import structs

from antiphon.store.batch_statements import BATCH
from antiphon.store.batch_tables import batch_lines
from antiphon.wire.batch_values import Batch, LineAnswer, LineResult, NewLine

Parameters = dict[str, str | int | bytes | None]

_RENAMED: Final = {"time_window": "window"}
_FIELDS: Final = tuple(str(_RENAMED.get(column.name, column.name)) for column in BATCH)
LINE: Final = tuple(column.name for column in batch_lines.columns)
"""The columns that `line_row` has values for."""


def batch_row(batch: Batch) -> Parameters:
    """The row, by the names of its columns."""
    fields = structs.asdict(batch)
    return {column.name: fields[field] for column, field in zip(BATCH, _FIELDS, strict=True)}


def batch_of(row: Sequence[Any]) -> Batch:
    """The batch of a row that has the columns of `BATCH`; SQLite has no booleans."""
    return msgspec.convert(dict(zip(_FIELDS, row, strict=True)), Batch, strict=False)


def line_row(batch: Batch, line: NewLine) -> tuple[object, ...]:
    """A line that nobody has looked at, in the order of `LINE`."""
    return (batch.id, line.number, batch.tenant, line.custom_id, None, None, 0, 0, 0, None, None, line.body, None)


def result_of(row: Sequence[Any]) -> LineResult:
    """What became of a line, from number, custom id, outcome, status, request id and answer."""
    number, custom_id, outcome, status, request_id, body = row
    answer = None if body is None else LineAnswer(status=status, request_id=request_id, body=body)
    return LineResult(number=number, custom_id=custom_id, outcome=outcome, answer=answer)
