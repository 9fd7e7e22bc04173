"""JSON schemas as Anthropic's models can be held to them: what they cannot be held to becomes words of description.

https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations (read 2026-11), and
what Anthropic's own SDKs do.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from antiphon.dialects.chat_shapes import objects
from antiphon.wire.requests import Item, is_array, is_item

_MAPS: Final = ("properties", "$defs", "definitions")
_LISTS: Final = {"anyOf": "anyOf", "oneOf": "anyOf", "allOf": "allOf"}
_KEPT: Final = frozenset({"type", "title", "description", "enum", "const", "$ref", "required", "default"})
_FORMATS: Final = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}
)
_COMBINED: Final = ("anyOf", "oneOf", "allOf")

_encode: Final = msgspec.json.Encoder().encode


class Fitting:
    """Fits schemas; `softened` are the keywords that the model only reads."""

    def __init__(self) -> None:
        """Nothing is softened yet."""
        self.softened: dict[str, None] = {}

    def __call__(self, schema: Any) -> Any:
        """The schema within the limits."""
        if not is_item(schema):
            return schema
        fitted: Item = {}
        soft: Item = {}
        for name, value in schema.items():
            self._member(name, value, fitted, soft)
        if schema.get("type") == "object" or "properties" in schema:
            fitted["additionalProperties"] = False
        if soft:
            self.softened |= dict.fromkeys(soft)
            rules = ", ".join(f"{name}: {_encode(value).decode()}" for name, value in soft.items())
            said = fitted.get("description")
            fitted["description"] = f"{said} ({rules})" if isinstance(said, str) and said else rules
        return fitted

    def _member(self, name: str, value: Any, fitted: Item, soft: Item) -> None:
        if name in _MAPS and is_item(value):
            fitted[name] = {key: self(part) for key, part in value.items()}
        elif name in _LISTS and is_array(value):
            fitted[_LISTS[name]] = [self(part) for part in value]
        elif name == "items":
            fitted[name] = self(value)
        elif name in _KEPT or (name == "format" and value in _FORMATS) or (name == "minItems" and value in (0, 1)):
            fitted[name] = value
        elif name == "additionalProperties":
            if value not in (False, None):
                self.softened[name] = None
        elif not name.startswith("$"):
            soft[name] = value


def for_tool(schema: Item) -> Item:
    """The schema of a tool that is not strict: any, but an object on the outside and no choice between several."""
    if schema.get("type") == "object" and not any(name in schema for name in _COMBINED):
        return schema
    bare = {name: value for name, value in schema.items() if name not in _COMBINED}
    if any(name in schema for name in _COMBINED):
        properties: Item = dict(bare.get("properties") or {})
        for name in _COMBINED:
            for variant in objects(schema.get(name)):
                properties = {**(variant.get("properties") or {}), **properties}
        choice = {name: schema[name] for name in _COMBINED if name in schema}
        said = bare.get("description")
        rule = f"Must match: {_encode(choice).decode()}"
        bare |= {"properties": properties, "description": f"{said}\n\n{rule}" if said else rule}
    return bare | {"type": "object"}
