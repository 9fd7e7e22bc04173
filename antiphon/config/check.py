"""A tree against the types of the settings: every value checked, every problem told with its place.

Law: a tree without problems is Settings; the problems of any other are all told at once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

import msgspec
from msgspec.inspect import (
    AnyType,
    BoolType,
    CollectionType,
    DictType,
    FloatType,
    IntType,
    LiteralType,
    StrType,
    StructType,
    Type,
)

from antiphon.config.shape import SETTINGS, called, is_nullable, leaves, mark, members, plain
from antiphon.config.tree import Node, Problems, did_you_mean, dotted
from antiphon.config.yaml_file import parsed_flow
from antiphon.settings import Settings

_TRUE: Final = frozenset({"true", "yes", "on", "1"})
_FALSE: Final = frozenset({"false", "no", "off", "0"})
_SHOWN_CHARACTERS: Final = 60

Path = tuple[str, ...]


def checked(tree: Node, problems: Problems) -> Settings:
    """The settings that `tree` says, without what is wrong in it: that is in `problems`, and nobody may go on with it.

    Raises ConfigError where nothing sensible is left.
    """
    data = _Check(problems).value(tree, SETTINGS, ())
    try:
        return msgspec.convert(data, Settings)
    except msgspec.ValidationError as error:
        if not problems.found:
            problems.add(tree.origin, str(error))
        raise problems.error() from None


_WRONG: Final = object()
"""In place of a value that a problem has been reported for."""


@dataclass(frozen=True, slots=True)
class _Check:
    """Each method gives the plain value, or `_WRONG`."""

    problems: Problems

    def value(self, node: Node, kind: Type, path: Path) -> object:
        if node.broken:
            return _WRONG
        if is_nullable(kind) and (node.value is None or (node.text and node.value == "")):
            return None
        match plain(kind):
            case StructType() as struct:
                return self._struct(self._opened(node), struct, path)
            case DictType() as mapping:
                return self._mapping(self._opened(node), mapping, path)
            case CollectionType() as many:
                return self._list(node, many, path)
            case AnyType():
                return self._anything(node)
            case leaf:
                return self._leaf(node, kind, leaf, path)

    def _struct(self, node: Node, kind: StructType, path: Path) -> object:
        given = self._given(node, kind, path)
        fields = members(kind)
        required = [name for name, field in fields.items() if field.required]
        if given is None:
            return _WRONG if required else {}
        data: dict[str, object] = {}
        for name, inner in given.items():
            if name in fields:
                data[name] = self.value(inner, fields[name].type, (*path, name))
            else:
                hint = did_you_mean(name, fields) or _elsewhere(name)
                origin = inner.named_at or inner.origin
                self.problems.add(origin, f"there is no setting `{dotted((*path, name))}`{hint}")
        for name in required:
            if name not in given:
                about = mark(fields[name].type, "description")
                self.problems.add(node.named_at or node.origin, f"`{dotted((*path, name))}` is missing. {about}")
        data = {name: value for name, value in data.items() if value is not _WRONG}
        return data if data.keys() >= set(required) else _WRONG

    def _mapping(self, node: Node, kind: DictType, path: Path) -> object:
        data: dict[str, object] = {}
        for name, inner in (self._given(node, kind, path) or {}).items():
            key = Node(name, inner.named_at or inner.origin)
            if self._leaf(key, kind.key_type, plain(kind.key_type), (*path, name)) is not _WRONG:
                data[name] = self.value(inner, kind.value_type, (*path, name))
        if kind.max_length is not None and len(data) > kind.max_length:
            self.problems.add(node.origin, f"`{dotted(path)}`: expected at most {kind.max_length} of them")
        return {name: value for name, value in data.items() if value is not _WRONG}

    def _given(self, node: Node, kind: Type, path: Path) -> Mapping[str, Node] | None:
        """The members; a section without any, as when all its lines are comments, is an empty one."""
        if isinstance(node.value, dict):
            return node.value
        if node.value is None and not node.broken:
            return {}
        self._wrong(node, kind, path)
        return None

    def _list(self, node: Node, kind: CollectionType, path: Path) -> object:
        given = self._listed(node)
        if given is None:
            return self._wrong(node, kind, path)
        values = [self.value(inner, kind.item_type, (*path, f"[{index}]")) for index, inner in enumerate(given)]
        if len(given) < (kind.min_length or 0):
            self.problems.add(node.origin, f"`{dotted(path)}`: expected at least {kind.min_length} of them")
        elif kind.max_length is not None and len(given) > kind.max_length:
            self.problems.add(node.origin, f"`{dotted(path)}`: expected at most {kind.max_length} of them")
        else:
            return _WRONG if _WRONG in values else values
        return _WRONG

    def _listed(self, node: Node) -> list[Node] | None:
        """The members of a list; text from outside is a list in brackets, or one with commas."""
        if node.text and isinstance(node.value, str):
            if not node.value.lstrip().startswith("["):
                words = [word.strip() for word in node.value.split(",")]
                return [Node(word, node.origin, text=True) for word in words if word]
            node = self._opened(node)
        if node.value is None:
            return []
        return node.value if isinstance(node.value, list) else None

    def _anything(self, node: Node) -> object:
        """A value whose meaning the settings do not know, such as a member of a template."""
        match node.value:
            case dict(members):
                values = {name: self._anything(inner) for name, inner in members.items()}
                return _WRONG if node.broken or _WRONG in values.values() else values
            case list(inner):
                items = [self._anything(each) for each in inner]
                return _WRONG if node.broken or _WRONG in items else items
            case value:
                return _WRONG if node.broken else _typed(value) if node.text and isinstance(value, str) else value

    def _opened(self, node: Node) -> Node:
        """Text from outside in place of a section is YAML."""
        if node.text and isinstance(node.value, str):
            return parsed_flow(node.value, node.origin, self.problems)
        return node

    def _leaf(self, node: Node, kind: Type, leaf: Type, path: Path) -> object:
        value = _READ[type(leaf)](node, leaf)
        return self._wrong(node, kind, path) if value is None else value

    def _wrong(self, node: Node, kind: Type, path: Path) -> object:
        if not node.broken:
            got = _shown(node, is_secret=_is_secret(kind))
            hint = (
                "; put it in quotes" if isinstance(plain(kind), StrType) and isinstance(node.value, int | float) else ""
            )
            place = f"`{dotted(path)}`" if path else "the settings"
            self.problems.add(node.origin, f"{place}: expected {called(kind)}, got {got}{hint}")
        return _WRONG


def _bool(node: Node, _: BoolType) -> bool | None:
    if node.text and isinstance(node.value, str):
        word = node.value.casefold()
        return word in _TRUE if word in _TRUE | _FALSE else None
    return node.value if isinstance(node.value, bool) else None


def _int(node: Node, kind: IntType) -> int | None:
    value = node.value
    if node.text and isinstance(value, str):
        value = int(value) if re.fullmatch(r"[+-]?[0-9]{1,18}", value) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and _is_within(value, kind) else None


def _float(node: Node, kind: FloatType) -> float | None:
    value = node.value
    try:
        if isinstance(value, bool) or (isinstance(value, str) and not node.text):
            return None
        value = float(value) if isinstance(value, str | int | float) else None
    except (ValueError, OverflowError):
        return None
    return value if value is not None and math.isfinite(value) and _is_within(value, kind) else None


def _str(node: Node, kind: StrType) -> str | None:
    value = node.value
    if not isinstance(value, str):
        return None
    if kind.pattern is not None and re.fullmatch(kind.pattern, value) is None:
        return None
    return value if (kind.min_length or 0) <= len(value) <= (kind.max_length or len(value)) else None


def _literal(node: Node, kind: LiteralType) -> str | int | None:
    return node.value if isinstance(node.value, str) and node.value in kind.values else None


_READ: Final[Mapping[type[Type], Callable[[Node, Any], Any]]] = {
    BoolType: _bool,
    IntType: _int,
    FloatType: _float,
    StrType: _str,
    LiteralType: _literal,
}


def _typed(text: str) -> object:
    """Text from outside where any type will do: a number or a truth value if it looks like one, else text."""
    try:
        value: object = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return text
    return value if isinstance(value, bool | int | float) else text


def _is_within(value: float, kind: IntType | FloatType) -> bool:
    above = (kind.gt is None or value > kind.gt) and (kind.ge is None or value >= kind.ge)
    return above and (kind.le is None or value <= kind.le)


def _is_secret(kind: Type) -> bool:
    """Whether no message may show what stands there; of a list, what it is a list of decides."""
    inner = plain(kind)
    item = inner.item_type if isinstance(inner, CollectionType) else kind
    return bool(mark(item, "secret") or mark(item, "address"))


def _shown(node: Node, *, is_secret: bool) -> str:
    """What was found, as far as a message may show it."""
    match node.value:
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case None:
            return "nothing"
        case _ if is_secret or (node.text and isinstance(node.value, str)):
            return "other text"
        case bool(value):
            return f"`{str(value).lower()}`"
        case value:
            text = str(value)
            return f"`{text}`" if len(text) <= _SHOWN_CHARACTERS else f"`{text[:_SHOWN_CHARACTERS]}…`"


def _elsewhere(name: str) -> str:
    """Where a setting of this name is, for one that stands in the wrong section."""
    homes = {path[-1]: dotted(path) for path, _ in leaves(SETTINGS) if "NAME" not in path and "[]" not in path}
    near = get_close_matches(name, homes, n=1)
    return f"; did you mean `{homes[near[0]]}`?" if near else ""
