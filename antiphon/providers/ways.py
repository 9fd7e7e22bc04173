"""Which API of a provider a model is asked through, and where that is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from antiphon.providers.row import ProviderRow, Route
from antiphon.settings import Dialect, ProviderSettings

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")


class Ways:
    """The ways to one provider's models: the owner's choice; else what the row says of the model; else its first."""

    def __init__(self, row: ProviderRow, settings: ProviderSettings, spoken: AbstractSet[str]) -> None:
        """`spoken` are the formats that the gateway knows."""
        self._row = row
        self._preferred: Dialect = settings.dialect or _first(row.dialects, spoken)
        self._version = settings.api_version or ""
        self._dated = _DATE.match(self._version) is not None
        self._rules = [
            (re.compile(rule.models), rule)
            for rule in row.speaks
            if rule.dialect in spoken and settings.dialect is None
        ]

    def of(self, model: str) -> tuple[Dialect, Route]:
        """The API, and where it is."""
        for pattern, rule in self._rules:
            if pattern.search(model):
                dialect = self._possible(rule.dialect)
                return dialect, rule.route or self.route(dialect)
        dialect = self._possible(self._preferred)
        return dialect, self.route(dialect)

    def route(self, dialect: Dialect) -> Route:
        """Where an API is, by the version that the owner chose."""
        dated = self._row.dated_routes.get(dialect) if self._dated else None
        return dated or self._row.route(dialect)

    def chat_beside(self, dialect: Dialect) -> Route | None:
        """Where chat completions are for a model that is asked through `dialect`; None where it takes none."""
        takes_chat = not self._row.speaks or dialect in ("chat", "responses")
        return self.route("chat") if takes_chat and "chat" in self._row.dialects else None

    def _possible(self, dialect: Dialect) -> Dialect:
        """Older versions of an API know no responses."""
        if dialect == "responses" and self._dated and self._version < self._row.responses_since:
            return "chat"
        return dialect


def _first(dialects: Sequence[Dialect], spoken: AbstractSet[str]) -> Dialect:
    for dialect in dialects:
        if dialect in spoken:
            return dialect
    return dialects[0]
