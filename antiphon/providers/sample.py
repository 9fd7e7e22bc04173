"""The least that a JSON Schema allows: what the demo model calls tools with, and answers where a form is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Final

import msgspec

Schema = Mapping[str, object]

_WORD: Final = "demo"
_MAX_DEPTH: Final = 32
_MAX_ITEMS: Final = 64
_MAX_VALUES: Final = 2000
_FORMATS: Final[Mapping[str, str]] = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "duration": "PT1S",
    "email": "demo@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def sample(schema: object) -> object:
    """A value that the schema allows, for the schemas that people give to models; a pattern is not obeyed."""
    return _Sampler(_members(schema)).value(schema, 0)


class _Sampler:
    """Keeps the root, where references lead, and counts: a small schema may stand for a value without end."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._values = 0

    def value(self, schema: object, depth: int) -> object:
        self._values += 1
        if self._values > _MAX_VALUES:
            return None
        members = self._merged(_members(schema), depth)
        for name in ("const", "default"):
            if name in members:
                return members[name]
        choices = _list(members.get("enum"))
        return choices[0] if choices else self._made(members, depth)

    def _made(self, members: Schema, depth: int) -> object:
        match _kind(members):
            case "object":
                return self._object(members, depth)
            case "array":
                return self._array(members, depth)
            case "string":
                return _string(members)
            case "integer" | "number" as kind:
                return _number(members, whole=kind == "integer")
            case "boolean":
                return False
            case "null":
                return None
            case _:
                return _WORD

    def _merged(self, members: Schema, depth: int) -> Schema:
        """The schema with what it refers to, and the first of its alternatives, taken in."""
        for _ in range(_MAX_DEPTH - min(depth, _MAX_DEPTH)):
            reference = members.get("$ref")
            alternatives = _list(members.get("anyOf")) or _list(members.get("oneOf"))
            parts = _list(members.get("allOf"))
            if isinstance(reference, str):
                members = {**_without(members, "$ref"), **self._referred(reference)}
            elif alternatives:
                members = {**_without(members, "anyOf", "oneOf"), **_members(_simplest(alternatives))}
            elif parts:
                members = _joined([_without(members, "allOf"), *map(_members, parts)])
            else:
                break
        return members

    def _referred(self, reference: str) -> Schema:
        found: object = self._root
        for step in reference.removeprefix("#").strip("/").split("/"):
            found = _members(found).get(step.replace("~1", "/").replace("~0", "~")) if step else found
        return _members(found)

    def _object(self, members: Schema, depth: int) -> dict[str, object]:
        if depth >= _MAX_DEPTH:
            return {}
        properties = _members(members.get("properties"))
        required = [name for name in _list(members.get("required")) if isinstance(name, str)]
        return {name: self.value(properties.get(name), depth + 1) for name in required}

    def _array(self, members: Schema, depth: int) -> list[object]:
        length = members.get("minItems")
        fixed = _list(members.get("prefixItems"))
        if not isinstance(length, int) or depth >= _MAX_DEPTH:
            return []
        each = [*fixed, *[members.get("items")] * _MAX_ITEMS]
        return [self.value(item, depth + 1) for item in each[: min(length, _MAX_ITEMS)]]


def _kind(members: Schema) -> object:
    kind = members.get("type")
    if kinds := _list(kind):
        return next((each for each in kinds if each != "null"), "null")
    if kind is None and ("properties" in members or "required" in members):
        return "object"
    return "array" if kind is None and "items" in members else kind


def _simplest(alternatives: list[object]) -> object:
    """The first that is not null: an answer should say something."""
    return next((each for each in alternatives if _members(each).get("type") != "null"), alternatives[0])


def _joined(parts: list[Schema]) -> Schema:
    joined: dict[str, object] = {}
    for part in parts:
        properties = {**_members(joined.get("properties")), **_members(part.get("properties"))}
        required = [*_list(joined.get("required")), *_list(part.get("required"))]
        joined |= part
        joined |= {"properties": properties} if properties else {}
        joined |= {"required": list(dict.fromkeys(map(str, required)))} if required else {}
    return joined


def _string(members: Schema) -> str:
    form = members.get("format")
    word = _FORMATS.get(form, _WORD) if isinstance(form, str) else _WORD
    shortest, longest = members.get("minLength"), members.get("maxLength")
    if isinstance(shortest, int) and len(word) < shortest:
        word = word.ljust(min(shortest, 10_000), ".")
    return word[:longest] if isinstance(longest, int) else word


def _number(members: Schema, *, whole: bool) -> float:
    """Nought if it is allowed, else what lies nearest to a bound."""
    low, high = _bound(members, "minimum"), _bound(members, "maximum")
    above, below = _bound(members, "exclusiveMinimum"), _bound(members, "exclusiveMaximum")
    step = _bound(members, "multipleOf") or (1.0 if whole else 0.0)
    value = 0.0
    if low is not None and value < low:
        value = low
    elif above is not None and value <= above:
        value = above + (step or 1.0)
        if below is not None and value >= below:
            value = (above + below) / 2
    elif high is not None and value > high:
        value = high
    elif below is not None and value >= below:
        value = below - (step or 1.0)
    if step:
        value = ceil(value / step) * step if value > 0 else -ceil(-value / step) * step
    return int(value) if whole or value == int(value) else value


def _bound(members: Schema, name: str) -> float | None:
    value = members.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _without(members: Schema, *names: str) -> Schema:
    return {name: value for name, value in members.items() if name not in names}


def _members(value: object) -> Schema:
    try:
        return msgspec.convert(value, dict[str, object])
    except msgspec.ValidationError:
        return {}


def _list(value: object) -> list[object]:
    try:
        return msgspec.convert(value, list[object])
    except msgspec.ValidationError:
        return []
