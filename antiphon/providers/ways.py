"""Which API of a provider a model is asked through, and where that is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from antiphon.protocols import Format
from antiphon.provider_settings import Dialect, ProviderSettings
from antiphon.providers.row import ProviderRow, Route, ServiceRow
from antiphon.service_protocols import Service

_TOGETHER: Final[Mapping[Format, tuple[Dialect, ...]]] = {
    "chat": ("chat", "responses"),
    "messages": ("messages",),
    "gemini": ("gemini",),
}
"""Formats of clients, and the APIs that a model must be asked through to take them where models differ in that."""

_HOSTED: Final[Mapping[Format, tuple[Dialect, ...]]] = {
    "chat": (),
    "messages": ("vertex-messages", "bedrock-messages"),
    "gemini": (),
}
"""APIs that are such a format, put differently."""

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_FALLBACK: Final[tuple[Dialect, ...]] = ("chat",)
"""In whose words nobody is asked, where there is nobody to be asked for answers."""


class Ways:
    """The ways to one provider's models: the owner's choice; else what the row says of the model; else its first."""

    def __init__(self, row: ProviderRow, settings: ProviderSettings, spoken: AbstractSet[str]) -> None:
        """`spoken` are the formats that the gateway knows."""
        self._row = row
        self._preferred: Dialect = settings.dialect or _first(row.dialects or _FALLBACK, spoken)
        self._version = settings.api_version or ""
        self._dated = _DATE.match(self._version) is not None
        self._rules = [
            (re.compile(rule.models), rule)
            for rule in row.speaks
            if rule.dialect in spoken and settings.dialect is None
        ]
        self._relays_chat = settings.relays_chat
        self._completes = None if row.completes is None else re.compile(row.completes)
        self._services = [(re.compile(service.models), service) for service in row.services]

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

    def relays(self, model: str, dialect: Dialect, route: Route) -> dict[Format, Route]:
        """Where clients' own formats are taken as they are for a model that is asked through `dialect` at `route`.

        Chat completions beside an API of the vendor's own, which says more, are used only where the owner wants that.
        """
        found: dict[Format, Route] = {}
        for format, others in _TOGETHER.items():
            beside = not self._row.speaks or dialect in others
            if dialect == format or dialect in _HOSTED[format]:
                found[format] = route
            elif beside and format in self._row.dialects:
                found[format] = self.route(format)
        relayed = dialect in _TOGETHER["chat"] if self._relays_chat is None else self._relays_chat
        if dialect != "chat" and not relayed:
            found.pop("chat", None)
        if self._completes is not None and self._completes.search(model):
            found["completions"] = Route(self._row.completions_path)
        return found

    def services(self, model: str) -> Iterator[tuple[ServiceRow, Route]]:
        """The endpoints beside answers for a model, each of another service, and where they are."""
        found: set[Service] = set()
        for pattern, row in self._services:
            if row.service not in found and pattern.search(model):
                found.add(row.service)
                yield row, row.dated if self._dated and row.dated is not None else row.route

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
