"""The end of an answer in the background: one transaction, in which others may join."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from antiphon.protocols import StoredTurn
from antiphon.store.job_statements import drop_any_job, drop_job, drop_journal, end_response
from antiphon.store.response_rows import deflated
from antiphon.store.statements import Connection, text_of
from antiphon.store.work import Work

Joining = Callable[[StoredTurn], Work[object] | None]
"""Work that shall be done together with the end of an answer, or not at all.

Called once or more, in the writer's thread, for every answer in the background that completes, fails, is incomplete or
is cancelled. The work may run again after a rollback, and what it raises undoes the end.
"""


class Ending:
    """The statements that end answers."""

    def __init__(self, joining: Sequence[Joining]) -> None:
        """`joining` in the order in which they are done."""
        self._joining = joining
        self._drop_held = text_of(drop_job())
        self._drop = text_of(drop_any_job())
        self._drop_journal = text_of(drop_journal())
        self._end = text_of(end_response())

    def end(self, connection: Connection, end: End, attempt: int | None) -> bool:
        """Whether the job was there under this attempt; else nothing is changed. None: whoever has it."""
        turn = end.turn
        key = {"id": turn.id}
        statement, held = (self._drop, key) if attempt is None else (self._drop_held, key | {"under": attempt})
        if connection.execute(statement, held).rowcount == 0 and attempt is not None:
            return False
        connection.execute(self._end, key | end.parameters())
        connection.execute(self._drop_journal, key)
        if turn.along is not None:
            turn.along.perform(connection)
        for joining in self._joining:
            work = joining(turn)
            if work is not None:
                work.prepare()
                work.perform(connection)
        return True


class End(Struct, frozen=True):
    """How an answer ended, and its whole stream, deflated."""

    turn: StoredTurn
    events: bytes

    def parameters(self) -> dict[str, object]:
        turn = self.turn
        return {
            "whose": turn.tenant,
            "new_status": turn.status,
            "new_model": turn.model,
            "new_provider": turn.provider,
            "new_upstream_id": turn.upstream_id,
            "new_body": turn.body,
            "new_events": self.events,
        }


def end_of(turn: StoredTurn) -> End:
    """Takes as long as deflating the stream does."""
    if turn.along is not None:
        turn.along.prepare()
    return End(turn, deflated(turn.frames or ()))
