"""The journal in SQLite: what is told of an answer in the background, until its response holds it all."""

from __future__ import annotations

from msgspec import Struct

from antiphon.errors import JobLost
from antiphon.jobs import Claim, Page
from antiphon.protocols import Clock
from antiphon.store.database import SqlDatabase
from antiphon.store.job_statements import BATCHES, append_events, read_page
from antiphon.store.statements import Connection, text_of


class SqlJournal:
    """The `Journal` of one database."""

    def __init__(self, database: SqlDatabase, clock: Clock) -> None:
        """`clock` decides what has expired."""
        self._database = database
        self._clock = clock
        self._append = text_of(append_events())
        self._page = text_of(read_page())

    async def append(self, claim: Claim, first: int, last: int, frames: bytes) -> None:
        key = {"id": claim.id, "under": claim.attempt, "begin": first, "end": last, "bytes": frames}
        if not await self._database.write(_Append(self._append, key)):
            raise JobLost("The job is gone, or somebody else's.")

    async def page(self, tenant: str, response_id: str, after: int) -> Page | None:
        key = {"id": response_id, "whose": tenant, "now": int(self._clock()), "after": after}
        return await self._database.read(_Page(self._page, key))


class _Append(Struct, frozen=True):
    statement: str
    parameters: dict[str, str | int | bytes]

    def prepare(self) -> None:
        """Nothing."""

    def perform(self, connection: Connection) -> bool:
        return connection.execute(self.statement, self.parameters).rowcount > 0


class _Page(Struct, frozen=True):
    statement: str
    parameters: dict[str, str | int]

    def prepare(self) -> None:
        """Nothing."""

    def perform(self, connection: Connection) -> Page | None:
        rows = connection.execute(self.statement, self.parameters).fetchall()
        if not rows:
            return None
        return Page(rows[0][0], [frames for _, frames in rows if frames is not None], len(rows) == BATCHES)
