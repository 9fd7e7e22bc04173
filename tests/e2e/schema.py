"""As much of JSON Schema (2020-12) as the schemas under `seeds` use. A keyword it does not know is an error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

Schema = Mapping[str, Any]

TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def faults(value: Any, schema: Schema, path: str = "$") -> Iterator[str]:
    """What is wrong with a decoded JSON value, one sentence each."""
    for keyword, wanted in schema.items():
        match keyword:
            case "title" | "properties" | "items":
                pass
            case "type":
                if not _is_a(value, [wanted] if isinstance(wanted, str) else wanted):
                    yield f"{path} is {value!r}, not {wanted}"
            case "const" | "enum":
                if value not in ([wanted] if keyword == "const" else wanted):
                    yield f"{path} is {value!r}, not among {wanted}"
            case "required":
                yield from (f"{path} lacks {name}" for name in wanted if isinstance(value, dict) and name not in value)
            case "anyOf":
                if all(any(faults(value, choice)) for choice in wanted):
                    yield f"{path} is {value!r}, which no choice allows"
            case _:
                raise ValueError(keyword)
    yield from _inner_faults(value, schema, path)


def _inner_faults(value: Any, schema: Schema, path: str) -> Iterator[str]:
    if _is_object(value):
        for name, inner in schema.get("properties", {}).items():
            if name in value:
                yield from faults(value[name], inner, f"{path}.{name}")
    elif _is_array(value) and "items" in schema:
        for place, each in enumerate(value):
            yield from faults(each, schema["items"], f"{path}[{place}]")


def _is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_array(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _is_a(value: Any, names: list[str]) -> bool:
    if isinstance(value, bool):
        return "boolean" in names
    return any(isinstance(value, TYPES[name]) for name in names)
