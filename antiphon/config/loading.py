"""One way from what was written anywhere to settings that hold: option, variable, file, default, in this order."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from antiphon.config.check import checked
from antiphon.config.consistency import Aliases, check_database, check_keys, check_prompts, check_redis, idle
from antiphon.config.environment import Environment
from antiphon.config.itself import Itself
from antiphon.config.keeping import data_folder, database_url
from antiphon.config.models import check_models
from antiphon.config.references import References
from antiphon.config.resolve import Finding, Resolution, row_of
from antiphon.config.scan import Discovery, Scan
from antiphon.config.tree import Node, Problems, found_at, members_at, placed
from antiphon.config.variables import CONFIG, Variables
from antiphon.config.webhooks import check_webhooks
from antiphon.config.yaml_file import parsed
from antiphon.errors import ConfigError
from antiphon.providers.row import ProviderRow
from antiphon.providers.table import TABLE
from antiphon.settings import Settings

FILE: Final = "antiphon.yaml"

Options = Mapping[tuple[str, ...], Node]
"""What the command line says, by the path of the setting."""


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """Settings that hold, how each provider was found, and what its owner may want to know."""

    settings: Settings
    findings: tuple[Finding, ...]
    warnings: tuple[str, ...]
    path: Path | None


def load(
    environment: Environment,
    *,
    config: Path | None = None,
    options: Options | None = None,
    text: str | None = None,
) -> Loaded:
    """Everything that is said, in force; `text` is what a file would hold, and no file is read then.

    Raises ConfigError with a line for each thing that is wrong.
    """
    path = _path(environment, config) if text is None else None
    problems = Problems()
    tree = _written(path, environment, problems) if text is None else _given(text, environment, problems)
    discoveries = _discoveries(tree, environment, TABLE)
    tree = _with_discoveries(tree, discoveries)
    variables = Variables(environment, problems, TABLE)
    tree = variables.over(tree)
    for place, node in (options or {}).items():
        tree = placed(tree, place, node)
    settings = checked(tree, problems)
    resolution = Resolution(TABLE, tree, problems, Itself(settings, environment.variables))
    settings = resolution.resolved(settings, discoveries)
    check_models(settings, tree, TABLE, problems)
    aliases = Aliases(settings, tree, TABLE, problems)
    settings = msgspec.structs.replace(settings, models=aliases.available())
    check_keys(settings, tree, problems)
    check_database(settings, tree, problems)
    check_redis(settings, tree, problems)
    check_webhooks(settings, tree, problems)
    check_prompts(settings, tree, problems)
    problems.settle()
    return Loaded(
        settings=_with_database(settings, environment),
        findings=tuple(resolution.findings),
        warnings=tuple(dict.fromkeys([*variables.doubtful(), *aliases.doubts, *idle(settings, tree, TABLE)])),
        path=path,
    )


def _path(environment: Environment, config: Path | None) -> Path | None:
    """The file that is named, else the one that is there, else none."""
    named = config or (Path(said) if (said := environment.variables.get(CONFIG)) else None)
    if named is not None:
        environment.seen.add(environment.folder / named)
        return environment.folder / named
    usual = environment.folder / FILE
    environment.seen.add(usual)
    return usual if usual.exists() else None


def _written(path: Path | None, environment: Environment, problems: Problems) -> Node:
    if path is None:
        return Node({}, "")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise ConfigError(f"{path}: {reason}") from None
    name = str(path.relative_to(environment.folder)) if path.is_relative_to(environment.folder) else str(path)
    return parsed(text, name, References(environment.variables, path.parent, environment.seen), problems)


def _given(text: str, environment: Environment, problems: Problems) -> Node:
    return parsed(text, "configuration", References(environment.variables, environment.folder), problems)


def _discoveries(tree: Node, environment: Environment, rows: Mapping[str, ProviderRow]) -> list[Discovery]:
    configured: dict[str, ProviderRow | None] = {}
    for name, node in members_at(tree, "providers").items():
        said = members_at(Node({"provider": node}, ""), "provider")
        kind = said["type"].value if "type" in said else None
        configured[name] = row_of(name, str(kind) if kind else None, rows, has_url=True)
    return list(Scan(environment, rows, configured).discoveries())


def _with_discoveries(tree: Node, discoveries: list[Discovery]) -> Node:
    """The tree with what variables say of the providers in it, and with the others that can be used."""
    written = members_at(tree, "providers")
    for each in discoveries:
        if each.reason and each.name not in written:
            continue
        for part, node in each.parts.items():
            tree = placed(tree, ("providers", each.name, part), node)
        tree = _completed(tree, each)
        if each.name not in written and each.parts:
            origin = next(iter(each.parts.values())).origin
            tree = placed(tree, ("providers", each.name, "type"), Node(each.row.name, origin))
    return tree


def _completed(tree: Node, found: Discovery) -> Node:
    """The tree with what the clouds' common variables say, group by group, where nothing is said of a group."""
    provider = ("providers", found.name)
    for group in found.groups:
        if all(found_at(tree, (*provider, *path)) is None for path in group.paths):
            for path, node in group.nodes.items():
                tree = placed(tree, (*provider, *path), node)
    return tree


def _with_database(settings: Settings, environment: Environment) -> Settings:
    if settings.database.url is not None:
        return settings
    url = database_url(data_folder(environment.variables))
    return msgspec.structs.replace(settings, database=msgspec.structs.replace(settings.database, url=url))
