"""A session that encrypts what was said, as `antiphon.store.sealed_connections` does for SQLite."""

from __future__ import annotations

from collections.abc import Iterable

from psycopg import pq
from typing_extensions import override

from antiphon.store.postgres.session import Rows, Session
from antiphon.store.sealed_connections import Sealed
from antiphon.store.statements import Parameters, Statement
from antiphon.store.vault import Vault


class SealedSession(Session):
    """As `Session`, which refuses what is no `Statement`."""

    def __init__(self, connection: pq.abc.PGconn, setting: bytes, vault: Vault) -> None:
        """`setting` is said first."""
        super().__init__(connection, setting)
        self._sealed = Sealed(vault)

    @override
    def execute(self, statement: str, parameters: Parameters = (), /) -> Rows:
        if not isinstance(statement, Statement):
            return super().execute(statement, parameters)
        plan, opener = self._sealed.plan(statement)
        rows = super().execute(plan.statement, self._sealed.values(plan, parameters))
        return rows if opener is None else Rows(map(opener, rows), rows.rowcount)

    @override
    def executemany(self, statement: str, parameters: Iterable[Parameters], /) -> Rows:
        if not isinstance(statement, Statement):
            return super().executemany(statement, parameters)
        plan, _ = self._sealed.plan(statement)
        return super().executemany(plan.statement, [self._sealed.values(plan, each) for each in parameters])
