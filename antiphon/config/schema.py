"""The JSON Schema of `antiphon.yaml`, for editors (https://json-schema.org/draft/2020-12/schema)."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from antiphon.quirks import Quirks
from antiphon.settings import Settings

_REFERENCE: Final = {
    "title": "Reference",
    "description": "${NAME}, ${NAME:-default} or file:path, in place of a value.",
    "type": "string",
    "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}|^file:.",
}


def schema() -> dict[str, object]:
    """What a file may hold. References are allowed wherever a single value is."""
    _, definitions = msgspec.json.schema_components((Settings, Quirks), ref_template="#/$defs/{name}")
    for definition in definitions.values():
        definition["properties"] = {
            name: _referable(each) for name, each in dict[str, Any](definition["properties"]).items()
        }
        definition["type"] = ["object", "null"]
        definition["additionalProperties"] = False
    quirks = definitions["ProviderSettings"]["properties"]["quirks"]
    definitions["ProviderSettings"]["properties"]["quirks"] = {
        "description": quirks["description"],
        "$ref": "#/$defs/Quirks",
    }
    top = definitions.pop("Settings")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **top,
        "title": "antiphon.yaml",
        "type": "object",
        "$defs": definitions | {"Reference": _REFERENCE},
    }


def _referable(described: dict[str, Any]) -> dict[str, Any]:
    """The schema of a value that may also be said by a reference; of a section only what it holds may."""
    if "$ref" in described or "additionalProperties" in described:
        return _deeply(described)
    kept = {name: described[name] for name in ("description", "default") if name in described}
    value = {name: said for name, said in described.items() if name not in kept}
    choices: list[dict[str, Any]] = value.get("anyOf", [value])
    return kept | {"anyOf": [*map(_deeply, choices), {"$ref": "#/$defs/Reference"}]}


def _deeply(value: dict[str, Any]) -> dict[str, Any]:
    """The schema of a list or a mapping with what it holds referable; any other as it is."""
    return value | {name: _referable(value[name]) for name in ("items", "additionalProperties") if name in value}
