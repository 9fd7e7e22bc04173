"""From what was said to what holds: every provider with its row, its address and a word on where it was found."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from antiphon.config.itself import Itself
from antiphon.config.scan import Discovery, variables_of
from antiphon.config.tree import Node, Problems, did_you_mean, found_at
from antiphon.errors import ConfigError
from antiphon.provider_settings import ProviderSettings
from antiphon.providers.demo import NAME as DEMO
from antiphon.providers.places import PLACES, filled, parts_of
from antiphon.providers.row import ProviderRow, normalise_base_url
from antiphon.providers.table_local import COMPATIBLE
from antiphon.settings import Settings

_HERE: Final = "built in"
_IN_FILE: Final = re.compile(r":\d+:\d+$")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A line about one provider. `origin` is where it was found, or why it was not; `base_url` is free of secrets."""

    name: str
    is_found: bool
    origin: str
    base_url: str = ""
    is_touched: bool = True


def row_of(name: str, kind: str | None, rows: Mapping[str, ProviderRow], *, has_url: bool) -> ProviderRow | None:
    """The row that a provider is: its `type`, else the one its name begins with, else whoever speaks OpenAI's API."""
    if kind is not None:
        return rows.get(kind)
    namesakes = [row for row in rows.values() if f"{name}-".startswith(f"{row.name}-")]
    return max(namesakes, key=lambda row: len(row.name), default=rows.get(COMPATIBLE) if has_url else None)


@dataclass(frozen=True, slots=True)
class Resolution:
    """Completes the providers of checked settings; `tree` says where each part of them stood."""

    rows: Mapping[str, ProviderRow]
    tree: Node
    problems: Problems
    itself: Itself
    findings: list[Finding] = field(default_factory=list[Finding])

    def resolved(self, settings: Settings, discoveries: list[Discovery]) -> Settings:
        """The settings with complete providers, the demo among them; `findings` then has a line for each."""
        reasons = {each.name: each.reason for each in discoveries}
        providers = {
            name: self._provider(name, provider, reasons.get(name, ""))
            for name, provider in settings.providers.items()
            if name != DEMO
        }
        demo = settings.providers.get(DEMO) or ProviderSettings()
        providers[DEMO] = msgspec.structs.replace(demo, type=DEMO)
        origin = _HERE if demo.enabled else self._switched_off(DEMO)
        self.findings.append(Finding(name=DEMO, is_found=demo.enabled, origin=origin))
        self.findings.extend(
            Finding(name=each.name, is_found=False, origin=each.reason, is_touched=each.touched)
            for each in discoveries
            if each.name not in providers
        )
        self.findings.sort(key=lambda finding: (not finding.is_found, not finding.is_touched))
        return msgspec.structs.replace(settings, providers=providers)

    def _provider(self, name: str, provider: ProviderSettings, reason: str) -> ProviderSettings:
        row = row_of(name, provider.type, self.rows, has_url=self._says(name, "base_url"))
        if row is None:
            self._unknown(name, provider)
            return provider
        url = self._address(name, provider, row)
        wants_key = row.needs_key and row.cloud is None
        if not provider.enabled:
            lacking = self._switched_off(name)
        elif provider.api_key is None and wants_key and url == row.base_url:
            lacking = f"{self._at(name)}: {reason or f'{variables_of(name, row).keys[0]} is not set'}"
        else:
            lacking = self._circle(name, url, provider)
        origin = lacking or self._origins(name)
        self.findings.append(Finding(name=name, is_found=not lacking, origin=origin, base_url=url))
        return msgspec.structs.replace(provider, type=row.name, base_url=url, enabled=not lacking)

    def _circle(self, name: str, url: str, provider: ProviderSettings) -> str:
        """What is amiss where a variable leads back to this gateway. What somebody writes into a file is meant."""
        place = self._at(name, "base_url")
        if not place or _IN_FILE.search(place) or not self.itself.is_at(url, provider.api_key or ""):
            return ""
        return f"{place} leads to this gateway itself"

    def _unknown(self, name: str, provider: ProviderSettings) -> None:
        if provider.type is None and self._says(name, "type"):
            return
        if provider.type is None:
            hint = did_you_mean(name, self.rows)
            message = f"there is no provider `{name}`{hint or '.'} If it is one of your own, give it a `base_url`"
            self.problems.add(self._at(name), message)
        else:
            hint = did_you_mean(provider.type, self.rows)
            message = f"`providers.{name}.type`: there is no provider `{provider.type}`{hint}"
            self.problems.add(self._at(name, "type"), message)

    def _address(self, name: str, provider: ProviderSettings, row: ProviderRow) -> str:
        if provider.base_url is None:
            return self._own_address(name, provider, row)
        if row.cloud == "aws" and provider.enabled and provider.api_key is None and provider.region is None:
            self.problems.add(self._at(name), f"`providers.{name}` needs a `region` to sign for")
        try:
            return normalise_base_url(row, provider.base_url)
        except ConfigError as error:
            self.problems.add(self._at(name, "base_url"), f"`providers.{name}.base_url`: {error.message}")
            return ""

    def _own_address(self, name: str, provider: ProviderSettings, row: ProviderRow) -> str:
        """The address that the row has, its gaps filled; nothing where that cannot be."""
        try:
            address, lacking = filled(row.base_url, parts_of(provider)), "`base_url`"
        except ConfigError as error:
            address, lacking = "", error.message
        if not address and provider.enabled and not self._says(name, "base_url"):
            self.problems.add(self._at(name), f"`providers.{name}` needs a {lacking}")
        return address

    def _says(self, name: str, part: str) -> bool:
        """Whether the part was written, be it right or wrong: what is wrong has been reported."""
        node = found_at(self.tree, ("providers", name, part))
        return node is not None and (node.broken or node.value is not None)

    def _at(self, name: str, *below: str) -> str:
        node = found_at(self.tree, ("providers", name, *below))
        return node.origin if node is not None and below else node.named_at if node is not None else ""

    def _origins(self, name: str) -> str:
        """Where the provider stands, and the variables that its key and its address come from."""
        places = (self._at(name, part) for part in ("api_key", "base_url", *PLACES))
        variables = (place for place in places if place and not _IN_FILE.search(place))
        return ", ".join(dict.fromkeys((self._at(name), *variables)))

    def _switched_off(self, name: str) -> str:
        return f"switched off by {self._at(name, 'enabled')}"
