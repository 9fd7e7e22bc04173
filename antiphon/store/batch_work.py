"""Batches in SQLite, as their workers see them.

Law: whoever changes the status of a batch makes every claim on it an old one, so that nothing is done twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from sqlalchemy import insert

from antiphon.batch_protocols import Change
from antiphon.errors import JobLost
from antiphon.notices import Announcer
from antiphon.protocols import Clock
from antiphon.store import batch_statements as say
from antiphon.store.batch_rows import LINE, Parameters, batch_of, line_row, result_of
from antiphon.store.batch_tables import batch_lines
from antiphon.store.database import SqlDatabase
from antiphon.store.statements import Connection, positional, text_of
from antiphon.store.work import Act, Work
from antiphon.wire.batch_states import DATED, ENDED
from antiphon.wire.batch_values import Batch, LineAnswer, LineResult, NewLine, Outcome

T = TypeVar("T")

_MILLISECONDS: Final = 1000
_EVERY_LINE: Final = 2**31


class SqlBatchWork:
    """The `BatchWork` of one database."""

    def __init__(
        self, database: SqlDatabase, clock: Clock, lease_seconds: float, announcer: Announcer[Work[None]]
    ) -> None:
        """A claim that is not renewed for `lease_seconds` lapses. `announcer` is told of every end."""
        self._database = database
        self._clock = clock
        self._lease = int(lease_seconds * _MILLISECONDS)
        self._announcer = announcer
        self._due_at = text_of(say.due_at())
        self._claim = text_of(say.claim())
        self._renew = text_of(say.renew())
        self._is_claimed = text_of(say.is_claimed())
        self._insert_line = positional(insert(batch_lines), LINE)
        self._delete_lines = text_of(say.delete_lines())
        self._drop = text_of(say.drop_lines())
        self._end_line = text_of(say.end_line())
        self._count = text_of(say.count_ended())
        self._waiting = text_of(say.waiting())
        self._results = text_of(say.results())
        self._change = text_of(say.change())
        self._delete = text_of(say.delete_batch())

    async def due_at(self) -> float | None:
        due_at = await self._read(lambda connection: connection.execute(self._due_at).fetchone()[0])
        return None if due_at is None else due_at / _MILLISECONDS

    async def claim(self) -> Batch | None:
        now = self._moment()
        key = {"moment": now, "until": now + self._lease}

        def perform(connection: Connection) -> Batch | None:
            rows = connection.execute(self._claim, key).fetchall()
            return batch_of(rows[0]) if rows else None

        return await self._write(perform)

    async def renew(self, batch: Batch) -> None:
        key = {**_claim_of(batch), "until": self._moment() + self._lease}
        if await self._write(lambda connection: connection.execute(self._renew, key).rowcount) == 0:
            raise _lost(batch)

    async def add_lines(self, batch: Batch, lines: Sequence[NewLine]) -> None:
        rows = [line_row(batch, line) for line in lines]
        await self._under(batch, lambda connection: connection.executemany(self._insert_line, rows).rowcount)

    async def clear_lines(self, batch: Batch, most: int) -> int:
        key = {"id": batch.id, "limit": most}
        return await self._under(batch, lambda connection: connection.execute(self._delete_lines, key).rowcount)

    async def drop_lines(self, batch: Batch, outcome: Outcome) -> None:
        key: Parameters = {"id": batch.id, "how": outcome, "new_request": b""}

        def perform(connection: Connection) -> None:
            dropped = connection.execute(self._drop, key).rowcount
            late, given_up = (dropped, 0) if outcome == "expired" else (0, dropped)
            counts = {"id": batch.id, "well": 0, "badly": 0, "given_up": given_up, "too_late": late}
            connection.execute(self._count, counts)

        await self._under(batch, perform)

    async def settle_lines(self, batch: Batch, results: Mapping[int, LineAnswer]) -> None:
        ends = [ended(batch.tenant, batch.id, number, answer) for number, answer in results.items()]

        def perform(connection: Connection) -> None:
            well = badly = 0
            for end in ends:
                count = connection.execute(self._end_line, end).rowcount
                well += count if end["how"] == "succeeded" else 0
                badly += count if end["how"] == "errored" else 0
            counts = {"id": batch.id, "well": well, "badly": badly, "given_up": 0, "too_late": 0}
            connection.execute(self._count, counts)

        await self._under(batch, perform)

    async def waiting(self, batch: Batch, after: int, limit: int) -> list[NewLine]:
        key = {"id": batch.id, "after": after, "limit": limit}
        rows = await self._read(lambda connection: connection.execute(self._waiting, key).fetchall())
        return [NewLine(*row) for row in rows]

    async def results(self, batch: Batch, after: int, limit: int) -> list[LineResult]:
        key = {"id": batch.id, "after": after, "limit": limit}
        rows = await self._read(lambda connection: connection.execute(self._results, key).fetchall())
        return [result_of(row) for row in rows]

    async def change(self, batch: Batch, change: Change) -> None:
        values: Parameters = {
            **_claim_of(batch),
            "whose": batch.tenant,
            **{f"new_{status}_at": None for status in DATED},
        }
        for field in ("status", "total", "own", "model", "native", "errors", "usage"):
            values[f"new_{field}"] = getattr(change, field)
        values |= {"new_output_file_id": change.output_file_id, "new_error_file_id": change.error_file_id}
        values["new_due_at"] = change.due_at
        announcement = None
        if change.status is not None:
            values[f"new_{change.status}_at"] = change.at
        if change.status in ENDED:
            announcement = self._announcer.announce(batch.tenant, batch.id, f"batch.{change.status}", change.at)

        def perform(connection: Connection) -> bool:
            if connection.execute(self._change, values).rowcount == 0:
                return False
            if announcement is not None:
                announcement.perform(connection)
            return True

        if announcement is not None:
            announcement.prepare()
        if not await self._write(perform):
            raise _lost(batch)

    async def remove(self, batch: Batch) -> None:
        def perform(connection: Connection) -> None:
            connection.execute(self._delete_lines, {"id": batch.id, "limit": _EVERY_LINE})
            connection.execute(self._delete, _claim_of(batch))

        await self._under(batch, perform)

    async def _under(self, batch: Batch, act: Callable[[Connection], T]) -> T:
        """Does it if the claim holds, in the same transaction. Raises JobLost."""
        key = _claim_of(batch)

        def perform(connection: Connection) -> tuple[T] | None:
            return None if connection.execute(self._is_claimed, key).fetchone() is None else (act(connection),)

        done = await self._write(perform)
        if done is None:
            raise _lost(batch)
        return done[0]

    def _moment(self) -> int:
        return int(self._clock() * _MILLISECONDS)

    def _write(self, act: Callable[[Connection], T]) -> asyncio.Future[T]:
        return self._database.write(Act(act))

    def _read(self, act: Callable[[Connection], T]) -> asyncio.Future[T]:
        return self._database.read(Act(act))


def ended(tenant: str, batch_id: str, number: int, answer: LineAnswer) -> Parameters:
    """The end of a line, as statements take it."""
    return {
        "id": batch_id,
        "whose": tenant,
        "place": number,
        "how": "succeeded" if answer.good else "errored",
        "said": answer.status,
        "called": answer.request_id,
        "new_answer": answer.body,
        "new_request": b"",
    }


def _claim_of(batch: Batch) -> dict[str, str | int]:
    return {"id": batch.id, "under": batch.attempt}


def _lost(batch: Batch) -> JobLost:
    return JobLost(f"The batch {batch.id} is gone, or somebody else's.")
