"""Jobs in SQLite: answers that are to be given in the background.

Law: a job is one worker's at a time, and a response has a job exactly as long as it is queued or in progress.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct, structs
from sqlalchemy import insert

from antiphon.errors import JobLost
from antiphon.jobs import IN_FLIGHT, Claim, Queued
from antiphon.protocols import Clock, StoredResponse, StoredTurn
from antiphon.store import job_statements as say
from antiphon.store.database import SqlDatabase
from antiphon.store.ending import End, Ending, Joining, end_of
from antiphon.store.response_rows import response_of, row_of
from antiphon.store.rows import Insertion
from antiphon.store.statements import Connection, positional, text_of
from antiphon.store.tables import jobs, response_events, responses
from antiphon.wire.lifecycle import cancelled, count_of

_JOB: Final = tuple(column.name for column in jobs.columns)
_EVENTS: Final = tuple(column.name for column in response_events.columns)
_MILLISECONDS: Final = 1000
_GONE: Final = "The job is gone, or somebody else's."


class _Texts:
    """Every statement, compiled."""

    def __init__(self) -> None:
        self.responses = Insertion(responses)
        self.insert_job = positional(insert(jobs), _JOB)
        self.insert_events = positional(insert(response_events), _EVENTS)
        self.count_waiting = text_of(say.count_waiting())
        self.find = text_of(say.find_job())
        self.claim = text_of(say.claim_job(skip_locked=True))
        self.claim_patiently = text_of(say.claim_job(skip_locked=False))
        self.claimed = text_of(say.read_claimed())
        self.begin = text_of(say.begin_response())
        self.lease = text_of(say.lease_job())
        self.drop_job = text_of(say.drop_any_job())
        self.drop_journal = text_of(say.drop_journal())
        self.journal = text_of(say.read_journal())
        self.lock = text_of(say.lock_job())
        self.cancelled = text_of(say.read_cancelled())


class SqlJobs:
    """The `Jobs` of one database."""

    def __init__(
        self, database: SqlDatabase, clock: Clock, lease_seconds: float, joining: Sequence[Joining] = ()
    ) -> None:
        """A lease that is not renewed for `lease_seconds` lapses. `joining` is done with every end."""
        self._database = database
        self._clock = clock
        self._lease = int(lease_seconds * _MILLISECONDS)
        self._texts = _Texts()
        self._ending = Ending(joining)

    async def add(self, queued: Queued, most: int) -> bool:
        return await self._database.write(_Add(self._texts, queued, most, self._moment()))

    async def waiting(self, most: int) -> bool:
        return await self._database.read(_Find(self._texts.find, {"moment": self._moment(), "most": most}))

    async def claim(self, most: int) -> Claim | None:
        now = self._moment()
        return await self._database.write(
            _Claim(self._texts, {"moment": now, "until": now + self._lease, "most": most})
        )

    async def renew(self, claim: Claim) -> bool:
        return await self._database.write(_Lease(self._texts.lease, claim, self._moment() + self._lease))

    async def release(self, claim: Claim) -> None:
        await self._database.write(_Lease(self._texts.lease, claim, 0))

    async def finish(self, claim: Claim, turn: StoredTurn) -> None:
        if not await self._database.write(_Finish(self._ending, claim.attempt, turn)):
            raise JobLost(_GONE)

    async def cancel(self, tenant: str, response_id: str, *, clears_output: bool) -> StoredResponse | None:
        key = {"id": response_id, "whose": tenant, "now": int(self._clock())}
        return await self._database.write(_Cancel(self._texts, self._ending, key, clears_output=clears_output))

    def _moment(self) -> int:
        return int(self._clock() * _MILLISECONDS)


class _Add:
    def __init__(self, texts: _Texts, queued: Queued, most: int, moment: int) -> None:
        self._texts = texts
        self._queued = queued
        self._most = most
        self._moment = moment
        self._frames = b""
        self._row: Sequence[object] = ()

    def prepare(self) -> None:
        turn = self._queued.turn
        self._frames = b"".join(turn.frames or ())
        if turn.along is not None:
            turn.along.prepare()
        self._row = row_of(turn, None)

    def perform(self, connection: Connection) -> bool:
        queued, texts = self._queued, self._texts
        turn = queued.turn
        key = {"whose": turn.tenant, "moment": self._moment}
        if connection.execute(texts.count_waiting, key).fetchone()[0] >= self._most:
            return False
        texts.responses.perform(connection, [self._row])
        connection.execute(texts.insert_job, (turn.id, turn.tenant, queued.key_name, 0, 0, queued.request))
        connection.execute(texts.insert_events, (turn.id, 0, count_of(self._frames) - 1, self._frames))
        if turn.along is not None:
            turn.along.perform(connection)
        return True


class _Find(Struct, frozen=True):
    statement: str
    parameters: dict[str, int]

    def prepare(self) -> None:
        """Nothing."""

    def perform(self, connection: Connection) -> bool:
        return connection.execute(self.statement, self.parameters).fetchone() is not None


class _Claim(Struct, frozen=True):
    texts: _Texts
    parameters: dict[str, int]

    def prepare(self) -> None:
        """Nothing."""

    def perform(self, connection: Connection) -> Claim | None:
        texts = self.texts
        while (row := self._job(connection)) is not None:
            response_id, tenant, key_name, attempt, request = row
            key = {"id": response_id}
            found = connection.execute(texts.claimed, key).fetchone()
            if found is None:  # the response has expired and was swept
                connection.execute(texts.drop_job, key)
                connection.execute(texts.drop_journal, key)
                continue
            connection.execute(texts.begin, key)
            created_at, conversation_id, provider, input_ = found
            return Claim(
                id=response_id,
                tenant=tenant,
                key_name=key_name,
                attempt=attempt,
                created_at=created_at,
                conversation_id=conversation_id,
                provider=provider,
                request=request,
                input=input_,
                told=[frames for (frames,) in connection.execute(texts.journal, key)],
            )
        return None

    def _job(self, connection: Connection) -> Sequence[Any] | None:
        """Whoever skips what others are at may skip a job whose last worker, thought dead, is just telling more."""
        for statement in (self.texts.claim, self.texts.claim_patiently):
            rows = connection.execute(statement, self.parameters).fetchall()
            if rows:
                return rows[0]
        return None


class _Lease(Struct, frozen=True):
    statement: str
    claim: Claim
    until: int

    def prepare(self) -> None:
        """Nothing."""

    def perform(self, connection: Connection) -> bool:
        key = {"id": self.claim.id, "under": self.claim.attempt, "until": self.until}
        return connection.execute(self.statement, key).rowcount > 0


class _Finish:
    def __init__(self, ending: Ending, attempt: int, turn: StoredTurn) -> None:
        self._ending = ending
        self._attempt = attempt
        self._turn = turn
        self._end: End | None = None

    def prepare(self) -> None:
        self._end = end_of(self._turn)

    def perform(self, connection: Connection) -> bool:
        return self._ending.end(connection, self._end or end_of(self._turn), self._attempt)


class _Cancel:
    def __init__(self, texts: _Texts, ending: Ending, key: dict[str, str | int], *, clears_output: bool) -> None:
        self._texts = texts
        self._ending = ending
        self._key = key
        self._clears_output = clears_output

    def prepare(self) -> None:
        """Nothing."""

    def perform(self, connection: Connection) -> StoredResponse | None:
        connection.execute(self._texts.lock, self._key).fetchone()
        row = connection.execute(self._texts.cancelled, self._key).fetchone()
        if row is None:
            return None
        *read, model, created_at = row
        response = response_of(read)
        if response.status in IN_FLIGHT:
            told = [frames for (frames,) in connection.execute(self._texts.journal, {"id": response.id})]
            body, frames = cancelled(response.body, told, clears_output=self._clears_output)
            turn = StoredTurn(
                id=response.id,
                tenant=str(self._key["whose"]),
                parent_id=response.parent_id,
                conversation_id=response.conversation_id,
                created_at=created_at,
                expires_at=None,
                status="cancelled",
                model=model,
                provider=response.provider,
                upstream_id=None,
                input=response.input,
                body=body,
                frames=frames,
            )
            self._ending.end(connection, end_of(turn), None)
            response = structs.replace(response, status="cancelled", body=body, streamed=True)
        return response
