"""Providers found from the variables that people set for them anyway, such as ``GROQ_API_KEY`` and ``OLLAMA_BASE_URL``.

A word between the provider's name and the rest makes a second instance: ``OPENAI_EAST_API_KEY`` is `openai-east`.
Variables that clouds have for everything, such as ``AWS_REGION``, complete a provider where its owner says nothing.
Law: a key is only ever sent to the provider whose name its variable begins with, or to that instance's own base URL, or
to the cloud whose variable it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from antiphon.config.environment import Environment
from antiphon.config.references import References
from antiphon.config.tree import Node
from antiphon.errors import ConfigError
from antiphon.providers.places import missing
from antiphon.providers.row import ProviderRow, normalise_base_url

_KEY: Final = "_API_KEY"
_URL: Final = "_BASE_URL"
_MODELS: Final = "_MODELS"
_TAILS: Final = (_KEY, _URL, _MODELS)
_NO_INSTANCE: Final = re.compile(r"(?:ADMIN|ORG|PROJECT|WEBHOOK|AWS|BEDROCK|FOUNDRY|VERTEX)(?:_|$)")
"""Words that vendors put into the names of variables that are no key for answers, or none of their own."""

_IS_KEY: Final = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Names:
    """Where an instance is looked for: the first variable of each kind that is set holds."""

    keys: tuple[str, ...]
    urls: tuple[str, ...]
    models: str
    places: Mapping[str, str]

    def all(self) -> tuple[str, ...]:
        return (*self.keys, *self.urls, self.models, *self.places.values())


@dataclass(frozen=True, slots=True)
class Group:
    """Settings that belong together, by path below the provider, and what the clouds' common variables say of them."""

    paths: frozenset[tuple[str, ...]]
    nodes: Mapping[tuple[str, ...], Node]


@dataclass(frozen=True, slots=True)
class Discovery:
    """What the variables say of one instance. `reason` tells why it cannot be used, if it cannot.

    Of `groups` each holds where its owner says none of it.
    """

    name: str
    row: ProviderRow
    parts: Mapping[str, Node]
    touched: bool
    reason: str = ""
    groups: tuple[Group, ...] = ()


