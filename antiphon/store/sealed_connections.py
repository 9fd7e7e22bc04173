"""Connections that encrypt what was said on its way into the database: the one place where that is done.

What is executed on them is what is executed on any other; who works with them sees no difference.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from typing_extensions import override

from antiphon.store.sealed_plans import Plan, plan_of
from antiphon.store.statements import Parameters, Statement
from antiphon.store.vault import Vault

Opener = Callable[[Sequence[Any]], tuple[Any, ...]]


class Sealed:
    """What one connection knows of the statements that were executed on it."""

    def __init__(self, vault: Vault) -> None:
        """None yet."""
        self._vault = vault
        self._plans: dict[str, tuple[Plan, Opener | None]] = {}

    def plan(self, statement: Statement) -> tuple[Plan, Opener | None]:
        """What to do around it, and what to make of each row; None: nothing."""
        known = self._plans.get(statement)
        if known is None:
            plan = plan_of(statement)
            known = self._plans[statement] = (plan, plan.opener(self._vault))
        return known

    def values(self, plan: Plan, parameters: Parameters) -> Parameters:
        return plan.sealed(self._vault, parameters)


class Sealing(sqlite3.Connection):
    """SQLite's own. What is no `Statement` (a pragma, the creation of a table) is executed as it stands."""

    sealed: Sealed

    @override
    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if not isinstance(sql, Statement):
            return super().execute(sql, parameters)
        plan, opener = self.sealed.plan(sql)
        cursor = super().execute(plan.statement, self.sealed.values(plan, parameters))
        if opener is not None:
            cursor.row_factory = lambda _, row: opener(row)
        return cursor

    @override
    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        if not isinstance(sql, Statement):
            return super().executemany(sql, parameters)
        plan, _ = self.sealed.plan(sql)
        return super().executemany(plan.statement, [self.sealed.values(plan, each) for each in parameters])
