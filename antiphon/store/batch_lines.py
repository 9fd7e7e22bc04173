"""Lines of batches in SQLite that our own workers answer.

Law: a line is one worker's at a time and ends once; its answer, the counts and, with the last line, the batch's going
on are one transaction.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final, TypeVar

from antiphon.batch_protocols import LineClaim, LineRequest, Shares
from antiphon.protocols import Caller, Clock
from antiphon.store import batch_statements as say
from antiphon.store.batch_work import ended
from antiphon.store.database import SqlDatabase
from antiphon.store.statements import Connection, text_of
from antiphon.store.work import Act
from antiphon.wire.batch_values import LineAnswer

T = TypeVar("T")
_Row = tuple[str, str, str, str, str | None]

_MILLISECONDS: Final = 1000


class SqlBatchLines:
    """The `BatchLines` of one database."""

    def __init__(self, database: SqlDatabase, clock: Clock, lease_seconds: float) -> None:
        """A claim that is not renewed for `lease_seconds` lapses."""
        self._database = database
        self._clock = clock
        self._lease = int(lease_seconds * _MILLISECONDS)
        self._batches = text_of(say.running_batches())
        self._running = text_of(say.running_lines())
        self._free = text_of(say.free_line())
        self._claim = text_of(say.claim_lines())
        self._held = text_of(say.held_lines())
        self._renew = text_of(say.renew_lines())
        self._settle = text_of(say.settle_line())
        self._count = text_of(say.count_ended())
        self._finalize = text_of(say.finalize())
        self._postpone = text_of(say.postpone_line())

    async def ready(self, shares: Shares) -> bool:
        moment = self._moment()

        def perform(connection: Connection) -> bool:
            return any(
                connection.execute(self._free, {"id": row[0], "moment": moment}).fetchone() is not None
                for row, _ in self._open(connection, moment, shares)[0]
            )

        return await self._read(perform)

    async def claim(self, holder: str, shares: Shares) -> list[LineClaim]:
        moment = self._moment()

        def perform(connection: Connection) -> list[LineClaim]:
            claims: list[LineClaim] = []
            rows, of_tenant = self._open(connection, moment, shares)
            for place, (row, room) in enumerate(rows):
                # What is left is shared among the batches that are still to come.
                share = -(-(shares.lines - len(claims)) // (len(rows) - place))
                limit = min(share, room, shares.per_tenant - of_tenant[row[1]])
                if limit > 0:
                    found = self._claimed(connection, row, moment, holder, limit)
                    of_tenant[row[1]] += len(found)
                    claims += found
            return claims

        return await self._write(perform)

    async def held(self, holder: str) -> set[tuple[str, int, int]]:
        key = {"by": holder}
        rows = await self._read(lambda connection: connection.execute(self._held, key).fetchall())
        return {(batch_id, number, attempt) for batch_id, number, attempt in rows}

    async def renew(self, holder: str) -> None:
        key = {"by": holder, "until": self._moment() + self._lease}
        await self._write(lambda connection: connection.execute(self._renew, key).rowcount)

    async def settle(self, claim: LineClaim, answer: LineAnswer) -> bool:
        now = self._clock()
        end = {**ended(claim.request.caller.tenant, claim.batch_id, claim.number, answer), "under": claim.attempt}
        well = int(answer.good)
        counts = {"id": claim.batch_id, "well": well, "badly": 1 - well, "given_up": 0, "too_late": 0}
        over = {"id": claim.batch_id, "now": int(now), "due": int(now * _MILLISECONDS)}

        def perform(connection: Connection) -> bool:
            if connection.execute(self._settle, end).rowcount == 0:
                return False
            connection.execute(self._count, counts)
            connection.execute(self._finalize, over)
            return True

        return await self._write(perform)

    async def postpone(self, claim: LineClaim, seconds: float, *, counts: bool) -> None:
        key = {
            "id": claim.batch_id,
            "place": claim.number,
            "under": claim.attempt,
            "until": self._moment() + int(seconds * _MILLISECONDS),
            "more": int(counts),
        }
        await self._write(lambda connection: connection.execute(self._postpone, key).rowcount)

    def _open(self, connection: Connection, moment: int, shares: Shares) -> tuple[list[tuple[_Row, int]], Counter[str]]:
        """The batches that may have more lines in work, and how many more; those with the fewest first.

        Beside them, how many of each tenant's are in work.
        """
        of_batch: Counter[str] = Counter()
        of_tenant: Counter[str] = Counter()
        for batch_id, tenant, count in connection.execute(self._running, {"moment": moment}).fetchall():
            of_batch[batch_id] += count
            of_tenant[tenant] += count
        rows: list[_Row] = connection.execute(self._batches).fetchall()
        able = [row for row in rows if of_tenant[row[1]] < shares.per_tenant]
        rooms = [(row, shares.per_batch - of_batch[row[0]]) for row in able]
        return sorted([each for each in rooms if each[1] > 0], key=lambda each: of_batch[each[0][0]]), of_tenant

    def _claimed(self, connection: Connection, row: _Row, moment: int, holder: str, limit: int) -> list[LineClaim]:
        batch_id, tenant, key_name, endpoint, betas = row
        caller = Caller(tenant, key_name)
        key = {"id": batch_id, "moment": moment, "until": moment + self._lease, "by": holder, "limit": limit}
        # What is updated is returned in no order.
        return [
            LineClaim(
                batch_id=batch_id,
                number=number,
                attempt=attempt,
                tries=tries,
                request=LineRequest(caller, endpoint, body, betas),
            )
            for number, attempt, tries, body in sorted(connection.execute(self._claim, key).fetchall())
        ]

    def _moment(self) -> int:
        return int(self._clock() * _MILLISECONDS)

    def _write(self, act: Callable[[Connection], T]) -> asyncio.Future[T]:
        return self._database.write(Act(act))

    def _read(self, act: Callable[[Connection], T]) -> asyncio.Future[T]:
        return self._database.read(Act(act))
