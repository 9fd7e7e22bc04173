"""Whether a JSON value is what a JSON Schema says, as far as that can be told at little cost.

The keywords of https://json-schema.org/draft/2020-12 that structured outputs use. Patterns, formats and references to
other documents are not looked at, nor is anything unknown: what is said to be wrong is wrong, the rest may be right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeGuard

import msgspec

from antiphon.wire.requests import Item, is_item

_MOST_STEPS: Final = 20_000
"""References may go round, and alternatives multiply: what takes longer is taken for right."""

_SHOWN: Final = 80

_encode: Final = msgspec.json.Encoder().encode


def _is_whole(value: Any) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())


_TYPES: Final[dict[str, Callable[[Any], bool]]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "object": is_item,
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": _is_whole,
}

_BOUNDS: Final[dict[str, tuple[str, Callable[[Any, Any], bool]]]] = {
    "minimum": ("less than", lambda value, bound: value < bound),
    "maximum": ("more than", lambda value, bound: value > bound),
    "exclusiveMinimum": ("not more than", lambda value, bound: value <= bound),
    "exclusiveMaximum": ("not less than", lambda value, bound: value >= bound),
}
_SIZES: Final[dict[str, tuple[str, type[Any], Callable[[int, Any], bool]]]] = {
    "minLength": ("shorter than", str, lambda size, bound: size < bound),
    "maxLength": ("longer than", str, lambda size, bound: size > bound),
    "minItems": ("shorter than", list, lambda size, bound: size < bound),
    "maxItems": ("longer than", list, lambda size, bound: size > bound),
    "minProperties": ("smaller than", dict, lambda size, bound: size < bound),
    "maxProperties": ("larger than", dict, lambda size, bound: size > bound),
}


class _TooMuch(Exception):
    """The check has taken long enough."""


def violation(schema: Item, value: Any) -> str | None:
    """What is wrong first, as ``$.a[0] is not of the type string``; None where nothing is known to be wrong."""
    try:
        return next(_Check(schema).faults(schema, value, "$"), None)
    except (_TooMuch, RecursionError):
        return None


class _Check:
    """One check. `faults` yields lazily: who asks for the first pays for no more."""

    __slots__ = ("_root", "_steps")

    def __init__(self, root: Item) -> None:
        self._root = root
        self._steps = _MOST_STEPS

    def faults(self, schema: Any, value: Any, place: str) -> Iterator[str]:
        """Each thing that is wrong with the value."""
        self._steps -= 1
        if self._steps < 0:
            raise _TooMuch
        if schema is False:
            yield f"{place} must not be there"
        if not is_item(schema):
            return
        yield from _plain_faults(schema, value, place)
        yield from self._combined(schema, value, place)
        if is_item(value):
            yield from self._members(schema, value, place)
        elif _is_list(value):
            yield from self._entries(schema, value, place)

    def _combined(self, schema: Item, value: Any, place: str) -> Iterator[str]:
        reference = schema.get("$ref")
        if isinstance(reference, str):
            yield from self.faults(self._resolved(reference), value, place)
        for each in _listed(schema, "allOf"):
            yield from self.faults(each, value, place)
        choices = _listed(schema, "anyOf") or _listed(schema, "oneOf")
        if choices:
            first = [next(self.faults(each, value, place), None) for each in choices]
            if None not in first:
                yield f"{place} is none of its alternatives ({first[0]})"
            elif "anyOf" not in schema and first.count(None) > 1:
                yield f"{place} is more than one of its alternatives"
        if "not" in schema and next(self.faults(schema["not"], value, place), None) is None:
            yield f"{place} is what it must not be"

    def _members(self, schema: Item, value: Item, place: str) -> Iterator[str]:
        for name in _listed(schema, "required"):
            if name not in value:
                yield f"{place} lacks '{str(name)[:_SHOWN]}'"
        known: Any = schema.get("properties")
        properties: Item = known if is_item(known) else {}
        others = True if "patternProperties" in schema else schema.get("additionalProperties", True)
        for name, member in value.items():
            where = f"{place}.{name[:_SHOWN]}"
            yield from self.faults(properties.get(name, others), member, where)

    def _entries(self, schema: Item, value: list[Any], place: str) -> Iterator[str]:
        first = _listed(schema, "prefixItems")
        rest = schema.get("items", True)
        for index, entry in enumerate(value):
            yield from self.faults(first[index] if index < len(first) else rest, entry, f"{place}[{index}]")

    def _resolved(self, reference: str) -> Any:
        """The schema at ``#/…`` of this document; one that says nothing for any other reference."""
        if not reference.startswith("#"):
            return True
        found: Any = self._root
        for name in reference.removeprefix("#").split("/")[1:]:
            if not is_item(found):
                return True
            found = found.get(name.replace("~1", "/").replace("~0", "~"), True)
        return found


def _plain_faults(schema: Item, value: Any, place: str) -> Iterator[str]:
    """What can be told without looking inside."""
    wanted: Any = schema.get("type")
    kinds = wanted if _is_list(wanted) else [wanted]
    if wanted is not None and not any(_is_of(kind, value) for kind in kinds):
        yield f"{place} is not of the type {' or '.join(map(str, kinds))}"
    allowed = [schema["const"]] if "const" in schema else schema.get("enum")
    if _is_list(allowed) and not any(_same(value, each) for each in allowed):
        yield f"{place} is not one of {_encode(allowed)[:_SHOWN].decode(errors='replace')}"
    if _TYPES["number"](value):
        for keyword, (words, broken) in _BOUNDS.items():
            if _TYPES["number"](bound := schema.get(keyword)) and broken(value, bound):
                yield f"{place} is {words} {bound}"
    for keyword, (words, kind, broken) in _SIZES.items():
        if isinstance(value, kind) and isinstance(bound := schema.get(keyword), int) and broken(len(value), bound):
            yield f"{place} is {words} {bound}"


def _is_of(kind: Any, value: Any) -> bool:
    """Whether the value is of the type; whatever the type is, if nobody knows it."""
    known = _TYPES.get(kind) if isinstance(kind, str) else None
    return known is None or known(value)


def _listed(schema: Item, keyword: str) -> list[Any]:
    found: Any = schema.get(keyword)
    return found if _is_list(found) else []


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _same(value: Any, other: Any) -> bool:
    """JSON's equality: true is no number."""
    return bool(value == other) and isinstance(value, bool) == isinstance(other, bool)
