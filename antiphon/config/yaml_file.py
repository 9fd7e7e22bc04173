"""YAML text to a tree of values that know where they stand (https://yaml.org/spec/1.1/, as PyYAML reads it)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import yaml
from yaml.constructor import SafeConstructor

from antiphon.config.references import References, has_reference
from antiphon.config.tree import Node, Problems, Scalar
from antiphon.errors import ConfigError

_TAG: Final = "tag:yaml.org,2002:"
_COLLECTIONS: Final = frozenset({f"{_TAG}map", f"{_TAG}seq"})
_NATIVE: Final = frozenset({"int", "float", "bool", "null"})
_TEXT: Final = frozenset({"str", "timestamp", "value", "merge"})


def parsed(text: str, file: str, references: References, problems: Problems) -> Node:
    """The tree of a whole file. What is wrong with it goes to `problems`, with line and column."""
    return _tree(text, _Place(file), references, problems) or Node({}, file, broken=bool(problems.found))


def parsed_flow(text: str, origin: str, problems: Problems) -> Node:
    """The tree of a variable's text: every value has this `origin`, and takes whatever type is wanted."""
    return _tree(text, _Place(origin, outside=True), None, problems) or Node(None, origin, broken=bool(problems.found))


@dataclass(frozen=True, slots=True)
class _Place:
    name: str
    outside: bool = False

    def at(self, mark: yaml.Mark | None) -> str:
        if mark is None or self.outside:
            return self.name
        return f"{self.name}:{mark.line + 1}:{mark.column + 1}"


def _tree(text: str, place: _Place, references: References | None, problems: Problems) -> Node | None:
    """None for a text without any value, and for one that is no YAML."""
    try:
        composed = yaml.SafeLoader(text).get_single_node()
        return None if composed is None else _Reading(place, references, problems).node(composed)
    except yaml.MarkedYAMLError as error:
        hint = "; put a text that holds `{`, `: ` or ` #` in quotes" if "${" in text else ""
        problems.add(place.at(error.problem_mark), f"not YAML: {error.problem or error.context}{hint}")
    except yaml.YAMLError:
        problems.add(place.name, "not YAML: it holds characters that are no text")
    except RecursionError:
        problems.add(place.name, "nested too deeply")
    return None


@dataclass(slots=True)
class _Reading:
    """One text on its way to a tree. What an anchor names is made once, however often it is used."""

    place: _Place
    references: References | None
    problems: Problems
    made: dict[int, Node] = field(default_factory=dict[int, Node])
    making: set[int] = field(default_factory=set[int])

    def node(self, composed: yaml.Node) -> Node:
        key, origin = id(composed), self.place.at(composed.start_mark)
        if key in self.making:
            self.problems.add(origin, "an anchor that contains itself")
            return Node(None, origin, broken=True)
        if key not in self.made:
            self.making.add(key)
            self.made[key] = self._made(composed, origin)
            self.making.remove(key)
        return self.made[key]

    def _made(self, composed: yaml.Node, origin: str) -> Node:
        if isinstance(composed, yaml.CollectionNode) and composed.tag not in _COLLECTIONS:
            return self._tagged(composed, origin)
        match composed:
            case yaml.MappingNode():
                return self._mapping(composed, origin)
            case yaml.SequenceNode():
                return Node([self.node(each) for each in composed.value], origin)
            case _:
                return self._scalar(composed, origin)

    def _mapping(self, composed: yaml.MappingNode, origin: str) -> Node:
        members: dict[str, Node] = {}
        for name, value in composed.value:
            at = self.place.at(name.start_mark)
            if not isinstance(name, yaml.ScalarNode):
                self.problems.add(at, "a name must be a single word")
            elif name.value in members:
                self.problems.add(at, f"`{name.value}` is here twice; it stands at {members[name.value].named_at} too")
            else:
                node = self.node(value)
                members[name.value] = Node(node.value, node.origin, at, node.text, node.broken)
        return Node(members, origin)

    def _scalar(self, composed: yaml.Node, origin: str) -> Node:
        text, kind = str(composed.value), composed.tag.removeprefix(_TAG)
        if kind not in _TEXT and kind not in _NATIVE:
            return self._tagged(composed, origin)
        if self.place.outside and kind != "null":
            return Node(text, origin, text=True)
        return self._referred(text, origin) if kind in _TEXT else self._native(composed, origin, kind)

    def _tagged(self, composed: yaml.Node, origin: str) -> Node:
        self.problems.add(origin, f"values tagged `{composed.tag}` mean nothing here")
        return Node(None, origin, broken=True)

    def _native(self, composed: yaml.Node, origin: str, kind: str) -> Node:
        try:
            return Node(_constructed(composed), origin)
        except (ValueError, LookupError, yaml.YAMLError):
            self.problems.add(origin, f"`{composed.value}` is no value of its kind ({kind})")
            return Node(None, origin, broken=True)

    def _referred(self, text: str, origin: str) -> Node:
        if self.references is None or not has_reference(text):
            return Node(text, origin)
        try:
            return Node(self.references.resolved(text), origin, text=True)
        except ConfigError as error:
            self.problems.add(origin, error.message)
            return Node(None, origin, broken=True)


def _constructed(composed: yaml.Node) -> Scalar:
    # PyYAML's stubs do not say what a constructor takes and gives.
    return SafeConstructor().construct_object(composed)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
