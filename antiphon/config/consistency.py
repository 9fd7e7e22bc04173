"""What no type can say of the settings: names that must lead somewhere, and keys that must differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, get_args

import msgspec

from antiphon.config.tree import Node, Problems, did_you_mean, found_at
from antiphon.errors import BadRequest, ConfigError
from antiphon.key_digests import MARK, KeyDigest, read
from antiphon.model_settings import ModelSettings
from antiphon.providers.places import PLACES
from antiphon.providers.row import Cloud, ProviderRow
from antiphon.service_protocols import MODERATION_RULES
from antiphon.settings import Settings
from antiphon.store import location
from antiphon.wire.prompts import checked_template

_ADDRESSED: Final = ("project", "location")
"""What stands in the addresses of Claude on Vertex AI, whoever it is that speaks so."""


@dataclass(frozen=True, slots=True)
class Aliases:
    """Models of the owner's own. A target at nobody is a problem; one that cannot answer now is passed over."""

    settings: Settings
    tree: Node
    rows: Mapping[str, ProviderRow]
    problems: Problems
    doubts: list[str] = field(default_factory=list[str])

    def available(self) -> dict[str, ModelSettings]:
        """What is left of them, and what is known of models."""
        left = {name: said for name, said in self.settings.models.items() if said.targets is None}
        for alias, wanted in self.settings.aliases.items():
            targets = [target for target in wanted if self._is_available(alias, target)]
            if targets:
                left[alias] = ModelSettings(targets=targets)
            else:
                self.doubts.append(f"{self._place(alias)}: `models.{alias}` is not offered, since nobody can answer it")
        return left

    def _is_available(self, alias: str, target: str) -> bool:
        if target == MODERATION_RULES:
            return True
        name, _, model = target.partition("/")
        provider = self.settings.providers.get(name)
        about = f"`models.{alias}`: the target `{target}`"
        if provider is None and name not in self.rows:
            hint = did_you_mean(name, [*self.settings.providers, *self.rows])
            self.problems.add(self._place(alias), f"{about} is at no provider that exists{hint}")
        elif provider is None or not provider.enabled:
            self.doubts.append(f"{self._place(alias)}: {about} is passed over, since `{name}` is not available")
            return False
        elif provider.models is not None and model not in provider.models:
            hint = did_you_mean(model, provider.models)
            self.problems.add(self._place(alias), f"{about} is none of `providers.{name}.models`{hint}")
        return True

    def _place(self, alias: str) -> str:
        return _place(self.tree, "models", alias, "targets")


def idle(settings: Settings, tree: Node, rows: Mapping[str, ProviderRow]) -> list[str]:
    """A word on each place and each section of credentials that a provider of this kind does nothing with."""
    doubts: list[str] = []
    for name, provider in settings.providers.items():
        row = rows.get(provider.type or "")
        if row is None:
            continue
        known = {*row.places, row.cloud, *(_ADDRESSED if provider.dialect == "vertex-messages" else ())}
        doubts += [
            f"{_place(tree, 'providers', name, part)}: `providers.{name}.{part}` changes nothing at `{row.name}`"
            for part in (*PLACES, *get_args(Cloud))
            if part not in known and getattr(provider, part) is not None
        ]
    return doubts


def check_keys(settings: Settings, tree: Node, problems: Problems) -> None:
    """Every key has a name of its own, and opens one tenant only."""
    place = _place(tree, "keys")
    for name in _repeated(key.name for key in settings.keys):
        problems.add(place, f"`keys`: two keys are called `{name}`")
    said = [*(key.key for key in settings.keys), *filter(None, [settings.master_key])]
    digests: list[KeyDigest] = []
    for index, key in enumerate(settings.keys):
        try:
            digests += filter(None, [read(key.key)])
        except ValueError as error:
            problems.add(place, f"`keys[{index}].key`: {error}")
    if _repeated(said) or any(digest.fits(key) for digest in digests for key in said):
        problems.add(place, "`keys`: the same key is here twice, or is the master key too")
    if settings.master_key is not None and settings.master_key.startswith(MARK):
        problems.add(_place(tree, "master_key"), "`master_key` cannot be a digest, since it seals too; use `keys`")


def check_database(settings: Settings, tree: Node, problems: Problems) -> None:
    """The address is one that the store can open."""
    if settings.database.url is None:
        return
    try:
        location.check(settings.database.url)
    except ConfigError as error:
        problems.add(_place(tree, "database", "url"), f"`database.url`: {error.message}")


def check_redis(settings: Settings, tree: Node, problems: Problems) -> None:
    """The address is one that leads to a Redis, and there is one where limits are to be counted in it."""
    if settings.redis.url is None:
        if settings.limits.counters == "redis":
            problems.add(
                _place(tree, "limits", "counters"), "`limits.counters` is `redis`, and there is no `redis.url`"
            )
        return
    try:
        location.check_redis(settings.redis.url)
    except ConfigError as error:
        problems.add(_place(tree, "redis", "url"), f"`redis.url`: {error.message}")


def check_prompts(settings: Settings, tree: Node, problems: Problems) -> None:
    """Every template is one that a request could be made of."""
    for name, prompt in settings.prompts.items():
        about = f"`prompts.{name}.template`"
        try:
            checked_template(msgspec.json.encode(prompt.template))
        except BadRequest as error:
            problems.add(_place(tree, "prompts", name, "template"), f"{about}: {error.message}")
        except UnicodeEncodeError:
            problems.add(_place(tree, "prompts", name, "template"), f"{about}: it holds characters that are no text")


def _repeated(words: Iterable[str]) -> list[str]:
    seen: dict[str, int] = {}
    for word in words:
        seen[word] = seen.get(word, 0) + 1
    return [word for word, count in seen.items() if count > 1]


def _place(tree: Node, *path: str) -> str:
    node = found_at(tree, path)
    return node.origin if node is not None else ""