@dataclass(frozen=True, slots=True)
class Scan:
    """`configured` are the providers that the file names, with the row that each one is, as far as that is known."""

    environment: Environment
    rows: Mapping[str, ProviderRow]
    configured: Mapping[str, ProviderRow | None]

    def discoveries(self) -> Iterator[Discovery]:
        """One per row and per further instance, whether anything was found or not."""
        instances = self._instances()
        for name, (row, names) in instances.items():
            yield self._discovery(name, row, names)

    def _instances(self) -> dict[str, tuple[ProviderRow, Names]]:
        found = {name: (row, _names_of(row)) for name, row in self.rows.items()}
        for name, row in self.configured.items():
            if row is not None:
                names = found[name][1] if name in found else _names(row, prefix_of(name))
                found[name] = (row, names)
        taken = {variable for _, names in found.values() for variable in names.all()}
        for variable in sorted(self.environment.variables):
            if variable in taken or (split := self._split(variable)) is None:
                continue
            row, prefix = split
            word = prefix.removeprefix(row.prefix + "_")
            name = f"{row.name}-{word.lower().replace('_', '-')}"
            found.setdefault(name, (row, _names(row, prefix)))
        return found

    def _split(self, variable: str) -> tuple[ProviderRow, str] | None:
        """The row with the longest name that the variable begins with, and the instance's own prefix."""
        tail = next((tail for tail in _TAILS if variable.endswith(tail)), None)
        if tail is None:
            return None
        prefix = variable.removesuffix(tail)
        rows = [row for row in self.rows.values() if prefix.startswith(row.prefix + "_")]
        row = max(rows, key=lambda row: len(row.prefix), default=None)
        if row is None or not re.fullmatch(r"[A-Z0-9_]+", prefix):
            return None
        return None if _NO_INSTANCE.match(prefix.removeprefix(row.prefix + "_")) else (row, prefix)

    def _discovery(self, name: str, row: ProviderRow, names: Names) -> Discovery:
        key, no_key = self._first(names.keys, row)
        url, no_url = self._first(names.urls, row, address=True)
        models, _ = self._first((names.models,), row)
        places = {place: self._first((variable,), row)[0] for place, variable in names.places.items()}
        given = {"api_key": key, "base_url": url, "models": models, **places}
        parts = {part: node for part, node in given.items() if node is not None}
        groups = tuple(self._group(group, name, row) for group in row.standard)
        said = {*parts, *(path[0] for group in groups for path in group.nodes)}
        reason = no_url or self._missing(row, names, parts, no_key) or self._unplaced(row, names, parts, said)
        touched = any(variable in self.environment.variables for variable in names.all())
        return Discovery(name, row, parts, touched, reason, groups)

    def _missing(self, row: ProviderRow, names: Names, parts: Mapping[str, Node], no_key: str) -> str:
        """Why this is nobody who can be asked; the places of a cloud's provider say that it is wanted."""
        url = parts.get("base_url")
        if url is None and row.local:
            return f"{names.urls[0]} is not set"
        if "api_key" in parts or (url is not None and not (row.needs_key and url.value == row.base_url)):
            return ""
        if (
            not no_key
            and row.cloud is not None
            and (self._is_enough(row, names) or not parts.keys().isdisjoint(row.places))
        ):
            return ""
        if row.cloud is not None and names.keys == row.key_variables:
            return no_key or _unset(*row.switches[0])
        return no_key or f"{(names.keys if row.needs_key else names.urls)[0]} is not set"

    def _is_enough(self, row: ProviderRow, names: Names) -> bool:
        return names.keys == row.key_variables and any(
            all(self.environment.variables.get(variable) for variable in variables) for variables in row.enough
        )

    def _unplaced(self, row: ProviderRow, names: Names, parts: Mapping[str, Node], said: AbstractSet[str]) -> str:
        settled = "base_url" in parts and (row.cloud != "aws" or "api_key" in parts)
        place = None if settled else missing(row.base_url, said)
        if place is None:
            return ""
        common = [each[place][0] for each in row.standard if place in each] if row.cloud == "aws" else names.urls[1:2]
        return _unset(names.places[place], *common)

    def _group(self, group: Mapping[str, tuple[str, ...]], name: str, row: ProviderRow) -> Group:
        """What is set of it. Another instance than the provider itself gets no key from it."""
        found: dict[tuple[str, ...], Node] = {}
        for setting, variables in group.items():
            is_key = setting == "api_key"
            variable = next((each for each in variables if self.environment.variables.get(each, "").strip()), None)
            if variable is not None and not (is_key and name != row.name):
                text = self.environment.variables[variable].strip()
                found[tuple(setting.split("."))] = Node(text, self.environment.origin(variable), text=True)
        return Group(frozenset(tuple(setting.split(".")) for setting in group), found)

    def _first(self, variables: tuple[str, ...], row: ProviderRow, *, address: bool = False) -> tuple[Node | None, str]:
        """The first that is set and can be used; else why one that is set cannot."""
        reason = ""
        for variable in variables:
            text = self.environment.variables.get(variable)
            if text is None:
                continue
            try:
                value = self._text(text)
                value = normalise_base_url(row, value) if address and value else value
                fault = _fault(value, is_key=variable.endswith(("_KEY", "_TOKEN")))
            except ConfigError as error:
                value, fault = "", f"cannot be used: {error.message}"
            if not fault:
                return Node(value, self.environment.origin(variable), text=True), ""
            reason = reason or f"{self.environment.origin(variable)} {fault}"
        return None, reason

    def _text(self, text: str) -> str:
        is_file = text.startswith("file:")
        return (
            References({}, self.environment.folder, self.environment.seen).resolved(text) if is_file else text.strip()
        )


def prefix_of(name: str) -> str:
    """What the variables of an instance with this name begin with."""
    return re.sub("[-.]", "_", name).upper()


def variables_of(name: str, row: ProviderRow) -> Names:
    """Where an instance that somebody has named is looked for."""
    return _names_of(row) if name == row.name else _names(row, prefix_of(name))


def _names_of(row: ProviderRow) -> Names:
    return Names(row.key_variables, row.url_variables, row.prefix + _MODELS, _places(row, row.prefix))


def _names(row: ProviderRow, prefix: str) -> Names:
    return Names((prefix + _KEY,), (prefix + _URL,), prefix + _MODELS, _places(row, prefix))


def _places(row: ProviderRow, prefix: str) -> Mapping[str, str]:
    return {place: f"{prefix}_{place.upper()}" for place in row.places}


def _unset(*variables: str) -> str:
    return f"{variables[0]} is not set" if len(variables) == 1 else f"neither {' nor '.join(variables)} is set"


def _fault(value: str, *, is_key: bool) -> str:
    if not value:
        return "is set but empty"
    return "is no key: it holds blanks or characters beyond ASCII" if is_key and not _IS_KEY.fullmatch(value) else ""
