"""JSON schemas in the subset of OpenAPI 3.0 that older versions of Google's API take in `parameters`.

https://ai.google.dev/api/caching#Schema (read 2026-11). References are put in where they stand, as far as they do not
lead back to themselves; keywords that mean nothing there are left out, since they would be errors.
"""

from __future__ import annotations

from typing import Any, Final

from antiphon.wire.requests import Item, is_array, is_item

_KEPT: Final = frozenset(
    {"title", "description", "format", "nullable", "enum", "maxItems", "minItems", "required", "minProperties"}
    | {"maxProperties", "minLength", "maxLength", "pattern", "example", "default", "minimum", "maximum"}
)
_FORMATS: Final = frozenset({"float", "double", "int32", "int64", "enum", "date-time"})
_DEEPEST: Final = 24
_MOST: Final = 4096
"""Deeper than this, and larger, no schema is written out: it takes anything there."""

_ANYTHING: Final[Item] = {"type": "OBJECT"}


def plain_schema(schema: Item) -> Item:
    """The schema without what the subset lacks."""
    return _Reading(schema).read(schema, 0)


class _Reading:
    __slots__ = ("_left", "_root", "_within")

    def __init__(self, root: Item) -> None:
        self._root = root
        self._left = _MOST
        self._within: list[str] = []

    def read(self, schema: Item, depth: int) -> Item:
        self._left -= 1
        if depth > _DEEPEST or self._left < 0:
            return _ANYTHING
        reference: Any = schema.get("$ref")
        if isinstance(reference, str):
            return self._referred(reference, schema, depth)
        plain: Item = {name: value for name, value in schema.items() if name in _KEPT and value is not None}
        if plain.get("format") not in (None, *_FORMATS):
            del plain["format"]
        for name in ("enum", "required"):
            if not is_array(plain.get(name)):
                plain.pop(name, None)
        if "const" in schema:
            plain["enum"] = [schema["const"]]
        if "enum" in plain:
            plain["enum"] = [str(value) for value in plain["enum"]]
        self._type(schema, plain)
        self._inside(schema, plain, depth)
        return plain

    def _referred(self, reference: str, schema: Item, depth: int) -> Item:
        if reference in self._within:
            return _ANYTHING
        beside = {name: value for name, value in schema.items() if name != "$ref"}
        self._within.append(reference)
        plain = self.read(self._found(reference) | beside, depth + 1)
        self._within.pop()
        return plain

    def _found(self, reference: str) -> Item:
        value: Any = self._root
        for step in reference.removeprefix("#").strip("/").split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            value = value.get(name) if is_item(value) and name else value
        return value if is_item(value) else _ANYTHING

    def _type(self, schema: Item, plain: Item) -> None:
        """One type, in capitals; a union with null is a type that may be null, other unions become `anyOf`."""
        kinds: Any = schema.get("type")
        named = [kind for kind in kinds if isinstance(kind, str)] if is_array(kinds) else [kinds]
        real = [kind for kind in named if isinstance(kind, str) and kind != "null"]
        if len(real) < len(named) and real:
            plain["nullable"] = True
        if "enum" in plain:
            plain["type"] = "STRING"
        elif len(real) == 1:
            plain["type"] = real[0].upper()
        elif real:
            plain["anyOf"] = [{"type": kind.upper()} for kind in real]
        elif "properties" in schema:
            plain["type"] = "OBJECT"

    def _inside(self, schema: Item, plain: Item, depth: int) -> None:
        properties: Any = schema.get("properties")
        if is_item(properties):
            inner = {name: self.read(value, depth + 1) for name, value in properties.items() if is_item(value)}
            plain["properties"] = inner
            if "required" in plain:
                plain["required"] = [name for name in plain["required"] if isinstance(name, str) and name in inner]
        items: Any = schema.get("items")
        if is_item(items):
            plain["items"] = self.read(items, depth + 1)
        elif plain.get("type") == "ARRAY":
            plain["items"] = {"type": "STRING"}
        for name in ("anyOf", "oneOf", "allOf"):
            options: Any = schema.get(name)
            if is_array(options):
                self._options([option for option in options if is_item(option)], plain, depth, joined=name == "allOf")

    def _options(self, options: list[Item], plain: Item, depth: int, *, joined: bool) -> None:
        real = [self.read(option, depth + 1) for option in options if option.get("type") != "null"]
        if len(real) < len(options):
            plain["nullable"] = True
        if joined or len(real) == 1:
            for option in real:
                plain.update({name: value for name, value in option.items() if name not in plain})
        elif real:
            plain["anyOf"] = real
