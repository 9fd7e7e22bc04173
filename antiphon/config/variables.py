"""``ANTIPHON_SECTION__KEY``: every setting, by a variable of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from msgspec.inspect import DictType, StructType, Type

from antiphon.config.environment import Environment
from antiphon.config.references import References
from antiphon.config.shape import SETTINGS, leaves, members, plain
from antiphon.config.tree import Node, Problems, did_you_mean, members_at, placed
from antiphon.config.yaml_file import parsed_flow
from antiphon.errors import ConfigError

PREFIX: Final = "ANTIPHON_"
CONFIG: Final = "ANTIPHON_CONFIG"

SHORT: Final = {
    "ANTIPHON_DATABASE_URL": "ANTIPHON_DATABASE__URL",
    "ANTIPHON_HOST": "ANTIPHON_SERVER__HOST",
    "ANTIPHON_PORT": "ANTIPHON_SERVER__PORT",
    "ANTIPHON_REDIS_URL": "ANTIPHON_REDIS__URL",
}

_VERY_ALIKE: Final = 0.8

_KUBERNETES_LINK: Final = re.compile(r"tcp://\S+")
"""Kubernetes sets ``NAME_PORT`` like this in every pod beside a service called ``name``
(https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables)."""


@dataclass(frozen=True, slots=True)
class Variables:
    """Lays the variables over a tree. `names` are the providers that exist beside those in the tree."""

    environment: Environment
    problems: Problems
    names: Iterable[str]

    def over(self, tree: Node) -> Node:
        """The tree with every variable in its place. Long names sort after the short ones that they overrule."""
        for name in sorted(self._ours()):
            path, kind = self._place(SHORT.get(name, name), tree)
            if kind is None:
                known = {variable(path) for path, _ in leaves(SETTINGS)}
                self.problems.add(self.environment.origin(name), f"there is no such setting{did_you_mean(name, known)}")
            elif (node := self._node(name, kind)) is not None:
                tree = placed(tree, path, node)
        return tree

    def doubtful(self) -> Iterator[str]:
        """Variables that nothing reads although they look very much as if something should."""
        known = {name.removeprefix(PREFIX) for name in (CONFIG, *SHORT)} | {name.upper() for name in _top()}
        for name in sorted(self.environment.variables):
            word = name.removeprefix(PREFIX)
            if name.startswith(PREFIX) and "__" not in name and word not in known:
                near = get_close_matches(word, known, n=1, cutoff=_VERY_ALIKE)
                yield from (
                    f"{self.environment.origin(name)} is no setting; did you mean `{PREFIX}{each}`?" for each in near
                )

    def _ours(self) -> Iterator[str]:
        top = _top()
        for name, value in self.environment.variables.items():
            if not value or not name.startswith(PREFIX):
                continue
            if name == "ANTIPHON_PORT" and _KUBERNETES_LINK.fullmatch(value):
                continue
            if name in SHORT or "__" in name or name.removeprefix(PREFIX).lower() in top:
                yield name

    def _node(self, name: str, kind: Type) -> Node | None:
        """What the variable says, or the file it names. A section is said in YAML."""
        text, origin = self.environment.variables[name], self.environment.origin(name)
        if text.startswith("file:"):
            try:
                text = References({}, self.environment.folder, self.environment.seen).resolved(text)
            except ConfigError as error:
                self.problems.add(origin, error.message)
                return None
        is_section = isinstance(plain(kind), StructType | DictType)
        return parsed_flow(text, origin, self.problems) if is_section else Node(text, origin, text=True)

    def _place(self, name: str, tree: Node) -> tuple[tuple[str, ...], Type | None]:
        """The path that the variable's name spells, and the type of what is there; None when nothing is."""
        path: tuple[str, ...] = ()
        kind: Type = SETTINGS
        for word in name.removeprefix(PREFIX).lower().split("__"):
            match plain(kind):
                case StructType() as struct if word in members(struct):
                    kind = members(struct)[word].type
                    path = (*path, word)
                case DictType() as mapping:
                    kind = mapping.value_type
                    path = (*path, self._member(word, path, tree))
                case _:
                    return path, None
        return path, kind

    def _member(self, word: str, path: tuple[str, ...], tree: Node) -> str:
        """The name that a variable can mean: one that is there, since variables know no ``-`` and no ``.``."""
        known = [*members_at(tree, *path), *(self.names if path == ("providers",) else ())]
        return next((name for name in known if is_same_name(name, word)), word.replace("_", "-"))


def variable(path: tuple[str, ...]) -> str:
    """The long name of a setting's variable; a list is set as a whole."""
    names = path[: path.index("[]")] if "[]" in path else path
    return PREFIX + "__".join(name.upper().replace("-", "_").replace(".", "_") for name in names)


def is_same_name(name: str, word: str) -> bool:
    """Whether a variable's `word` stands for `name`."""
    return re.sub("[-_.]", "", name).lower() == re.sub("[-_.]", "", word).lower()


def _top() -> frozenset[str]:
    return frozenset(members(SETTINGS)) if isinstance(SETTINGS, StructType) else frozenset()
