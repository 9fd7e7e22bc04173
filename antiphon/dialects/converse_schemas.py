"""Which JSON schemas Bedrock can hold a model to.

https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html, and what pydantic-ai found by asking
(providers/bedrock.py, BedrockJsonSchemaTransformer): objects are closed, numbers and arrays without bounds, nothing
recursive, at most 24 optional properties and 16 unions. Read 2026-11.
"""

from __future__ import annotations

from typing import Any, Final, TypeGuard

from antiphon.wire.requests import is_item

_BOUNDS: Final = frozenset(
    {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "maxItems", "patternProperties", "not"}
)
_MOST_UNIONS: Final = 16
_MOST_OPTIONAL: Final = 24
_UNIONS: Final = ("anyOf", "oneOf")
_MANY: Final = ("anyOf", "oneOf", "allOf", "prefixItems")
_NAMED: Final = ("properties", "$defs", "definitions")


def is_enforceable(schema: dict[str, Any]) -> bool:
    """Whether an answer, or a call, can be held to the schema."""
    unions = optional = 0
    waiting: list[Any] = [schema]
    while waiting:
        node = waiting.pop()
        if not is_item(node):
            continue
        if not _BOUNDS.isdisjoint(node) or node.get("$ref") == "#" or _asks_for_several(node):
            return False
        properties: Any = node.get("properties")
        if _is_object(node) and node.get("additionalProperties") is not False:
            return False
        if is_item(properties):
            required: Any = node.get("required")
            optional += len(properties.keys() - set(required if _is_list(required) else ()))
        unions += any(name in node for name in _UNIONS) or _is_list(node.get("type"))
        waiting += _children(node)
    return unions <= _MOST_UNIONS and optional <= _MOST_OPTIONAL and not _is_recursive(schema)


def _children(node: dict[str, Any]) -> list[Any]:
    children: list[Any] = [node.get("items")]
    for name in _MANY:
        branch: Any = node.get(name)
        if _is_list(branch):
            children += branch
    for name in _NAMED:
        named: Any = node.get(name)
        if is_item(named):
            children += named.values()
    return children


def _is_object(node: dict[str, Any]) -> bool:
    return node.get("type") == "object" or "properties" in node


def _asks_for_several(node: dict[str, Any]) -> bool:
    least: Any = node.get("minItems")
    return isinstance(least, int) and least > 1


def _is_recursive(schema: dict[str, Any]) -> bool:
    """Whether a definition leads back to itself."""
    definitions: dict[str, Any] = {}
    for name in ("$defs", "definitions"):
        named: Any = schema.get(name)
        if is_item(named):
            definitions |= {f"#/{name}/{key}": value for key, value in named.items()}
    return any(_leads_back(name, definitions) for name in definitions)


def _leads_back(name: str, definitions: dict[str, Any]) -> bool:
    seen: set[str] = set()
    waiting: list[Any] = [definitions[name]]
    while waiting:
        node = waiting.pop()
        if not is_item(node):
            continue
        target: Any = node.get("$ref")
        if target == name:
            return True
        if isinstance(target, str) and target not in seen:
            seen.add(target)
            waiting.append(definitions.get(target))
        waiting += _children(node)
    return False


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)
